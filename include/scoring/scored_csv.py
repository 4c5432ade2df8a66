"""Scored leads as CSV that is harmless to open in a spreadsheet: their own columns, then those of the score."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from include.contract import Contract
from include.contract.derived.shown import (
    EXPECTED_VALUE,
    further_column,
    further_outcomes,
)
from include.scoring.score_row import FIELDS, Reason
from include.scoring.scores import Scores

FORMULA = frozenset("=+-@\t\r\n|%＝＋－＠")
"""A cell that begins so may be run by a spreadsheet; the last four are full-width and read like the first."""
REASONS = "reasons"
REASONS_OF_FURTHER = further_column("", REASONS)
"""How the reasons' column of a further outcome ends."""
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

Rows = Sequence[Sequence[str]]


def write_scored(
    contract: Contract,
    text: TextIO,
    header: Sequence[str],
    scored: Iterable[tuple[Rows, Scores]],
    reasons: int,
) -> None:
    """Write a header and the rows with their scores; columns that hold scores of an earlier time are replaced.

    Args:
        contract: what a lead is.
        text: to write to, opened with `newline=""`.
        header: of the rows.
        scored: rows and the scores of the same leads in the same order, chunk by chunk.
        reasons: 0 leaves their column out.
    """
    names = added_columns(contract, reasons)
    own_places = [
        place for place, name in enumerate(header) if name not in names.values()
    ]
    # Texts in quotes: where a spreadsheet separates cells by semicolons, one inside a text would begin a cell.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    own_names = [harmless(header[place]) for place in own_places]
    writer.writerow([*own_names, *names.values()])
    for rows, scores in scored:
        added_cells = _cells(scores, list(names))
        for row, added in zip(rows, added_cells, strict=True):
            own_cells = [harmless(row[place]) for place in own_places]
            writer.writerow([*own_cells, *added])


def added_columns(contract: Contract, reasons: int) -> dict[str, str]:
    """Return the columns of a score to their names in the file; one that the contract has itself gets a prefix.

    Each further outcome has the same columns behind its name, and the expected value is the last one.
    """
    headers = {column.name for column in contract.columns}
    own_names = headers.union(contract.fields)
    of_score = [field for field in FIELDS if field != REASONS or reasons]
    fields = list(of_score)
    for outcome in further_outcomes(contract):
        fields += [further_column(outcome, field) for field in of_score]
    if contract.value is not None:
        fields.append(EXPECTED_VALUE)
    names: dict[str, str] = {}
    for field in fields:
        names[field] = f"scored_{field}" if field in own_names else field
    return names


def _cells(scores: Scores, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of each lead's score, its reasons as one text."""
    texts: Scores = {}
    for name in columns:
        texts[name] = scores[name]
        if name == REASONS or name.endswith(REASONS_OF_FURTHER):
            texts[name] = [_sentences(reasons) for reasons in scores[name]]
    return zip(*texts.values(), strict=True)


def _sentences(reasons: list[Reason] | None) -> str:
    texts = [reason["text"] for reason in reasons or []]
    return harmless("; ".join(texts))


def harmless(cell: str) -> str:
    """Return the cell with an apostrophe before it if a spreadsheet might run it; numbers stay numbers."""
    begin = cell.lstrip(" ")[:1]
    if begin not in FORMULA or NUMBER.fullmatch(cell.strip()):
        return cell
    return f"'{cell}"
