"""Confirm a drift: k of the newest n analyses must have found one before anything is retrained."""

from collections.abc import Sequence
from datetime import datetime

from include.decisions import Decisions
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements


def is_confirmed(verdicts: Sequence[str], k: int, n: int) -> bool:
    """Return whether the newest analysis found drift, and at least `k` of the newest `n` did.

    Args:
        verdicts: of analyses of one champion, newest first.
        k: how many of them must be "drift".
        n: how many of them count.
    """
    newest = list(verdicts[:n])
    if not newest or newest[0] != "drift":
        return False
    return newest.count("drift") >= k


def in_words(verdicts: Sequence[str], k: int, n: int) -> str:
    """Return the count behind `is_confirmed` in words, for an alert."""
    newest = list(verdicts[:n])
    drifted = newest.count("drift")
    return f"{drifted} of the newest {len(newest)} analyses drifted, {k} of {n} needed"


def earlier_verdicts(
    decisions: Decisions,
    statements: Statements,
    warehouse: Warehouse,
    series: str,
    run_id: str,
    champion_version: str,
    before: datetime,
) -> list[str]:
    """Return the verdicts of the analyses that count besides this one, newest first; none where only this one counts.

    Args:
        decisions: how many analyses count.
        statements: renders the SQL files.
        warehouse: has the table of drift metrics.
        series: prefix of the run ids whose analyses follow one another.
        run_id: this run, which may be a repeated one.
        champion_version: analyses of another champion say nothing about this one.
        before: this run's moment.

    Raises:
        WarehouseError: the warehouse does not answer, or bootstrap_platform has not run.
    """
    count = decisions.drift_debounce_n - 1
    if count == 0:
        return []
    sql = statements.render(
        "earlier_verdicts",
        series=series,
        run_id=run_id,
        champion_version=champion_version,
        before=before,
        count=count,
    )
    return [str(row["verdict"]) for row in warehouse.query(sql)]
