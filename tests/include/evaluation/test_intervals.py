"""Bootstrap intervals, and the weighted figures behind them."""

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    roc_auc_score,
)

from include.evaluation.calibration_error import ece
from include.evaluation.errors import OneClassOnlyError
from include.evaluation.intervals import (
    bootstrap_intervals,
    brier_interval,
    precision_interval,
    ranking,
    roc_auc_interval,
    weighted_figures,
)


def scores(rows=1000, seed=0, decimals=16):
    """Outcomes drawn with the very probabilities that are given, so that the scores are calibrated."""
    random = np.random.default_rng(seed)
    probability = random.random(rows).round(decimals)
    return (random.random(rows) < probability).astype(int), probability


@pytest.mark.parametrize("decimals", [1, 16])
def test_weighted_figures_are_those_of_scikit_learn(decimals):
    outcome, probability = scores(300, decimals=decimals)
    weights = np.random.default_rng(1).integers(0, 4, (3, 300)).astype(float)
    figures = weighted_figures(outcome, probability, 0.4, weights)
    for number, weight in enumerate(weights):
        expected = {
            "roc_auc": roc_auc_score(
                outcome, probability, sample_weight=weight
            ),
            "pr_auc": average_precision_score(
                outcome, probability, sample_weight=weight
            ),
            "f1": f1_score(outcome, probability >= 0.4, sample_weight=weight),
            "precision": precision_score(
                outcome, probability >= 0.4, sample_weight=weight
            ),
            "ece": ece(
                np.repeat(outcome, weight.astype(int)),
                np.repeat(probability, weight.astype(int)),
            ),
        }
        assert {
            name: figures[name][number] for name in expected
        } == pytest.approx(expected)


def test_intervals_hold_the_figure_and_shrink_with_more_leads():
    few, many = (
        bootstrap_intervals(*scores(rows), 0.5) for rows in (200, 3200)
    )
    outcome, probability = scores(3200)
    low, high = many["roc_auc"]
    assert low < roc_auc_score(outcome, probability) < high
    assert high - low < 0.5 * (few["roc_auc"][1] - few["roc_auc"][0])


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    outcome, probability = scores(200)
    assert bootstrap_intervals(
        outcome, probability, 0.5, 1
    ) == bootstrap_intervals(outcome, probability, 0.5, 1)
    assert bootstrap_intervals(
        outcome, probability, 0.5, 1
    ) != bootstrap_intervals(outcome, probability, 0.5, 2)


def test_a_single_conversion_still_has_intervals():
    intervals = bootstrap_intervals([1] + [0] * 29, np.linspace(1, 0, 30), 0.5)
    assert intervals["roc_auc"] == [1.0, 1.0]


def test_the_error_of_the_roc_auc_is_that_of_resampling():
    outcome, probability = scores(400)
    random = np.random.default_rng(1)
    areas = []
    for _ in range(400):
        drawn = random.integers(0, 400, 400)
        areas.append(roc_auc_score(outcome[drawn], probability[drawn]))
    figure = ranking(outcome, probability)
    assert figure.roc_auc == pytest.approx(roc_auc_score(outcome, probability))
    assert figure.error == pytest.approx(np.std(areas), rel=0.15)


def test_a_single_lead_of_an_outcome_has_the_largest_error_that_its_rank_allows():
    probability = np.linspace(0, 1, 101)
    outcome = np.zeros(101)
    outcome[50] = 1
    assert ranking(outcome, probability).error == pytest.approx(0.5, rel=0.01)


def test_leads_of_one_outcome_have_no_roc_auc():
    with pytest.raises(OneClassOnlyError, match="all 3 leads"):
        ranking([1, 1, 1], [0.1, 0.2, 0.3])


@pytest.mark.parametrize("rows", [6, 60, 600])
def test_every_interval_holds_its_figure_and_ends_within_0_and_1(rows):
    outcome = np.arange(rows) % 3 == 0
    for probability in (0.8 * outcome, scores(rows)[1]):
        for interval in (
            roc_auc_interval(outcome, probability),
            brier_interval(outcome, probability),
            precision_interval(outcome, probability, 0.5),
        ):
            assert 0 <= interval.lower <= interval.value
            assert interval.value <= interval.upper <= 1


def test_a_perfect_roc_auc_is_less_sure_on_fewer_leads():
    lower = [
        roc_auc_interval(
            np.arange(rows) % 3 == 0, np.arange(rows) % 3 == 0
        ).lower
        for rows in (30, 300, 3000)
    ]
    assert lower[0] < 0.9 < lower[1] < 0.99 < lower[2] < 1


def test_where_none_is_predicted_the_precision_is_0_and_not_sure():
    interval = precision_interval([0, 1], [0.1, 0.2], 0.5)
    assert interval.value == interval.lower == 0
    assert interval.upper > 0.5
