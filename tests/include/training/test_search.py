"""The grid search."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import ParameterGrid

from include.contract import KnownAt, load_contract
from include.decisions import Decisions
from include.training.data.dataset import make_dataset
from include.training.errors import NotEnoughRowsError
from include.training.families import FAMILIES
from include.training.pipeline import build_pipeline
from include.training.search import (
    best_f1,
    best_setting,
    out_of_fold,
    search,
)
from include.training.space import search_space


@pytest.fixture
def data(contract, accounts):
    return make_dataset(accounts, contract, KnownAt.CONTACT, {})


@pytest.mark.parametrize("family", FAMILIES)
def test_it_tries_the_whole_grid(contract, data, family):
    found = search(Decisions(), contract, family, data, KnownAt.CONTACT)
    assert len(found.table) == len(
        ParameterGrid(search_space().families[family].grid)
    )
    assert found.cv_score in found.table["mean_test_score"].tolist()


def test_the_out_of_fold_probabilities_are_those_of_the_best_setting(
    contract, data
):
    stage = KnownAt.CONTACT
    found = search(Decisions(), contract, "logistic_regression", data, stage)
    rows, target = data.part("train")
    pipeline = build_pipeline(
        Decisions(), contract, "logistic_regression", stage, found.params
    )
    anew = out_of_fold(pipeline, rows, target, data.groups[rows.index])
    np.testing.assert_allclose(found.out_of_fold, anew, rtol=1e-12)


def test_only_training_rows_are_learnt_from(contract, data):
    held = data.split != "train"
    spoilt = data.target.where(~held, 1 - data.target)
    other = make_dataset(
        data.frame.assign(won=spoilt), contract, KnownAt.CONTACT, {}
    )
    first, second = (
        search(
            Decisions(), contract, "logistic_regression", one, KnownAt.CONTACT
        )
        for one in (data, other)
    )
    rows = data.frame[held]
    np.testing.assert_array_equal(
        first.pipeline.predict_proba(rows), second.pipeline.predict_proba(rows)
    )


@pytest.mark.parametrize("family", ["logistic_regression", "lightgbm"])
def test_permuted_labels_teach_nothing(leads, family):
    # With 5,000 leads, 38.5 % converting, the standard error of a ROC-AUC of 0.5 is 0.0084, so 0.03 is 3.6 of them.
    # Everything that looks at labels takes part (target encoding, SMOTE), and twins stay in one fold: apart they would
    # push the figure below 0.5, as whoever has seen one twin's label expects it of the other.
    contract, stage = load_contract("x_education"), KnownAt.CONTACT
    frame = leads.sample(5000, random_state=0)
    frame[contract.label] = np.random.default_rng(0).permutation(
        frame[contract.label]
    )
    data = make_dataset(frame, contract, stage, {})
    params = {"encode__levels": "both", "resample__method": "smote"}
    unseen = out_of_fold(
        build_pipeline(Decisions(), contract, family, stage, params),
        data.frame,
        data.target,
        data.groups,
    )
    assert roc_auc_score(data.target, unseen) == pytest.approx(0.5, abs=0.03)


def test_a_search_on_permuted_labels_finds_nothing_either(
    contract, accounts_of
):
    # 4,000 leads of the training side and 2,200 of the others, about 40 % won: standard errors 0.009 and 0.012.
    frame = accounts_of(6200)
    frame["won"] = np.random.default_rng(0).permutation(frame["won"])
    data = make_dataset(frame, contract, KnownAt.CONTACT, {})
    rows, outcome = data.part("validation", "holdout")
    found = search(
        Decisions(), contract, "logistic_regression", data, KnownAt.CONTACT
    )
    assert roc_auc_score(
        outcome, found.pipeline.predict_proba(rows)[:, 1]
    ) == pytest.approx(0.5, abs=0.03)
    assert roc_auc_score(
        data.part("train")[1], found.out_of_fold
    ) == pytest.approx(0.5, abs=0.03)


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


def test_twins_are_never_in_the_fold_that_scores_and_the_folds_that_teach(
    contract, accounts
):
    # twins with opposite outcomes: whoever has seen one predicts the other wrong
    twins = pd.concat(
        [accounts, accounts.assign(won=1 - accounts["won"])], ignore_index=True
    )
    groups = pd.Series(np.tile(np.arange(len(accounts)), 2))
    pipeline = build_pipeline(
        Decisions(),
        contract,
        "decision_tree",
        KnownAt.CONTACT,
        {"model__min_samples_leaf": 1},
    )
    together = out_of_fold(pipeline, twins, twins["won"], groups)
    apart = out_of_fold(
        pipeline, twins, twins["won"], pd.Series(np.arange(len(twins)))
    )
    assert roc_auc_score(twins["won"], together) == pytest.approx(0.5, abs=0.02)
    assert roc_auc_score(twins["won"], apart) < 0.4


@pytest.mark.parametrize(
    ("target", "groups"),
    [
        ([0, 1], [0, 1]),
        ([0] * 10, range(10)),
        ([0, 1] * 10, [0, 1] * 10),
        ([0] * 20 + [1] * 10, [*range(20), *[20] * 10]),
    ],
    ids=[
        "fewer rows than folds",
        "one outcome",
        "two different rows",
        "all conversions are twins",
    ],
)
def test_rows_that_cannot_be_divided_into_folds_are_a_named_error(
    contract, accounts, target, groups
):
    rows = accounts.head(len(target))
    pipeline = build_pipeline(
        Decisions(), contract, "decision_tree", KnownAt.CONTACT
    )
    with pytest.raises(
        NotEnoughRowsError,
        match=f"{len(target)} leads with .* cannot be divided into 3 folds",
    ):
        out_of_fold(pipeline, rows, pd.Series(target), pd.Series(groups))
