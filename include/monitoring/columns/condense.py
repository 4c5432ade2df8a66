"""Make long columns short without changing their distribution, with a bound on what that does to a drift score.

A drift score looks at one column at a time, so no rows have to be drawn: of a column's sorted values every k-th one is
kept. That is far closer to the whole column than a random sample of the same size, and how close can be said for sure:

- Wasserstein distance of numbers: the kept values are quantiles in the middle of n equal cells, so the column has moved
  by (maximum - minimum) / n at most. Distances obey the triangle inequality, so the score moves by no more than the
  sum of both sides, over the reference's standard deviation; that this deviation moves too is added.
- Jensen-Shannon distance of levels: each level keeps its share but for 1 / n; how far that moves the column is
  computed from the counts. It is a metric as well, so the score moves by no more than the sum of both sides.

Other methods have no bound here; their columns are compared on all rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial.distance import jensenshannon

from include.monitoring.columns.tally import Tally

LEAST_DEVIATION = 0.001
"""What Evidently divides a Wasserstein distance by where the reference's standard deviation is smaller."""


@dataclass(frozen=True)
class Tolerance:
    """How far the score of condensed columns can be from that of the whole ones: shift + stretch x score."""

    shift: float = 0.0
    stretch: float = 0.0

    def of(self, score: float) -> float:
        """Return the bound for a score that was computed on condensed columns."""
        return self.shift + self.stretch * score


EXACT = Tolerance()
UNKNOWN = Tolerance(shift=float("inf"))


def condense_numbers(
    reference: pd.Series,
    current: pd.Series,
    rows: int,
    random: np.random.Generator,
) -> tuple[pd.Series, pd.Series, Tolerance]:
    """Return both sides of a numeric column at `rows` values at most, and how far their Wasserstein distance can move.

    Args:
        reference: float64, NaN where missing; at least one value.
        current: the same for the current rows.
        rows: length above which a side is condensed.
        random: shuffles what is kept, so that columns side by side in a frame do not look related.
    """
    short_reference, reference_shift = _quantiles(reference, rows, random)
    short_current, current_shift = _quantiles(current, rows, random)
    deviation = _deviation(reference)
    shift = (reference_shift + current_shift) / deviation
    stretch = abs(_deviation(short_reference) / deviation - 1.0)
    return short_reference, short_current, Tolerance(shift, stretch)


def condense_levels(
    reference: Tally, current: Tally, rows: int, random: np.random.Generator
) -> tuple[pd.Series, pd.Series, Tolerance]:
    """Return both sides of a column of levels at `rows` values at most, and how far their distance can move.

    The distance is that of Jensen and Shannon.

    Args:
        reference: of any values; missing counts as a level.
        current: the same for the current rows.
        rows: length above which a side is condensed.
        random: shuffles what is kept.
    """
    short_reference, reference_shift = _shares(reference, rows, random)
    short_current, current_shift = _shares(current, rows, random)
    return (
        short_reference,
        short_current,
        Tolerance(reference_shift + current_shift),
    )


def _quantiles(
    values: pd.Series, rows: int, random: np.random.Generator
) -> tuple[pd.Series, float]:
    """Return so many quantiles of the values, with their share of missing ones, and how far that moves the column."""
    if len(values) <= rows:
        return values, 0.0
    present = np.sort(values.dropna().to_numpy())
    count = round(rows * len(present) / len(values))
    quantiles = np.full(rows, np.nan)
    quantiles[:count] = present[_middles(len(present), count)]
    random.shuffle(quantiles)
    span = float(present[-1] - present[0])
    return pd.Series(quantiles), span / count


def _shares(
    tally: Tally, rows: int, random: np.random.Generator
) -> tuple[pd.Series, float]:
    """Return so many cells in which every level has its share, and how far that moves the column."""
    if len(tally) <= rows:
        return tally.values, 0.0
    levels = np.array([None, *tally.counts.index], dtype=object)
    counts = np.array([tally.missing, *tally.counts])
    positions = _middles(len(tally), rows)
    cells = np.searchsorted(np.cumsum(counts), positions, side="right")
    short_counts = np.bincount(cells, minlength=len(counts))
    shift = float(jensenshannon(counts, short_counts))
    random.shuffle(cells)
    return pd.Series(levels[cells]), shift


def _middles(length: int, parts: int) -> npt.NDArray[np.int64]:
    """Return the positions in the middle of `parts` equal stretches of `length` sorted values."""
    middles = (np.arange(parts) + 0.5) * length / parts
    return middles.astype(np.int64)


def _deviation(values: pd.Series) -> float:
    """Return the standard deviation by which Evidently divides a distance."""
    deviation = float(np.std(values.dropna().to_numpy()))
    return max(deviation, LEAST_DEVIATION)
