"""Batch scoring: a Parquet folder of open leads in, a Parquet object of scores out."""

import logging
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from include.contract import Contract
from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import ObjectMissing
from include.serving.reasons import as_json
from include.serving.stages import StagedScorer, load_champions

log = logging.getLogger(__name__)

REASONS = 3
"""For each direction."""
CHUNK = 10_000
"""Leads that are a matrix at the same time."""


def score_batch(
    open_uri: str,
    scores_uri: str,
    run_id: str | None = None,
    scored_at: datetime | None = None,
) -> dict[str, Any]:
    """Scores every lead under `open_uri` with the champion of its stage.

    Args:
        open_uri: Parquet folder of leads; a folder without objects means that no lead is open.
        scores_uri: folder to write `scores.parquet` to, in the column order of the scores table (COPY is positional).
        run_id: written in each row; None takes the name of the folder `scores_uri`, which Layout.scores names so.
        scored_at: written in each row, naive or in UTC; None takes the present.

    Returns:
        rows, how many of them each stage's champion scored, the champions' versions by stage and the URI written.

    Raises:
        NoChampion: nothing has been promoted yet.
        ChampionUnusable: a champion cannot be loaded.
        TrackingUnavailable: MLflow does not answer.
    """
    scorer = load_champions()
    leads = _read_open_leads(open_uri)
    run_id = run_id or scores_uri.rstrip("/").rsplit("/", 1)[-1]
    scores = scores_table(scorer, leads, run_id, scored_at or datetime.now(UTC))
    uri = f"{scores_uri.rstrip('/')}/scores.parquet"
    write_parquet(scores, uri, schema=scores_schema(scorer.contract))
    by_stage = {str(stage): int((scores["stage"] == stage).sum()) for stage in scorer.scorers}
    versions = {str(stage): one.champion.version for stage, one in scorer.scorers.items()}
    log.info("Scored %d open leads %s with versions %s into %s", len(scores), by_stage, versions, uri)
    return {"rows": len(scores), "rows_by_stage": by_stage, "model_versions": versions, "scores_uri": uri}


def scores_table(scorer: StagedScorer, leads: pd.DataFrame, run_id: str, scored_at: datetime) -> pd.DataFrame:
    """One row per lead with the columns of the scores table, in its order."""
    moment = scored_at.astimezone(UTC).replace(tzinfo=None) if scored_at.tzinfo else scored_at
    starts = range(0, max(len(leads), 1), CHUNK)
    scores = pd.concat([_scored(scorer, leads.iloc[start : start + CHUNK]) for start in starts], ignore_index=True)
    scores = scores.assign(run_id=run_id, scored_at=pd.Timestamp(moment))
    ordered: pd.DataFrame = scores[scores_schema(scorer.contract).names]
    return ordered


def _scored(scorer: StagedScorer, leads: pd.DataFrame) -> pd.DataFrame:
    scores = scorer.score(leads, REASONS)
    return scores.assign(reasons=scores["reasons"].map(as_json))


def scores_schema(contract: Contract) -> pa.Schema:
    """Columns and types of the scores table as Redshift's COPY reads them from Parquet."""
    return pa.schema(
        [
            (contract.key, pa.string()),
            ("score", pa.int32()),
            ("probability", pa.float64()),
            ("prediction", pa.int32()),
            ("tier", pa.string()),
            ("reasons", pa.string()),
            ("stage", pa.string()),
            ("model_version", pa.string()),
            ("run_id", pa.string()),
            ("scored_at", pa.timestamp("us")),
        ]
    )


def _read_open_leads(open_uri: str) -> pd.DataFrame:
    try:
        return read_parquet(open_uri)
    except ObjectMissing:  # UNLOAD of an empty result writes no object
        return pd.DataFrame()
