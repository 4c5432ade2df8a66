"""SMOTE as a step."""

import numpy as np
import pytest

from include.contract import KnownAt
from include.decisions import Decisions
from include.training.pipeline import build_pipeline
from include.training.resampling import Resample

ROWS = np.random.default_rng(0).random((60, 3))


def outcomes(rarer):
    return np.array([1] * rarer + [0] * (60 - rarer))


@pytest.mark.parametrize("rarer", [2, 4, 20])
def test_smote_balances_and_keeps_the_rows_it_was_given(rarer):
    rows, outcome = Resample("smote").fit_resample(ROWS, outcomes(rarer))
    np.testing.assert_array_equal(rows[:60], ROWS)
    assert (outcome == 1).sum() == (outcome == 0).sum() == 60 - rarer


@pytest.mark.parametrize(("method", "rarer"), [("none", 20), ("smote", 1)])
def test_without_smote_or_without_a_pair_to_copy_the_rows_stay(method, rarer):
    rows, outcome = Resample(method).fit_resample(ROWS, outcomes(rarer))
    assert rows is ROWS
    assert outcome.tolist() == outcomes(rarer).tolist()


def test_rows_to_score_are_never_resampled(contract, accounts):
    params = {"resample__method": "smote"}
    pipeline = build_pipeline(
        Decisions(), contract, "decision_tree", KnownAt.CONTACT, params
    ).fit(accounts, accounts["won"])
    assert pipeline.predict_proba(accounts.head(7)).shape == (7, 2)
