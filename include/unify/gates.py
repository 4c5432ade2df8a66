"""Say which sources of a load are missing, late or refused, and why: they are named, and the others go on.

missing   there is no row of it
late      its rows or its files are older than the contract allows; what is there counts
refused   its gate fails: it is left out as if it were missing, since a wrong feature is worse than none
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from include.lake.quality import load_problems
from include.unify.plan import LEADS, SourcePlan

MISSING = "missing"
LATE = "late"
REFUSED = "refused"
FEWEST_MATCHED_ROWS = 20
"""With fewer rows the share of those that belong to nobody says nothing."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class SourceProblem:
    """What is wrong with a source of a load.

    Attributes:
        source: its name in the contract.
        problem: `missing`, `late` or `refused`.
        reason: as a person reads it.
    """

    source: str
    problem: str
    reason: str


def refused_rows(
    source: SourcePlan, counts: Mapping[str, Any], allowed_share: float
) -> SourceProblem | None:
    """Return what speaks against the files of a source, None where they pass its gate.

    Those of the leads' source are judged as the files of a contract without sources are; here their number alone.

    Args:
        source: as the contract compiles it.
        counts: of its files, as `include.glue.loading.metrics` sums them up.
        allowed_share: of quarantined rows, where the source names none.
    """
    gate = source.gate
    reasons = []
    if source.role != LEADS:
        share = gate.max_quarantined_share
        reasons += load_problems(
            counts, allowed_share if share is None else share
        )
    if 0 < counts["loaded_rows"] < gate.min_rows:
        reasons.append(
            f"{counts['loaded_rows']} rows were loaded, at least {gate.min_rows} expected"
        )
    if not reasons:
        return None
    return SourceProblem(source.name, REFUSED, "; ".join(reasons))


def refused_matches(
    source: SourcePlan, rows: int, rows_of_nobody: int
) -> SourceProblem | None:
    """Return that too many rows of a source belong to nobody, None where they do not.

    Args:
        source: as the contract compiles it.
        rows: of it, each event once.
        rows_of_nobody: how many of these belong to no lead.
    """
    allowed = source.gate.max_unmatched_share
    if source.role == LEADS or rows < FEWEST_MATCHED_ROWS:
        return None
    share = rows_of_nobody / rows
    if share <= allowed:
        return None
    reason = f"{rows_of_nobody} of {rows} rows ({share:.1%}) belong to nobody, {allowed:.1%} allowed: look at its keys"
    return SourceProblem(source.name, REFUSED, reason)


def late_rows(
    source: SourcePlan, last_arrived: int | None, as_of: int
) -> SourceProblem | None:
    """Return that the rows of a source stop before those of the newest source do, None where they do not.

    Args:
        source: as the contract compiles it.
        last_arrived: moment of its last row, None without rows.
        as_of: the run's moment.
    """
    if source.late_after is None or last_arrived is None:
        return None
    behind = as_of - last_arrived
    if behind <= source.late_after:
        return None
    reason = (
        f"its last row arrived on {_moment(last_arrived)}, {_span(behind)} before the newest row of all sources; "
        f"late_after allows {_span(source.late_after)}"
    )
    return SourceProblem(source.name, LATE, reason)


def late_files(
    source: SourcePlan, newest_file: int, read_at: int
) -> SourceProblem | None:
    """Return that no new file of a source has come in time, None where one has.

    Args:
        source: as the contract compiles it.
        newest_file: when its newest file was written, in microseconds since 1970.
        read_at: when the load read it.
    """
    if source.expected_every is None:
        return None
    age = read_at - newest_file
    if age <= source.expected_every:
        return None
    reason = (
        f"its newest file was written on {_moment(newest_file)}, {_span(age)} before this load; "
        f"a file is expected every {_span(source.expected_every)}"
    )
    return SourceProblem(source.name, LATE, reason)


def _moment(microseconds: int) -> str:
    """Return a moment as a person reads it."""
    moment = EPOCH + timedelta(microseconds=microseconds)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _span(microseconds: int) -> str:
    """Return a length of time in hours, or in days where it is longer than two of them."""
    span = timedelta(microseconds=microseconds)
    if span <= 2 * DAY:
        return f"{span / HOUR:.1f} hours"
    return f"{span / DAY:.1f} days"
