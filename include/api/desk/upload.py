"""Score a CSV that was uploaded to the desk, with all its rows and scores in memory to rank them."""

from dataclasses import dataclass
from typing import IO

from include.api.bodies.csv_body import CsvTable, open_csv
from include.api.score_request import REASONS
from include.api.uploads import UploadLimits, scored_chunks
from include.scoring.leads.names import IgnoredNames
from include.scoring.outcomes import OutcomeScorer
from include.scoring.scores import Scores
from include.settings import Settings


@dataclass(frozen=True)
class ScoredUpload:
    """Hold a scored file.

    Attributes:
        header: its headings.
        rows: its leads, in the file's order.
        scores: of the same leads.
        blank_rows: rows of nothing that are left out.
        ignored: headings that mean no column.
    """

    header: list[str]
    rows: list[list[str]]
    scores: Scores
    blank_rows: int
    ignored: IgnoredNames


def score_upload(
    uploaded: IO[bytes], scorer: OutcomeScorer, settings: Settings
) -> ScoredUpload:
    """Return a scored file; it raises what `scored_chunks` and `CsvTable` raise."""
    text = open_csv(uploaded, scorer.main.reader.names)
    table = CsvTable(text, scorer.main.reader.names, settings.api.max_columns)
    limits = UploadLimits(
        settings.desk.max_upload_leads, settings.api.upload_seconds
    )
    ignored = IgnoredNames()
    rows: list[list[str]] = []
    scores: Scores = {}
    for chunk, chunk_scores in scored_chunks(
        table, scorer, REASONS, limits, ignored
    ):
        rows.extend(list(row) for row in chunk)
        for name, values in chunk_scores.items():
            scores.setdefault(name, []).extend(values)
    return ScoredUpload(table.header, rows, scores, table.blank_rows, ignored)
