"""Whether a refitted model may be registered."""

import numpy as np
import pytest

from include.features.calibration import Calibration
from include.training.errors import UnusableModelError
from include.training.fit import (
    RESAMPLED_METHODS,
    best_calibration,
    usable_calibration,
)
from include.training.usable import check_usable, usability


def leads(seed=0, rows=4000, log_odds=-3.5):
    """Return calibrated probabilities around 5 % and outcomes drawn by them."""
    random = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-random.normal(log_odds, 1.0, rows)))
    outcome = (random.random(rows) < probability).astype(int)
    return probability, outcome


def balanced(probability, rate):
    """Return what a model says that was fitted on balanced rows."""
    odds = probability / (1 - probability) * (1 - rate) / rate
    return odds / (1 + odds)


def test_a_calibrated_model_passes():
    probability, outcome = leads()
    check_usable(outcome, probability)


def test_a_model_that_ranks_by_chance_is_refused():
    probability, outcome = leads()
    shuffled = np.random.default_rng(1).permutation(probability)
    with pytest.raises(UnusableModelError, match="no better than chance"):
        check_usable(outcome, shuffled)


def test_a_model_whose_mean_misses_the_rate_is_refused_with_figures():
    probability, outcome = leads()
    with pytest.raises(UnusableModelError, match=r"misses the rate 0\.0"):
        check_usable(outcome, balanced(probability, 0.05))


def test_a_shift_maps_balanced_probabilities_back_to_the_rate():
    probability, outcome = leads()
    rate = outcome.mean()
    shift = Calibration.fitted("shift", balanced(probability, rate), outcome)
    mapped = shift(balanced(probability, rate))
    assert mapped.mean() == pytest.approx(rate)
    assert (np.diff(mapped[np.argsort(probability)]) >= 0).all()


def test_a_refused_slope_becomes_a_shift_and_not_the_raw_probability():
    probability, outcome = leads()
    calibration = usable_calibration("sigmoid", 1 - probability, outcome)
    assert calibration.method == "shift"
    assert calibration(1 - probability).mean() == pytest.approx(outcome.mean())


def test_a_resampled_fit_is_never_left_at_its_raw_probabilities():
    probability, outcome = leads()
    calibration = best_calibration(
        balanced(probability, 0.05),
        outcome,
        balanced(probability, 0.05),
        outcome,
        RESAMPLED_METHODS,
    )
    assert calibration.method != "none"


def moved(outcome, probability, miss):
    """Return probabilities whose mean misses the rate by so many standard errors of the holdout."""
    rate = outcome.mean()
    variance = min((probability * (1 - probability)).mean(), rate * (1 - rate))
    mean = rate + miss * np.sqrt(variance / len(outcome))
    return np.clip(probability + mean - probability.mean(), 0, 1)


@pytest.mark.parametrize("miss", [3.1, -3.1])
def test_a_miss_of_more_than_three_standard_errors_of_the_holdout_is_refused(
    miss,
):
    probability, outcome = leads(log_odds=0)
    with pytest.raises(UnusableModelError, match="misses the rate"):
        check_usable(outcome, moved(outcome, probability, miss))


def test_later_leads_may_have_another_rate_but_must_be_ranked():
    probability, outcome = leads(log_odds=0)
    check_usable(outcome, moved(outcome, probability, 9), may_miss_rate=True)
    shuffled = np.random.default_rng(1).permutation(probability)
    with pytest.raises(UnusableModelError, match="no better than chance"):
        check_usable(outcome, shuffled, may_miss_rate=True)


@pytest.mark.parametrize("miss", [2.9, -2.9])
def test_a_miss_of_less_than_that_passes(miss):
    probability, outcome = leads(log_odds=0)
    check_usable(outcome, moved(outcome, probability, miss))


def test_the_miss_is_measured_by_the_smaller_of_both_standard_errors():
    random = np.random.default_rng(0)
    outcome = (random.random(4000) < 0.03).astype(int)
    unsure = np.where(outcome == 1, 0.06, 0.04)
    own_error = np.sqrt((unsure * (1 - unsure)).mean() / len(outcome))
    result = usability(outcome, unsure)
    assert result.miss > abs(unsure.mean() - outcome.mean()) / own_error
