"""Ask a column's own history how long its values stay, and how long they stay away.

Leads do not come one by one: a month lasts for a thousand rows, an interest rate for a day. So the reference is read
in the order of arrival, and a value is taken for a two-state Markov chain, present or absent (Gabriel and Neumann, "A
Markov chain model for daily rainfall occurrence at Tel Aviv", 1962). Where leads do come one by one, this is the same
as drawing them independently. The rate at which a value comes or goes is known from so many changes only; the lower
bound of Clopper and Pearson (1934) is taken for it, so that few changes prove nothing.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

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
        missing = np.concatenate([[0], np.cumsum(self._codes == -1)])
        length = min(rows, len(missing) - 1)
        return float((missing[length:] - missing[:-length]).max() / length)

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
        starts = np.flatnonzero(np.concatenate([[True], changes]))
        lengths = np.diff(np.append(starts, len(codes)))
        if lengths.max() >= rows:
            return 1.0
        code = self._code(value)
        is_value = codes[:-1] == (-2 if code is None else code)
        if is_value.sum() >= KNOWN:
            changes = changes[is_value]
        return _none_of(int(changes.sum()), len(changes), rows - 1)

    def chance_of_absence(self, level: object, rows: int) -> float:
        """Return how probable it is that so many filled cells lack a level; 1 where they once did."""
        filled = self._codes[self._codes >= 0]
        is_absent = filled != self._code(level)
        if longest_run(is_absent) >= rows:
            return 1.0
        before = is_absent[:-1]
        comes = before & ~is_absent[1:]
        away = float(is_absent.mean())
        return away * _none_of(int(comes.sum()), int(before.sum()), rows - 1)

    def chance_of_only_new_levels(self, rows: int) -> float:
        """Return how probable it is that so many filled cells hold no known level.

        A run of one level counts as one draw. The share of unseen levels is about that of the runs whose level has no
        other run (Good, "The population frequencies of species", 1953).
        """
        filled = self._codes[self._codes >= 0]
        starts = np.concatenate([[True], filled[1:] != filled[:-1]])
        runs = np.bincount(filled[starts])
        unseen = ((runs == 1).sum() + 1) / (runs.sum() + 1)
        draws = max(1.0, rows * _lower(int(starts[1:].sum()), len(filled)))
        return float(unseen**draws)


def longest_run(mask: Mask) -> int:
    """Return the length of the longest unbroken stretch of true cells."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return int(lengths.max(initial=0))


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

    Args:
        leads: rows of the reference, single columns of which can be read.
        clock: the contract's clock; where it is None or absent the rows are in order.
    """
    orders: list[npt.NDArray[np.intp]] = []

    def order() -> npt.NDArray[np.intp] | None:
        if clock is None or clock not in leads.columns:
            return None
        if not orders:
            moments = leads[clock].to_numpy()
            orders.append(np.argsort(moments, kind="stable"))
        return orders[0]

    return order
