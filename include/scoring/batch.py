"""Batch scoring: a Parquet folder of open leads in, a Parquet object of scores out."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from include.contract import Contract
from include.lake.errors import ObjectMissingError
from include.lake.frames import parquet_chunks, write_parquet_chunks
from include.lake.objects import delete_objects, list_objects
from include.scoring.reasons import as_json
from include.scoring.score_row import scores_schema
from include.scoring.stages import StagedScorer, load_champions
from include.settings import Settings

log = logging.getLogger(__name__)

REASONS = 3
"""For each direction."""
CHUNK = 10_000
"""Leads that are in memory at the same time."""


def score_batch(
    settings: Settings,
    contract: Contract,
    open_uri: str,
    scores_uri: str,
    run_id: str | None = None,
    scored_at: datetime | None = None,
) -> dict[str, Any]:
    """Score every lead under `open_uri` with the champion of its stage, in memory that does not grow with the leads.

    Args:
        settings: where MLflow and the lake are.
        contract: what a lead is.
        open_uri: Parquet folder of leads; a folder without objects means that no lead is open.
        scores_uri: folder to write `scores.parquet` to, in the column order of the scores table (COPY is positional);
            whatever else lies there is deleted, since COPY would load it too.
        run_id: written in each row; None takes the name of the folder `scores_uri`, which Layout.scores names so.
        scored_at: written in each row, naive or in UTC; None takes the present.

    Returns:
        rows, how many of them each stage's champion scored, the champions' versions by stage and the URI written.

    Raises:
        NoChampionError: nothing has been promoted yet.
        ChampionUnusableError: a champion cannot be loaded.
        TrackingUnavailableError: MLflow does not answer.
    """
    scorer = load_champions(settings, contract)
    folder = f"{scores_uri.rstrip('/')}/"
    if run_id is None:
        _, _, run_id = folder.rstrip("/").rpartition("/")
    if scored_at is None:
        scored_at = datetime.now(UTC)
    by_stage: Counter[str] = Counter(
        {str(stage): 0 for stage in scorer.scorers}
    )

    def scored() -> Iterator[pd.DataFrame]:
        for leads in _open_leads(open_uri):
            scores = scores_table(scorer, leads, run_id, scored_at)
            by_stage.update(scores["stage"])
            yield scores

    delete_objects(list_objects(folder))
    uri = f"{folder}scores.parquet"
    rows = write_parquet_chunks(scored(), uri, scores_schema(contract))
    log.info(
        "Scored %d open leads %s with versions %s into %s",
        rows,
        dict(by_stage),
        scorer.versions,
        uri,
    )
    return {
        "rows": rows,
        "rows_by_stage": dict(by_stage),
        "model_versions": scorer.versions,
        "scores_uri": uri,
    }


def write_no_scores(contract: Contract, scores_uri: str) -> None:
    """Write a file of scores without rows into a folder, in place of what lies there: COPY fails without a file.

    Args:
        contract: names the lead's key.
        scores_uri: the folder.
    """
    folder = f"{scores_uri.rstrip('/')}/"
    delete_objects(list_objects(folder))
    uri = f"{folder}scores.parquet"
    write_parquet_chunks(iter(()), uri, scores_schema(contract))


def scores_table(
    scorer: StagedScorer, leads: pd.DataFrame, run_id: str, scored_at: datetime
) -> pd.DataFrame:
    """Return one row per lead with the columns of the scores table, in its order."""
    if scored_at.tzinfo:
        scored_at = scored_at.astimezone(UTC).replace(tzinfo=None)
    scores = scorer.score(leads, REASONS)
    stored = scores.assign(
        reasons=scores["reasons"].map(as_json),
        run_id=run_id,
        scored_at=pd.Timestamp(scored_at),
    )
    names = scores_schema(scorer.contract).names
    ordered: pd.DataFrame = stored[names]
    return ordered


def _open_leads(open_uri: str) -> Iterator[pd.DataFrame]:
    """Yield the leads below a folder, in chunks."""
    try:
        yield from parquet_chunks(open_uri, CHUNK)
    except ObjectMissingError:  # UNLOAD of an empty result writes no object
        return
