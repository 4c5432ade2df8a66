"""Which family becomes the challenger: by random folds, or by the newest windows where these contradict them."""

import pytest

from include.evaluation.intervals import Ranking
from include.training.choice import choice_metrics, choose


def result(family, roc_auc, windows=(), error=0.01):
    """Return what a training of a family hands on; `windows` are ROC-AUCs, the newest first."""
    rankings = [Ranking(area, 0.01) for area in windows]
    metrics = choice_metrics(Ranking(roc_auc, error), rankings)
    return {
        "family": family,
        "metrics": {"unseen_roc_auc": roc_auc, **metrics},
    }


def test_the_best_family_wins_and_the_first_of_equals():
    results = [
        result("decision_tree", 0.8),
        result("xgboost", 0.9),
        result("lightgbm", 0.9),
    ]
    choice = choose(results, "roc_auc")
    assert choice.winner["family"] == "xgboost"
    assert choice.split == "random"


def test_no_result_is_a_clear_error():
    with pytest.raises(ValueError, match="check the train_family tasks"):
        choose([], "roc_auc")


def test_newest_leads_that_keep_the_promise_leave_the_choice_to_random_folds():
    results = [
        result("logistic_regression", 0.88, [0.89]),
        result("lightgbm", 0.90, [0.885]),
    ]
    choice = choose(results, "roc_auc")
    assert (choice.winner["family"], choice.split) == ("lightgbm", "random")


def test_the_reason_says_that_the_newest_leads_were_not_asked():
    results = [result("lightgbm", 0.90), result("xgboost", 0.80)]
    for split in ("auto", "time"):
        choice = choose(results, "roc_auc", split)
        assert choice.split == "random"
        assert "the newest leads were not asked" in choice.reason
    assert "not asked" not in choose(results, "roc_auc", "random").reason


CHANGED = [
    result("lightgbm", 0.90, [0.60, 0.62]),
    result("logistic_regression", 0.80, [0.73, 0.70]),
    result("decision_tree", 0.85, [0.735, 0.70]),
]


def test_newest_leads_that_break_the_promise_decide_and_the_loser_is_named():
    choice = choose(CHANGED, "roc_auc")
    assert choice.winner["family"] == "logistic_regression"
    assert choice.split == "time"
    assert choice.reason.startswith("lightgbm is best on random folds")


def test_random_never_looks_at_the_newest_leads():
    assert choose(CHANGED, "roc_auc", "random").winner["family"] == "lightgbm"


def test_time_always_does():
    results = [
        result("lightgbm", 0.90, [0.90]),
        result("logistic_regression", 0.88, [0.95]),
    ]
    choice = choose(results, "roc_auc", "time")
    assert (choice.winner["family"], choice.split) == (
        "logistic_regression",
        "time",
    )


def test_only_windows_that_all_families_have_are_compared():
    results = [
        result("lightgbm", 0.90, [0.60, 0.99, 0.99]),
        result("logistic_regression", 0.80, [0.79]),
    ]
    assert choose(results, "roc_auc").winner["family"] == "logistic_regression"


def test_results_from_before_there_were_windows_are_chosen_by_random_folds():
    old = [
        {"family": "lightgbm", "metrics": {"unseen_roc_auc": 0.9}},
        {"family": "xgboost", "metrics": {"unseen_roc_auc": 0.8}},
    ]
    assert choose(old, "roc_auc").winner["family"] == "lightgbm"
