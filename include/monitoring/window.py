"""Which leads a drift analysis looks at: those that arrived since the champion, and since the last settled analysis."""

from datetime import UTC, datetime

from include.contract import load_contract
from include.registry.registry import champion
from include.settings import settings
from include.warehouse.client import Warehouse


def window_start(series: str, run_id: str, run_after: str) -> str:
    """Moment after which a lead counts as current, ISO 8601 in UTC.

    The window of one analysis does not overlap with that of the one before, because leads from quiet weeks would
    dilute a drift. Leads that were found to have drifted stay in it until a new champion has learnt them.

    Args:
        series: prefix of the run ids whose analyses follow one another (those of one DAG).
        run_id: this run, whose own earlier figures do not count when it is repeated.
        run_after: this run's moment; the answer where there is no champion, so that the window is empty.

    Raises:
        TrackingUnavailable: MLflow does not answer.
        WarehouseError: the warehouse does not answer, or bootstrap_platform has not run.
    """
    serving = champion(load_contract(settings().contract).model_name())
    if serving is None:
        return run_after
    return max(_utc(serving.created_at), _last_settled(series, run_id)).isoformat()


def _last_settled(series: str, run_id: str) -> datetime:
    current = settings()
    table = f"{current.redshift_schema}.{load_contract(current.contract).names.drift_table}"
    rows = Warehouse(current).query(
        # Names come from validated settings and contract; values travel as parameters.
        f"SELECT CAST(MAX(checked_at) AS VARCHAR) AS moment FROM {table} "  # noqa: S608
        "WHERE verdict <> 'drift' AND STRPOS(run_id, :series) = 1 AND run_id <> :run_id",
        series=series,
        run_id=run_id,
    )
    moment = rows[0]["moment"] if rows else None
    return _utc(datetime.fromisoformat(moment)) if moment else datetime.min.replace(tzinfo=UTC)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
