"""The grid search."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import ParameterGrid

from include.contract import KnownAt
from include.training.dataset import make_dataset
from include.training.families import FAMILIES, build_pipeline
from include.training.search import best_f1, best_setting, out_of_fold, search
from include.training.space import search_space


@pytest.fixture
def data(contract, accounts):
    return make_dataset(accounts, contract, KnownAt.CONTACT, {})


@pytest.mark.parametrize("family", FAMILIES)
def test_it_finds_the_same_twice_and_tries_the_whole_grid(contract, data, family):
    first, second = (search(family, data, contract, KnownAt.CONTACT) for _ in range(2))
    assert (first.params, first.cv_score) == (second.params, second.cv_score)
    assert len(first.table) == len(ParameterGrid(search_space().families[family].grid))
    assert first.cv_score in first.table["mean_test_score"].tolist()


def test_only_training_rows_are_learnt_from(contract, data):
    held = data.split != "train"
    spoilt = data.target.where(~held, 1 - data.target)
    other = make_dataset(data.frame.assign(won=spoilt), contract, KnownAt.CONTACT, {})
    first, second = (search("logistic_regression", one, contract, KnownAt.CONTACT) for one in (data, other))
    rows = data.frame[held]
    np.testing.assert_array_equal(first.pipeline.predict_proba(rows), second.pipeline.predict_proba(rows))


def test_permuted_labels_teach_nothing(contract, accounts_of):
    frame = accounts_of(8000)
    frame["won"] = np.random.default_rng(0).permutation(frame["won"])
    data = make_dataset(frame, contract, KnownAt.CONTACT, {})
    rows, outcome = data.part("validation", "holdout")
    for family in ("logistic_regression", "decision_tree"):
        found = search(family, data, contract, KnownAt.CONTACT)
        assert roc_auc_score(outcome, found.pipeline.predict_proba(rows)[:, 1]) == pytest.approx(0.5, abs=0.03)
        assert roc_auc_score(data.part("train")[1], found.out_of_fold) == pytest.approx(0.5, abs=0.03)


def test_a_setting_is_worth_the_f1_at_its_best_threshold():
    random = np.random.default_rng(0)
    probability = random.random(200)
    outcome = (random.random(200) < probability).astype(int)
    worth = max(f1_score(outcome, probability >= one) for one in probability)
    # The last bit depends on the order of a sum.
    assert best_f1(outcome, probability) == pytest.approx(worth, rel=1e-12)


def test_among_settings_as_good_as_the_best_the_most_trustworthy_probabilities_win():
    results = {
        "mean_test_score": [0.900, 0.899, 0.898, 0.870],
        "std_test_score": [0.005, 0.001, 0.001, 0.001],
        "mean_test_brier": [-0.12, -0.10, -0.11, -0.05],
    }
    assert best_setting(results) == 1
    assert best_setting({**results, "std_test_score": [0.0] * 4}) == 0


def test_twins_are_never_in_the_fold_that_scores_and_the_folds_that_teach(contract, accounts):
    # twins with opposite outcomes: whoever has seen one predicts the other wrong
    twins = pd.concat([accounts, accounts.assign(won=1 - accounts["won"])], ignore_index=True)
    groups = pd.Series(np.tile(np.arange(len(accounts)), 2))
    pipeline = build_pipeline("decision_tree", contract, KnownAt.CONTACT, {"model__min_samples_leaf": 1})
    together = out_of_fold(pipeline, twins, twins["won"], groups)
    apart = out_of_fold(pipeline, twins, twins["won"], pd.Series(np.arange(len(twins))))
    assert roc_auc_score(twins["won"], together) == pytest.approx(0.5, abs=0.02)
    assert roc_auc_score(twins["won"], apart) < 0.4
