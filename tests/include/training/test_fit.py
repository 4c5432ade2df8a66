"""A family fitted, calibrated and given its threshold."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from include.contract import KnownAt, decisions_of
from include.decisions import Decisions
from include.features.calibration import Decision
from include.settings import Settings
from include.training.challenger import as_served
from include.training.data.dataset import make_dataset
from include.training.families import FAMILIES
from include.training.fit import best_calibration, fit_family, refit
from include.training.recipe import Recipe, from_dict, to_dict

STAGE = KnownAt.CONTACT


@pytest.fixture
def data(contract, accounts):
    return make_dataset(accounts, contract, STAGE, {})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns(contract, data, family):
    assert (
        fit_family(Decisions(), contract, family, data, STAGE).metrics[
            "roc_auc"
        ]
        > 0.75
    )


def test_the_figures_are_those_of_the_calibrated_pipeline_on_the_validation_side(
    contract, data
):
    made = fit_family(Decisions(), contract, "lightgbm", data, STAGE)
    rows, outcome = data.part("validation")
    probability = made.pipeline.predict_proba(rows)[:, 1]
    assert made.metrics["brier"] == pytest.approx(
        brier_score_loss(outcome, probability)
    )
    assert made.metrics["roc_auc"] == pytest.approx(
        roc_auc_score(outcome, probability)
    )
    assert (
        made.metrics["threshold"]
        == made.recipe.decision.threshold
        == made.pipeline[-1].decision.threshold
    )


def test_the_setting_decides_the_policy(contract, data, monkeypatch):
    monkeypatch.setenv("LEADS_THRESHOLD_POLICY", "cost")
    monkeypatch.setenv("LEADS_MISSED_LEAD_HOURS", "4")
    decided = decisions_of(Settings(), contract)
    decision = fit_family(
        decided, contract, "decision_tree", data, STAGE
    ).recipe.decision
    assert (decision.policy, decision.threshold) == ("cost", 0.2)


def bold(factor, seed):
    random = np.random.default_rng(seed)
    odds = random.normal(0, 1.5, 4000)
    return 1 / (1 + np.exp(-factor * odds)), (
        random.random(4000) < 1 / (1 + np.exp(-odds))
    ).astype(int)


def test_a_calibration_is_kept_only_where_it_lowers_brier_on_the_validation_side():
    assert best_calibration(*bold(2, 0), *bold(2, 1)).method != "none"
    assert best_calibration(*bold(2, 0), *bold(1, 1)).method == "none"


def test_a_recipe_survives_json(contract, data):
    recipe = fit_family(
        Decisions(), contract, "decision_tree", data, STAGE
    ).recipe
    assert from_dict(json.loads(json.dumps(to_dict(recipe)))) == recipe


def test_a_recipe_fitted_on_the_same_rows_is_the_same_model(contract, data):
    made = fit_family(Decisions(), contract, "xgboost", data, STAGE)
    again = refit(
        Decisions(), contract, made.recipe, data, data.split == "train", STAGE
    )
    rows = data.part("holdout")[0]
    np.testing.assert_array_equal(
        again.predict_proba(rows), made.pipeline.predict_proba(rows)
    )


def spoilt(accounts, **changes):
    return accounts.assign(
        **{field: change(accounts[field]) for field, change in changes.items()}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"visits": lambda column: np.nan},
        {
            "region": lambda column: None,
            "minutes": lambda column: column.where(column < 90, np.inf),
        },
        {
            "channel": lambda column: [
                f"level {number}" for number in range(len(column))
            ]
        },
        {"minutes": lambda column: column.astype(str)},
    ],
    ids=[
        "a column all missing",
        "infinite values",
        "a level per lead",
        "numbers as text",
    ],
)
@pytest.mark.parametrize("family", ["logistic_regression", "xgboost"])
def test_bad_columns_still_give_a_usable_model(
    contract, accounts, changes, family
):
    data = make_dataset(spoilt(accounts, **changes), contract, STAGE, {})
    made = fit_family(Decisions(), contract, family, data, STAGE)
    assert made.metrics["roc_auc"] > 0.75
    assert np.isfinite(
        made.pipeline.predict_proba(data.part("holdout")[0])
    ).all()


def test_a_constant_outcome_in_one_segment_does_no_harm(contract, accounts):
    frame = accounts.assign(
        won=accounts["won"].mask(accounts["channel"] == "web", 0)
    )
    made = fit_family(
        Decisions(),
        contract,
        "logistic_regression",
        make_dataset(frame, contract, STAGE, {}),
        STAGE,
    )
    assert made.metrics["roc_auc"] > 0.75


def test_leads_without_a_clock_still_have_newest_ones(contract, accounts):
    data = make_dataset(accounts.assign(number=pd.NA), contract, STAGE, {})
    assert not data.newest(0.2).any()


def test_a_refit_on_balanced_rows_is_calibrated_and_says_so(contract, data):
    recipe = Recipe(
        "logistic_regression",
        {"resample__method": "smote"},
        "none",
        Decision("f1", 0.9, (("A", 80), ("D", 0))),
    )
    mask = data.split == "train"
    model = refit(Decisions(), contract, recipe, data, mask, STAGE)
    served = as_served(recipe, model)
    assert served.calibration == model[-1].calibration.method == "shift"
    assert served.decision == model[-1].decision
    assert served.decision.threshold != 0.9
