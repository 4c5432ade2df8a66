"""One wrong lead neither makes a drift nor hides one; a tail that grows is seen."""

import json

import numpy as np
import pandas as pd
import pytest

from include.monitoring.columns import assess
from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.ranks import (
    LONG,
    OUTERMOST,
    normal_scores,
)


@pytest.fixture
def visits_drift(contract, accounts_of):
    """Says whether visits drift between two arrays of them; everything else is of one population."""

    def drift(before, after) -> bool:
        frames = [
            accounts_of(len(visits), seed).assign(visits=visits)
            for seed, visits in ((1, before), (2, after))
        ]
        analysis = compare_leads(*frames, contract, 0.3, 0.5)
        return "visits" in analysis.report.drifted_columns

    return drift


def poisson(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(3, rows).astype(float)


def with_extremes(visits: np.ndarray, value: float, count: int = 1):
    """The visits, of which the first `count` are wrong."""
    changed = visits.copy()
    changed[:count] = value
    return changed


@pytest.mark.parametrize("value", [99_999, -99_999, 2.0**53])
def test_one_wrong_lead_of_the_snapshot_does_not_hide_that_visits_doubled(
    visits_drift, value
):
    before = with_extremes(poisson(5000, 1), value)
    assert visits_drift(before, 2 * poisson(1000, 2))
    assert not visits_drift(before, poisson(1000, 2))


@pytest.mark.parametrize("rows", [200, 1000])
@pytest.mark.parametrize("value", [2026, -2026, 2.0**53])
def test_one_wrong_lead_of_the_window_is_no_drift(visits_drift, rows, value):
    after = with_extremes(poisson(rows, 2), value)
    assert not visits_drift(poisson(5000, 1), after)


def test_wrong_leads_on_both_sides_change_neither_verdict(visits_drift):
    before = with_extremes(poisson(5000, 1), 99_999, 20)
    assert visits_drift(before, with_extremes(2 * poisson(1000, 2), 1e6, 5))
    assert not visits_drift(before, with_extremes(poisson(1000, 2), 1e6, 5))


def test_condensed_columns_give_the_same_verdicts(visits_drift, monkeypatch):
    config = drift_config()
    small = config.model_copy(
        update={"sample": config.sample.model_copy(update={"rows": 1000})}
    )
    monkeypatch.setattr(assess, "drift_config", lambda: small)
    before = with_extremes(poisson(5000, 1), 99_999)
    assert visits_drift(before, 2 * poisson(3000, 2))
    assert not visits_drift(before, with_extremes(poisson(3000, 2), 99_999, 9))


@pytest.mark.parametrize("share", [0.03, 0.1])
def test_a_tail_that_many_leads_have_reached_is_a_drift(visits_drift, share):
    after = with_extremes(poisson(1000, 2), 40, round(share * 1000))
    assert visits_drift(poisson(5000, 1), after)


def zeros_and(value: float, share: float, rows: int) -> np.ndarray:
    return with_extremes(np.zeros(rows), value, round(share * rows))


def lognormal(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(3, 2, rows)


POPULATIONS = {
    "heavy tails": (lognormal(5000, 1), lognormal(1000, 2), False),
    "heavy tails, doubled": (lognormal(5000, 1), 4 * lognormal(1000, 2), True),
    "hardly ever more than zero": (
        zeros_and(5, 0.004, 5000),
        zeros_and(5, 0.006, 1000),
        False,
    ),
    "more often more than zero": (
        zeros_and(5, 0.004, 5000),
        zeros_and(5, 0.05, 1000),
        True,
    ),
    "never zero any more": (
        zeros_and(5, 0.004, 5000),
        np.random.default_rng(0).poisson(3, 1000) + 1.0,
        True,
    ),
    "mostly missing": (
        with_extremes(poisson(5000, 1), np.nan, 3000),
        with_extremes(2 * poisson(1000, 2), np.nan, 600),
        True,
    ),
    "two values": (zeros_and(1, 0.5, 5000), zeros_and(1, 0.5, 1000), False),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "drifted"), POPULATIONS.values(), ids=POPULATIONS
)
def test_populations_of_other_shapes_keep_their_verdicts(
    visits_drift, before, after, drifted
):
    assert visits_drift(before, after) == drifted


@pytest.mark.parametrize("share", [0.01, 0.02])
def test_absurd_numbers_in_many_leads_of_both_sides_change_no_verdict(
    visits_drift, share
):
    before = with_extremes(poisson(5000, 1), 99_999, round(share * 5000))
    for rows in (200, 1000):
        count = round(share * rows)
        after = with_extremes(poisson(rows, 2), 99_999, count)
        doubled = with_extremes(2 * poisson(rows, 2), 99_999, count)
        assert not visits_drift(before, after)
        assert visits_drift(before, doubled)


@pytest.mark.parametrize("side", [0, 1])
def test_a_number_near_the_largest_float_leaves_a_summary_that_is_json(
    contract, accounts_of, side
):
    frames = [accounts_of(2000, 1), accounts_of(1000, 2)]
    visits = frames[side]["visits"].to_numpy(copy=True)
    visits[0] = 1e300
    frames[side] = frames[side].assign(visits=visits)
    analysis = compare_leads(*frames, contract, 0.3, 0.5)
    (column,) = (
        column
        for column in analysis.report.columns
        if column.column == "visits"
    )
    assert not column.drifted
    json.dumps([column.score, column.threshold], allow_nan=False)


def test_normal_numbers_have_their_distance_from_the_mean_as_score():
    numbers = pd.Series(np.random.default_rng(0).normal(50, 10, 20_000))
    before, after = normal_scores(numbers, pd.Series([30.0, 50.0, 65.0]))
    assert after.tolist() == pytest.approx([-2.0, 0.0, 1.5], abs=0.05)
    assert (before.mean(), before.std()) == pytest.approx((0, 1), abs=0.01)


def test_numbers_beyond_the_reference_have_the_outermost_score():
    numbers = pd.Series([1.0, 2.0, 2.0, 3.0, np.nan])
    _, after = normal_scores(numbers, pd.Series([-1e300, 2.0, np.nan, 4.0]))
    assert after[[0, 1, 3]].tolist() == [-OUTERMOST, 0.0, OUTERMOST]
    assert np.isnan(after[2])


@pytest.mark.parametrize("kind", ["counts", "amounts", "missing", "absurd"])
def test_long_columns_have_the_scores_of_short_ones(kind):
    """What a long column is looked up by, runs of equal numbers in order, changes no score."""
    random = np.random.default_rng(0)
    numbers = random.lognormal(0, 1, LONG + 1)
    if kind == "counts":
        numbers = np.floor(numbers)
    if kind == "missing":
        numbers[::3] = np.nan
    if kind == "absurd":
        numbers[:3] = (1e300, -1e300, 2.0**53)
    window = numbers[-5000:]
    before, after = normal_scores(pd.Series(numbers), pd.Series(window))
    with np.errstate(over="ignore"):
        short = window.astype("f4")
        ordered = np.sort(numbers.astype("f4"))
    score_of = dict(zip(ordered, before, strict=True))
    expected = [score_of.get(number) for number in short]
    np.testing.assert_array_equal(
        after.to_numpy(), np.array(expected, dtype=float)
    )
