"""Prepare both sides of one column for Evidently: what it compares, and from which score on that is drift."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from include.contract import Column
from include.monitoring.columns.chance import (
    distance_of_constant,
    distance_of_levels,
    distance_of_numbers,
)
from include.monitoring.columns.condense import (
    EXACT,
    UNKNOWN,
    Tolerance,
    condense_levels,
    condense_numbers,
)
from include.monitoring.columns.config import DriftConfig
from include.monitoring.columns.levels import (
    as_levels,
    fill_numbers,
    levels_of_numbers,
)
from include.monitoring.columns.ranks import normal_scores
from include.monitoring.columns.tally import Tally

BOUNDED = {True: "wasserstein", False: "jensenshannon"}
"""The method, for numbers and for levels, whose score on condensed columns has a known bound."""


@dataclass(frozen=True)
class Pair:
    """Both sides of one column as Evidently is given them.

    Attributes:
        reference: normal scores of numbers, or levels as text.
        current: the same for the current rows.
        numeric: whether they are normal scores.
        threshold: score from which on the column has drifted.
        tolerance: how far the score can be from that of all rows.
    """

    reference: pd.Series
    current: pd.Series
    numeric: bool
    threshold: float
    tolerance: Tolerance = EXACT


def prepare_pair(
    before: Tally,
    after: Tally,
    column: Column,
    config: DriftConfig,
    random: np.random.Generator | None = None,
) -> Pair:
    """Return both sides of a column in the form in which they are compared.

    Numbers that vary in the reference become normal scores. Everything else is compared by its levels, also a number
    that is constant in the reference: no distance can be measured by the spread of a constant.

    Args:
        before: all rows of the reference.
        after: all current rows.
        column: which one it is.
        config: pinned methods and thresholds.
        random: shuffles what is kept where there are more rows than `sample.rows`; None keeps all rows.
    """
    if column.numeric and before.varies:
        return _numbers(before, after, config, random)
    if column.numeric:
        before = Tally(levels_of_numbers(before.values, before))
        after = Tally(levels_of_numbers(after.values, before))
    return _levels(before, after, config, random)


def _numbers(
    before: Tally,
    after: Tally,
    config: DriftConfig,
    random: np.random.Generator | None,
) -> Pair:
    filled = fill_numbers(before.values, after.values, config.missing)
    reference, current = normal_scores(*filled)
    tolerance = EXACT
    if random is not None:
        reference, current, tolerance = condense_numbers(
            reference, current, config.sample.rows, random
        )
    method = config.numeric
    threshold = method.threshold
    if method.method == BOUNDED[True]:
        by_chance = distance_of_numbers(
            reference, current, len(before), len(after)
        )
        threshold = max(threshold, by_chance)
    elif tolerance != EXACT:
        tolerance = UNKNOWN
    return Pair(reference, current, True, threshold, tolerance)


def _levels(
    before: Tally,
    after: Tally,
    config: DriftConfig,
    random: np.random.Generator | None,
) -> Pair:
    reference = before.values
    current = after.values
    tolerance = EXACT
    if random is not None:
        reference, current, tolerance = condense_levels(
            before, after, config.sample.rows, random
        )
    method = config.categorical
    threshold = method.threshold
    if method.method == BOUNDED[False]:
        threshold = _threshold_of_levels(before, after, config)
    elif tolerance != EXACT:
        tolerance = UNKNOWN
    return Pair(
        as_levels(reference, config.missing),
        as_levels(current, config.missing),
        False,
        threshold,
        tolerance,
    )


def _threshold_of_levels(
    before: Tally, after: Tally, config: DriftConfig
) -> float:
    if not before.varies:
        return distance_of_constant(
            len(before), len(after), config.constant.least_share
        )
    by_chance = distance_of_levels(before, after)
    return max(config.categorical.threshold, by_chance)
