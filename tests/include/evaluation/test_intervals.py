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
from include.evaluation.intervals import bootstrap_intervals, weighted_figures


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
