"""The paired bootstrap: bounds of a gain, and groups drawn as a whole."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score

from include.evaluation.errors import OneClassOnlyError
from include.evaluation.figures import ScoresUnusableError
from include.promotion.paired import paired_changes

HALF = 0.5


def leads(rows=600, noise=(1.0, 0.5), seed=0):
    """Outcomes and two models' probabilities; less noise is a better model."""
    random = np.random.default_rng(seed)
    logit = random.normal(0, 2, rows)
    outcome = (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    models = [
        1 / (1 + np.exp(-(logit + random.normal(0, spread, rows))))
        for spread in noise
    ]
    return outcome, *models


def changes(
    outcome, champion, challenger, groups=None, metric="roc_auc", seed=0
):
    groups = np.arange(len(outcome)) if groups is None else groups
    return paired_changes(
        outcome, (champion, HALF), (challenger, HALF), groups, metric, seed
    )


def test_the_change_is_the_difference_of_scikit_learns_figures():
    outcome, old, new = leads()
    found = changes(outcome, old, new)
    assert found["roc_auc"].value == pytest.approx(
        roc_auc_score(outcome, new) - roc_auc_score(outcome, old)
    )
    assert found["brier"].value == pytest.approx(
        brier_score_loss(outcome, old) - brier_score_loss(outcome, new)
    )


def test_ties_count_half():
    outcome, old, new = leads()
    found = changes(outcome, old.round(1), new.round(1))
    assert found["roc_auc"].value == pytest.approx(
        roc_auc_score(outcome, new.round(1))
        - roc_auc_score(outcome, old.round(1))
    )


def test_another_primary_metric_is_judged_at_the_models_thresholds():
    outcome, old, new = leads()
    found = paired_changes(
        outcome, (old, 0.3), (new, 0.6), np.arange(len(outcome)), "f1"
    )
    assert found["f1"].value == pytest.approx(
        f1_score(outcome, new >= 0.6) - f1_score(outcome, old >= 0.3)
    )


def test_bounds_lie_around_the_value_and_come_back_the_same_for_the_same_seed():
    outcome, old, new = leads()
    found = changes(outcome, old, new)["roc_auc"]
    assert found.lower < found.value < found.upper
    assert changes(outcome, old, new)["roc_auc"] == found
    assert changes(outcome, old, new, seed=1)["roc_auc"] != found


def test_bounds_agree_with_a_plain_bootstrap_in_a_loop():
    outcome, old, new = leads()
    random, gains = np.random.default_rng(1), []
    for _ in range(1000):
        rows = random.integers(0, len(outcome), len(outcome))
        gains.append(
            roc_auc_score(outcome[rows], new[rows])
            - roc_auc_score(outcome[rows], old[rows])
        )
    found = changes(outcome, old, new)["roc_auc"]
    # A 5 % quantile of 1,000 draws has a standard error of 0.067 deviations; four of the difference of two are 0.38.
    assert [found.lower, found.upper] == pytest.approx(
        np.quantile(gains, [0.05, 0.95]), abs=0.38 * np.std(gains)
    )


def test_a_model_against_itself_has_no_gain_at_all():
    outcome, old, _ = leads()
    found = changes(outcome, old, old)
    assert {(one.lower, one.value, one.upper) for one in found.values()} == {
        (0.0, 0.0, 0.0)
    }


def test_models_swapped_have_the_opposite_change():
    outcome, old, new = leads()
    there, back = (
        changes(outcome, old, new)["roc_auc"],
        changes(outcome, new, old)["roc_auc"],
    )
    assert (back.value, back.lower) == pytest.approx(
        (-there.value, -there.upper)
    )


def test_identical_leads_are_no_independent_evidence():
    """Each lead ten times says no more than once: only the groups tell."""
    outcome, old, new = (np.repeat(values, 10) for values in leads(rows=150))
    once = changes(*leads(rows=150))["roc_auc"]
    grouped = changes(outcome, old, new, groups=np.repeat(np.arange(150), 10))[
        "roc_auc"
    ]
    alone = changes(outcome, old, new)["roc_auc"]
    assert grouped == once
    assert alone.upper - alone.lower < 0.5 * (grouped.upper - grouped.lower)


def test_a_large_holdout_is_judged_in_pieces_with_the_same_meaning(monkeypatch):
    outcome, old, new = leads()
    whole = changes(outcome, old, new)["roc_auc"]
    monkeypatch.setattr("include.promotion.paired.CELLS", 600 * 70)
    pieces = changes(outcome, old, new)["roc_auc"]
    assert pieces.value == whole.value
    assert (pieces.lower, pieces.upper) == pytest.approx(
        (whole.lower, whole.upper), abs=0.002
    )


def test_one_outcome_only_cannot_be_judged():
    with pytest.raises(OneClassOnlyError):
        changes(np.ones(5, dtype=int), np.full(5, 0.4), np.full(5, 0.6))


def test_a_score_that_is_no_probability_is_refused():
    outcome, old, new = leads()
    with pytest.raises(ScoresUnusableError, match="1 of 600"):
        changes(outcome, old, np.r_[np.nan, new[1:]])
