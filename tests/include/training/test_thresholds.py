"""The decision threshold."""

import numpy as np
import pytest

from include.training.evaluate import evaluate_classification_model
from include.training.thresholds import f1_threshold


def test_it_separates_what_can_be_separated():
    assert f1_threshold([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9]) == 0.7


@pytest.mark.parametrize("seed", range(5))
def test_no_other_probability_gives_a_larger_f1(seed):
    random = np.random.default_rng(seed)
    probability = random.random(200).round(2)
    outcome = (random.random(200) < probability).astype(int)
    best = evaluate_classification_model(outcome, probability, f1_threshold(outcome, probability))["f1"]
    assert best == max(evaluate_classification_model(outcome, probability, one)["f1"] for one in probability)
