"""Batch scoring: a Parquet folder of open leads in, a Parquet object of scores out."""

import logging
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from include.contract import Contract, KnownAt
from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import ObjectMissing
from include.serving.scorer import Scorer, load_champion

log = logging.getLogger(__name__)


def score_batch(
    open_uri: str,
    scores_uri: str,
    run_id: str | None = None,
    scored_at: datetime | None = None,
    stage: KnownAt = KnownAt.CONTACT,
) -> dict[str, Any]:
    """Scores every lead under `open_uri` with the stage's champion.

    Args:
        open_uri: Parquet folder of leads; a folder without objects means that no lead is open.
        scores_uri: folder to write `scores.parquet` to, in the column order of the scores table (COPY is positional).
        run_id: written in each row; None takes the name of the folder `scores_uri`, which Layout.scores names so.
        scored_at: written in each row, naive or in UTC; None takes the present.
        stage: whose champion scores.

    Returns:
        rows, model_version and the URI written.

    Raises:
        NoChampion: nothing has been promoted yet.
        ChampionUnusable: the champion cannot be loaded.
        TrackingUnavailable: MLflow does not answer.
    """
    scorer = load_champion(stage)
    leads = _read_open_leads(open_uri)
    run_id = run_id or scores_uri.rstrip("/").rsplit("/", 1)[-1]
    scores = scores_table(scorer, leads, run_id, scored_at or datetime.now(UTC))
    uri = f"{scores_uri.rstrip('/')}/scores.parquet"
    write_parquet(scores, uri, schema=scores_schema(scorer.contract))
    log.info(
        "Scored %d open leads with %s version %s into %s",
        len(scores),
        scorer.champion.model,
        scorer.champion.version,
        uri,
    )
    return {"rows": len(scores), "model_version": scorer.champion.version, "scores_uri": uri}


def scores_table(scorer: Scorer, leads: pd.DataFrame, run_id: str, scored_at: datetime) -> pd.DataFrame:
    """One row per lead with the columns of the scores table, in its order."""
    moment = scored_at.astimezone(UTC).replace(tzinfo=None) if scored_at.tzinfo else scored_at
    scores = scorer.score(leads).assign(
        stage=str(scorer.stage), model_version=scorer.champion.version, run_id=run_id, scored_at=pd.Timestamp(moment)
    )
    ordered: pd.DataFrame = scores[scores_schema(scorer.contract).names]
    return ordered


def scores_schema(contract: Contract) -> pa.Schema:
    """Columns and types of the scores table as Redshift's COPY reads them from Parquet."""
    return pa.schema(
        [
            (contract.key, pa.string()),
            ("score", pa.int32()),
            ("probability", pa.float64()),
            ("prediction", pa.int32()),
            ("tier", pa.string()),
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
