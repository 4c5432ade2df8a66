"""Let recorded rows arrive: late, twice, after an outage, or stamped by a clock that runs ahead."""

from dataclasses import dataclass, replace

import numpy as np

from demo.story.dates import (
    DAY_SECONDS,
    EMAIL_OUTAGE,
    Ints,
    Moments,
    after,
)
from demo.story.systems import SKEWED_SERVER, Rows

LATE_SHARE = 0.01
"""So many rows arrive up to ten days late."""
DOUBLED_SHARE = 0.01
"""So many rows arrive a second time, up to five days later."""
CLOCK_SKEW_SECONDS = 3 * 3600
"""The clock of `SKEWED_SERVER` runs ahead by so much."""
USUAL_MINUTES = {
    "crm/leads": 2.0,
    "crm/interactions": 20.0,
    "marketing/email": 5.0,
    "marketing/ads": 300.0,
    "applications": 60.0,
}
"""The mean delay of each source."""


@dataclass(frozen=True)
class Arrivals:
    """Rows with the moments that their files show; `arrived_at` is never before the true moment."""

    rows: Rows
    arrived_at: Moments


def arrive(rows: Rows, rng: np.random.Generator) -> Arrivals:
    """Draw when each row arrives, double some, and put them in the order of arrival."""
    arrived_at = _draw_arrivals(rows, rng)
    size = len(arrived_at)
    doubled = np.flatnonzero(rng.random(size) < DOUBLED_SHARE)
    delay = rng.uniform(600.0, 5.0 * DAY_SECONDS, len(doubled))
    again_at = after(arrived_at[doubled], delay)
    positions = np.append(np.arange(size), doubled)
    moments = np.append(arrived_at, again_at)
    moments = _wait_for_end_of_outage(rows.source, moments, rng)
    order = np.argsort(moments, kind="stable")
    stamped = _skew_clocks(rows)
    arrived_rows = _taken(stamped, positions[order])
    return Arrivals(arrived_rows, moments[order])


def _draw_arrivals(rows: Rows, rng: np.random.Generator) -> Moments:
    size = len(rows.occurred_at)
    minutes = rng.exponential(USUAL_MINUTES[rows.source], size)
    late = rng.random(size) < LATE_SHARE
    late_days = rng.uniform(0.2, 10.0, size)
    seconds = 1 + minutes * 60
    seconds += late * late_days * DAY_SECONDS
    return after(rows.occurred_at, seconds)


def _wait_for_end_of_outage(
    source: str, arrived_at: Moments, rng: np.random.Generator
) -> Moments:
    if source != "marketing/email":
        return arrived_at
    start, end = EMAIL_OUTAGE
    has_started = arrived_at >= start
    goes_on = arrived_at < end
    size = len(arrived_at)
    seconds = rng.uniform(0.0, 3600.0, size)
    ends = np.full(size, end.astype("datetime64[s]"))
    moments = after(ends, seconds)
    return np.where(has_started & goes_on, moments, arrived_at)


def _skew_clocks(rows: Rows) -> Rows:
    """Stamp the rows of the skewed server with its own time."""
    if "server" not in rows.columns:
        return rows
    skewed = rows.columns["server"] == SKEWED_SERVER
    seconds = np.where(skewed, CLOCK_SKEW_SECONDS, 0)
    return replace(rows, occurred_at=after(rows.occurred_at, seconds))


def _taken(rows: Rows, positions: Ints) -> Rows:
    columns = {}
    for name, cells in rows.columns.items():
        columns[name] = cells[positions]
    return Rows(
        rows.source,
        columns,
        rows.person[positions],
        rows.occurred_at[positions],
    )
