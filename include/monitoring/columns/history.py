"""Ask a column's own history how long its values stay, and how long they stay away.

Leads do not come one by one: a month lasts for a thousand rows, an interest rate for a day. So the reference is read
in the order of arrival, and a value is taken for a two-state Markov chain, present or absent (Gabriel and Neumann, "A
Markov chain model for daily rainfall occurrence at Tel Aviv", 1962). Where leads do come one by one, this is the same
as drawing them independently. The rate at which a value comes or goes is known from so many changes only; the lower
bound of Clopper and Pearson (1934) is taken for it, so that few changes prove nothing.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from include.lake.arrival import arrival_numbers
from include.monitoring.columns.frames import Leads

DOUBT = 0.001
"""A rate lies below its lower bound as rarely as this."""

KNOWN = 100
"""In so many rows a value must have been seen before its own rate of change is looked at."""

Order = Callable[[], npt.NDArray[np.intp] | None]
Mask = npt.NDArray[np.bool_]


class History:
    """All values of a column of the reference in the order of their arrival, looked at only where something is odd."""

    def __init__(self, values: pd.Series, order: Order) -> None:
        """Keep what is needed.

        Args:
            values: of the reference, in the order of its rows.
            order: returns the positions of the rows in order of arrival, None where they are in it.
        """
        self._values = values
        self._order = order

    @cached_property
    def _codes(self) -> npt.NDArray[np.intp]:
        """Return a number per value, -1 where it is missing."""
        order = self._order()
        values = self._values if order is None else self._values.iloc[order]
        codes, self._levels = pd.factorize(values)
        return codes

    def _code(self, value: object) -> int | None:
        codes = self._codes
        position = int(pd.Index(self._levels).get_indexer([value])[0])
        return position if position >= 0 and len(codes) else None

    def largest_missing_share(self, rows: int) -> float:
        """Return the largest share of missing cells in any stretch of so many rows, in [0, 1]."""
        is_missing = self._codes == -1
        length = min(rows, len(is_missing))
        # Missing cells before each row, and before the end.
        missing_before = np.append(0, np.cumsum(is_missing))
        at_start = missing_before[:-length]
        at_end = missing_before[length:]
        most_missing = (at_end - at_start).max()
        return float(most_missing / length)

    def was_missing_for(self, rows: int) -> bool:
        """Return whether so many rows in a row had no value."""
        return longest_run(self._codes == -1) >= rows

    def chance_of_staying(self, value: object, rows: int) -> float:
        """Return how probable it is that a column holds one value for so many rows; 1 where it once did.

        Args:
            value: which one; of a value that the reference hardly knows, the rate of any change counts.
            rows: of the window.
        """
        codes = self._codes
        changes = codes[1:] != codes[:-1]
        starts = _run_starts(codes)
        lengths = np.diff(starts, append=len(codes))
        if lengths.max() >= rows:
            return 1.0
        code = self._code(value)
        if code is not None:
            changes_of_value = changes[codes[:-1] == code]
            if len(changes_of_value) >= KNOWN:
                changes = changes_of_value
        return _none_of(int(changes.sum()), len(changes), rows - 1)

    def chance_of_absence(self, level: object, rows: int) -> float:
        """Return how probable it is that so many filled cells lack a level; 1 where they once did."""
        filled = self._codes[self._codes >= 0]
        is_absent = filled != self._code(level)
        if longest_run(is_absent) >= rows:
            return 1.0
        was_absent = is_absent[:-1]
        comes_back = was_absent & ~is_absent[1:]
        stays_away = _none_of(
            int(comes_back.sum()), int(was_absent.sum()), rows - 1
        )
        return float(is_absent.mean()) * stays_away

    def chance_of_only_new_levels(self, rows: int) -> float:
        """Return how probable it is that so many filled cells hold no known level.

        A run of one level counts as one draw. The share of unseen levels is about that of the runs whose level has no
        other run (Good, "The population frequencies of species", 1953).
        """
        filled = self._codes[self._codes >= 0]
        starts = _run_starts(filled)
        runs_per_level = np.bincount(filled[starts])
        levels_with_one_run = (runs_per_level == 1).sum()
        unseen_share = (levels_with_one_run + 1) / (len(starts) + 1)
        changes = len(starts) - 1
        draws = rows * _lower(changes, len(filled))
        return float(unseen_share ** max(1.0, draws))


def longest_run(mask: Mask) -> int:
    """Return the length of the longest unbroken stretch of true cells."""
    starts = _run_starts(mask)
    lengths = np.diff(starts, append=len(mask))
    is_true = mask[starts]
    return int(lengths[is_true].max(initial=0))


def _run_starts(values: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return the position of each value that differs from the one before it, the first one included."""
    is_start = np.ones(len(values), dtype=bool)
    is_start[1:] = values[1:] != values[:-1]
    return np.flatnonzero(is_start)


def _none_of(events: int, trials: int, repeats: int) -> float:
    """Return the probability of no event in so many repeats, by the lower bound of its rate."""
    return float((1.0 - _lower(events, trials)) ** max(repeats, 0))


def _lower(events: int, trials: int) -> float:
    """Return the lower bound of a rate (Clopper and Pearson), 0 where no event was seen."""
    if not events:
        return 0.0
    return float(beta.ppf(DOUBT, events, trials - events + 1))


def arrival_order(leads: Leads, clock: str | None) -> Order:
    """Return what finds the positions of rows in order of arrival, once, when it is asked for.

    Rows without a moment are left out: nobody knows where they belong. Where no row has one, the rows are in order.

    Args:
        leads: rows of the reference, single columns of which can be read.
        clock: the contract's clock; where it is None or absent the rows are in order.
    """
    orders: list[npt.NDArray[np.intp]] = []

    def order() -> npt.NDArray[np.intp] | None:
        if clock is None or clock not in leads.columns:
            return None
        if not orders:
            moments = arrival_numbers(leads[clock]).to_numpy(dtype="float64")
            positions = np.argsort(moments, kind="stable")
            # Missing moments stand last.
            with_moment = int(np.isfinite(moments).sum())
            orders.append(positions[: with_moment or None])
        return orders[0]

    return order
