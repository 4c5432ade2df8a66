import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from include.monitoring.columns.condense import (
    condense_levels,
    condense_numbers,
)
from include.monitoring.columns.tally import Tally

ROWS = 1000


@pytest.fixture
def random():
    return np.random.default_rng(0)


def draw_numbers(seed, rows=20_000):
    random = np.random.default_rng(seed)
    kinds = (
        random.lognormal(0, 1.5, rows),
        random.poisson(3, rows).astype(float),
        np.where(random.random(rows) < 0.4, -1.0, random.normal(15, 1, rows)),
        np.where(random.random(rows) < 0.2, np.nan, random.gamma(2, 100, rows)),
    )
    return pd.Series(kinds[seed % len(kinds)])


def draw_levels(seed, rows=20_000):
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(random.integers(2, 400), 0.3))
    levels = pd.Series(random.choice(len(shares), rows, p=shares)).astype(str)
    return levels.mask(random.random(rows) < 0.1)


def normed(reference, current):
    """Evidently's normed Wasserstein distance."""
    reference, current = reference.dropna(), current.dropna()
    return wasserstein_distance(reference, current) / max(
        np.std(reference.to_numpy()), 0.001
    )


def distance(reference, current):
    """Evidently's Jensen-Shannon distance."""
    counts = pd.DataFrame(
        {
            side: frame.fillna("none").value_counts()
            for side, frame in enumerate((reference, current))
        }
    ).fillna(0)
    return jensenshannon(counts[0], counts[1])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("factor", [1.0, 1.1, 1.5])
def test_the_distance_of_condensed_numbers_is_within_the_stated_tolerance(
    random, seed, factor
):
    reference, current = draw_numbers(seed), draw_numbers(seed + 100) * factor
    before, now, tolerance = condense_numbers(reference, current, ROWS, random)
    score = normed(before, now)
    assert (
        abs(score - normed(reference, current)) <= tolerance.of(score) + 1e-12
    )
    assert len(before) == len(now) == ROWS


@pytest.mark.parametrize("seed", range(12))
def test_the_distance_of_condensed_levels_is_within_the_stated_tolerance(
    random, seed
):
    reference, current = draw_levels(seed), draw_levels(seed + seed % 2)
    before, now, tolerance = condense_levels(
        Tally(reference), Tally(current), ROWS, random
    )
    score = distance(before, now)
    assert (
        abs(score - distance(reference, current)) <= tolerance.of(score) + 1e-12
    )
    assert len(before) == len(now) == ROWS


def test_condensed_numbers_are_far_closer_than_random_samples_of_their_size(
    random,
):
    reference, current = draw_numbers(1), draw_numbers(101) * 1.1
    before, now, _ = condense_numbers(reference, current, ROWS, random)
    exact = normed(reference, current)
    samples = [
        (
            reference.sample(ROWS, random_state=one),
            current.sample(ROWS, random_state=one),
        )
        for one in range(20)
    ]
    errors = [abs(normed(*pair) - exact) for pair in samples]
    assert abs(normed(before, now) - exact) < np.mean(errors) / 5


def test_each_level_keeps_its_share_but_for_one_row(random):
    levels = draw_levels(3)
    kept, _, _ = condense_levels(Tally(levels), Tally(levels), ROWS, random)
    full, short = (
        one.fillna("none").value_counts(normalize=True)
        for one in (levels, kept)
    )
    assert (
        full - short.reindex(full.index, fill_value=0)
    ).abs().max() <= 1 / ROWS


def test_as_many_numbers_stay_missing_as_before(random):
    numbers = draw_numbers(3)
    kept, _, _ = condense_numbers(numbers, numbers, ROWS, random)
    assert kept.isna().mean() == pytest.approx(
        numbers.isna().mean(), abs=1 / ROWS
    )


def test_columns_no_longer_than_the_sample_are_left_as_they_are(random):
    column = draw_numbers(1, rows=ROWS)
    for condensed in (
        condense_numbers(column, column, ROWS, random),
        condense_levels(Tally(column), Tally(column), ROWS, random),
    ):
        assert condensed[0] is condensed[1] is column
        assert condensed[2].of(0.3) == 0
