"""Calibration, and the last step of a deployed pipeline."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from include.features.calibration import CalibratedModel, Calibration, Decision

DECISION = Decision("f1", 0.4, (("A", 80), ("D", 0)))


def bold(seed=0):
    """Probabilities twice as bold (in log-odds) as the outcomes justify."""
    random = np.random.default_rng(seed)
    odds = random.normal(0, 1.5, 5000)
    outcome = (random.random(5000) < 1 / (1 + np.exp(-odds))).astype(int)
    return 1 / (1 + np.exp(-2 * odds)), outcome


@pytest.mark.parametrize("method", ["sigmoid", "beta"])
def test_a_calibration_lowers_the_brier_score_on_other_leads_and_keeps_the_ranking(
    method,
):
    calibration = Calibration.fitted(method, *bold())
    probability, outcome = bold(1)
    calibrated = calibration(probability)
    assert (
        brier_score_loss(outcome, calibrated)
        < brier_score_loss(outcome, probability) - 0.002
    )
    order = np.argsort(probability)
    assert (np.diff(calibrated[order]) >= 0).all()


def test_sigmoid_finds_the_factor_that_was_put_in():
    weights = Calibration.fitted("sigmoid", *bold()).weights
    assert weights == pytest.approx((0.5, 0.5), abs=0.03)


@pytest.mark.parametrize("method", ["shift", "sigmoid", "beta"])
def test_the_mean_of_what_a_map_gives_is_the_rate_also_where_leaves_are_pure(
    method,
):
    probability, outcome = bold()
    pure = probability.copy()
    pure[probability < 0.1] = 0.0
    pure[probability > 0.8] = 1.0
    calibration = Calibration.fitted(method, pure, outcome)
    assert calibration(pure).mean() == pytest.approx(outcome.mean(), abs=1e-9)


def test_none_changes_nothing():
    probability, outcome = bold()
    assert (
        Calibration.fitted("none", probability, outcome)(probability)
        is probability
    )


def test_a_map_that_would_turn_the_ranking_round_is_refused():
    probability, outcome = bold()
    assert (
        Calibration.fitted("sigmoid", probability, 1 - outcome) == Calibration()
    )


def test_certain_probabilities_stay_numbers():
    calibration = Calibration.fitted("beta", *bold())
    assert np.isfinite(calibration(np.array([0.0, 1.0]))).all()


@pytest.fixture
def model():
    rows = np.linspace(-1, 1, 50)[:, None]
    return CalibratedModel(
        LogisticRegression().fit(rows, rows[:, 0] > 0), Calibration(), DECISION
    )


def test_predictions_follow_the_decisions_threshold(model):
    rows = np.linspace(-1, 1, 21)[:, None]
    assert (
        model.predict(rows) == (model.predict_proba(rows)[:, 1] >= 0.4)
    ).all()
    assert 0 < model.predict(rows).mean() < 1


def test_a_calibrated_model_is_not_fitted_again(model):
    with pytest.raises(TypeError, match="include.training"):
        model.fit([[0.0]], [1])
