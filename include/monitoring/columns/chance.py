"""Say how far apart two samples of one population come to lie: no threshold may be below that.

Both sides are put together and dealt out again at random, as a permutation test does (Fisher, "The Design of
Experiments", 1935; Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", 2005). If nothing has changed,
the real split is one of these. The dealt counts are multivariate hypergeometric, so no row is touched. The scores of
DRAWS splits give mean and variance, a gamma distribution with both gives the quantile (Satterthwaite, Biometrics
Bulletin 2, 1946): for levels this is the chi-square law of the Jensen-Shannon divergence, 8 n m / (n + m) times which
has about (levels - 1) degrees of freedom (Menendez et al., 1997), corrected for rare levels.

Assumption: leads come one by one. Where they come in clusters, chance explains more than is said here.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import gamma

from include.monitoring.columns.tally import Tally

CERTAINTY = 0.999
"""Chance stays below its threshold so often."""

SEED = 0
DRAWS = 200
LEAST_DRAWS = 4
CELLS = 400_000
"""Draws times levels, at most: the more levels, the less one draw differs from the next."""
BINS = 256

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Score = Callable[[Counts, Counts], Floats]


def distance_of_levels(before: Tally, after: Tally) -> float:
    """Return the Jensen-Shannon distance that chance reaches once in a thousand times, missing counted as a level."""
    together = before.counts.add(after.counts, fill_value=0)
    missing = before.missing + after.missing
    counts = np.array([missing, *together], dtype=np.int64)
    divergence = _quantile(
        counts[counts > 0], len(before), len(after), _divergence
    )
    return math.sqrt(divergence)


def distance_of_numbers(
    before: pd.Series, after: pd.Series, rows_before: int, rows_after: int
) -> float:
    """Return the normed Wasserstein distance that chance reaches once in a thousand times.

    Args:
        before: normal scores of the reference, or quantiles of them; missing ones are left out.
        after: the same for the current rows.
        rows_before: rows for which the values of `before` stand, missing ones among them.
        rows_after: the same for `after`.
    """
    present_before = before.dropna().to_numpy()
    present_after = after.dropna().to_numpy()
    if not len(present_before) or not len(present_after):
        return 0.0
    filled_before = _filled_rows(before, rows_before)
    filled_after = _filled_rows(after, rows_after)
    points = np.unique(np.concatenate([present_before, present_after]))
    if len(points) > BINS:
        points = np.linspace(points[0], points[-1], BINS)
    shares_before = _shares_at(points, present_before)
    shares_after = _shares_at(points, present_after)
    counts = np.round(
        shares_before * filled_before + shares_after * filled_after
    ).astype(np.int64)
    # Rounding may have lost or won a row.
    filled_after = int(counts.sum()) - filled_before
    steps = np.diff(points)
    spread = max(float(np.std(present_before)), 0.001)

    def distance(dealt_before: Counts, dealt_after: Counts) -> Floats:
        difference = dealt_before / filled_before - dealt_after / filled_after
        heights = np.abs(np.cumsum(difference, axis=1))[:, :-1]
        return np.asarray(heights @ steps / spread)

    return _quantile(counts, filled_before, filled_after, distance)


def distance_of_constant(
    rows_before: int, rows_after: int, least_share: float
) -> float:
    """Return the Jensen-Shannon distance from which on a constant has started to vary.

    Other values must hold `least_share` of the current rows, and so many rows that all of them fall on the current side
    by chance less often than once in a thousand times: of k such rows each one does with the current side's share of
    all rows.

    Args:
        rows_before: rows of the reference, all of one value.
        rows_after: current rows.
        least_share: of the current rows, in (0, 1].
    """
    share_of_current = rows_after / (rows_before + rows_after)
    least_rows = math.ceil(
        math.log(1.0 - CERTAINTY) / math.log(share_of_current)
    )
    share = min(1.0, max(least_share, least_rows / rows_after))
    distance = jensenshannon([1.0, 0.0], [1.0 - share, share])
    return float(distance) * (1.0 - 1e-9)


def _filled_rows(values: pd.Series, rows: int) -> int:
    """Return how many of the rows have a value, by the share of the values that have one."""
    return max(1, round(rows * float(values.notna().mean())))


def _shares_at(points: Floats, values: Floats) -> Floats:
    """Return the share of the values that lie at each point, or next below it."""
    positions = np.searchsorted(points, values, side="right") - 1
    counts = np.bincount(positions.clip(0), minlength=len(points))
    return counts / len(values)


def _divergence(before: Counts, after: Counts) -> Floats:
    """Return the Jensen-Shannon divergence in nats of each row of counts, shape (draws,)."""
    shares_before = before / before.sum(axis=1, keepdims=True)
    shares_after = after / after.sum(axis=1, keepdims=True)
    middle = (shares_before + shares_after) / 2
    divergences = rel_entr(shares_before, middle) + rel_entr(
        shares_after, middle
    )
    return np.asarray(divergences.sum(axis=1) / 2)


def _quantile(counts: Counts, before: int, after: int, score: Score) -> float:
    """Return the score that random splits into `before` and `after` rows exceed once in a thousand times.

    Args:
        counts: rows per level of both sides together, shape (levels,).
        before: rows of the reference.
        after: rows of the current side; both together are all rows.
        score: of counts of both sides, each of shape (draws, levels).
    """
    if len(counts) < 2 or before < 1 or after < 1:
        return 0.0
    draws = int(np.clip(CELLS // len(counts), LEAST_DRAWS, DRAWS))
    random = np.random.default_rng(SEED)
    dealt = random.multivariate_hypergeometric(
        counts, after, size=draws, method="marginals"
    )
    scores = score(counts - dealt, dealt)
    mean = float(scores.mean())
    variance = max(float(scores.var(ddof=1)), 2 * mean**2 / len(counts) ** 2)
    if not mean or not variance:
        return mean
    shape = mean**2 / variance
    return float(gamma.ppf(CERTAINTY, shape, scale=variance / mean))
