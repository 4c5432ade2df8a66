"""The grid search."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from include.contract import KnownAt
from include.training.dataset import make_dataset
from include.training.families import FAMILIES
from include.training.search import search


@pytest.fixture
def data(contract, accounts):
    return make_dataset(accounts, contract, KnownAt.CONTACT, {})


@pytest.mark.parametrize("family", FAMILIES)
def test_it_finds_the_same_twice_and_tries_the_whole_grid(contract, data, family):
    first, second = (search(family, data, contract, KnownAt.CONTACT) for _ in range(2))
    assert (first.params, first.cv_score) == (second.params, second.cv_score)
    assert len(first.table) == np.prod([len(values) for values in FAMILIES[family].grid.values()])
    assert first.table["mean_test_score"].iloc[0] == first.cv_score == first.table["mean_test_score"].max()


def test_only_training_rows_are_learnt_from(contract, data):
    held = data.split != "train"
    spoilt = data.target.where(~held, 1 - data.target)
    other = make_dataset(data.frame.assign(won=spoilt), contract, KnownAt.CONTACT, {})
    first, second = (search("logistic_regression", one, contract, KnownAt.CONTACT) for one in (data, other))
    rows = data.frame[held]
    np.testing.assert_array_equal(first.pipeline.predict_proba(rows), second.pipeline.predict_proba(rows))


def test_permuted_labels_teach_nothing(contract, accounts_of):
    frame = accounts_of(3000)
    frame["won"] = np.random.default_rng(0).permutation(frame["won"])
    data = make_dataset(frame, contract, KnownAt.CONTACT, {})
    rows, outcome = data.part("validation", "holdout")
    found = search("logistic_regression", data, contract, KnownAt.CONTACT)
    assert roc_auc_score(outcome, found.pipeline.predict_proba(rows)[:, 1]) == pytest.approx(0.5, abs=0.05)
