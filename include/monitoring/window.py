"""Plan which leads a drift analysis looks at, and how many of them the weeks before lead one to expect."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from include.contract import Contract, decisions_of
from include.registry.ledger import ChampionLedger
from include.registry.registry import champion
from include.registry.tracking import connect
from include.settings import Settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

PERIODS_BACK = 4
LEAST_PERIODS = 3
"""So few stretches of history are enough to say how many leads a window should hold: one odd week in three."""


def plan_window(
    settings: Settings,
    contract: Contract,
    statements: Statements,
    warehouse: Warehouse,
    series: str,
    run_id: str,
    run_after: str,
) -> dict[str, Any]:
    """Return the moments between which leads count as current or as matured, and how many current ones to expect.

    The window of one analysis does not overlap with that of the one before, because leads from quiet weeks would
    dilute a drift. Leads whose drift started a retrain stay in it until a new champion has learnt them.

    Args:
        settings: where MLflow answers, and after how many days an outcome is final.
        contract: names the model.
        statements: renders the SQL files.
        warehouse: has the tables of leads and of drift metrics.
        series: prefix of the run ids whose analyses follow one another (those of one DAG).
        run_id: this run, whose own earlier figures do not count when it is repeated.
        run_after: this run's moment, ISO 8601, with which every window ends, so that a repeated run looks at the
            same leads.

    Returns:
        since, until: the window; both are `run_after` where there is no champion, so that it is empty.
        champion_since, matured_until: arrivals whose outcome, if they have one, is final and new to the champion.
        expected_rows: what `expected_rows` says, None without enough history.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
        WarehouseError: the warehouse does not answer, or bootstrap_platform has not run.
    """
    until = _utc(datetime.fromisoformat(run_after))
    serving = champion(
        connect(settings.mlflow),
        contract.model_name(),
        ChampionLedger.of(settings, contract),
    )
    if serving:
        trained = _utc(serving.created_at)
        since = max(
            trained, _last_settled(statements, warehouse, series, run_id, until)
        )
    else:
        trained = until
        since = until
    maturity = timedelta(
        days=decisions_of(settings, contract).label_maturity_days
    )
    arrivals = _arrivals(statements, warehouse, since, until)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "champion_since": trained.isoformat(),
        "matured_until": (until - maturity).isoformat(),
        "expected_rows": expected_rows(arrivals),
    }


def earlier_periods(
    since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the same hours of the same weekdays in the weeks before, newest first; none overlaps the window."""
    weeks = math.ceil((until - since) / timedelta(weeks=1))
    step = timedelta(weeks=max(1, weeks))
    periods = []
    for number in range(1, PERIODS_BACK + 1):
        shift = number * step
        periods.append((since - shift, until - shift))
    return periods


def expected_rows(counts: Iterable[int | None]) -> float | None:
    """Return how many leads a window should hold: the median of earlier periods, None where fewer than three count."""
    complete = [count for count in counts if count is not None]
    if len(complete) < LEAST_PERIODS:
        return None
    return float(median(complete))


def _arrivals(
    statements: Statements,
    warehouse: Warehouse,
    since: datetime,
    until: datetime,
) -> list[int | None]:
    """Return the arrivals of the earlier periods, None for one that begins before the first lead of all."""
    if since >= until:
        return []
    sql = statements.render(
        "count_arrivals", periods=earlier_periods(since, until)
    )
    (counts,) = warehouse.query(sql)
    return [None if count is None else int(count) for count in counts.values()]


def _last_settled(
    statements: Statements,
    warehouse: Warehouse,
    series: str,
    run_id: str,
    before: datetime,
) -> datetime:
    """Return when an earlier analysis was last done with its leads; long ago where none was."""
    sql = statements.render(
        "last_settled",
        series=series,
        run_id=run_id,
        before=before,
    )
    rows = warehouse.query(sql)
    moment = rows[0]["moment"] if rows else None
    if not moment:
        return datetime.min.replace(tzinfo=UTC)
    return _utc(datetime.fromisoformat(moment))


def _utc(moment: datetime) -> datetime:
    """Return the moment in UTC; one without zone is taken as UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
