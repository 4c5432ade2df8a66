"""The sales team's feedback in a snapshot: counted for the manifest, applied when a training reads it."""

import numpy as np
import pandas as pd
import pytest

from include.contract import KnownAt
from include.decisions import Decisions
from include.features.calibration import Decision
from include.feedback.votes import count_votes
from include.lake.frames import write_parquet
from include.settings import settings
from include.training.data.dataset import make_dataset
from include.training.data.snapshot import write_manifest
from include.training.families import FAMILIES
from include.training.fit import refit
from include.training.recipe import Recipe
from include.training.search import search

STAGE = KnownAt.CONTACT


@pytest.fixture
def voted(accounts):
    """A snapshot as UNLOAD leaves it where nobody has given feedback."""
    return accounts.assign(
        training_label=accounts["won"].astype(float), training_weight=1.0
    )


def test_without_feedback_a_dataset_is_what_it_was_before_there_was_any(
    contract, accounts, voted
):
    before, now = (
        make_dataset(frame, contract, STAGE, {}) for frame in (accounts, voted)
    )
    pd.testing.assert_frame_equal(now.frame, before.frame)
    for name in ("target", "split", "groups", "arrival", "weight"):
        pd.testing.assert_series_equal(
            getattr(now, name), getattr(before, name)
        )
    assert now.fit_params(now.split == "train") == {}


@pytest.mark.parametrize("family", ["logistic_regression", "lightgbm"])
def test_without_feedback_the_same_search_and_model_come_out_bit_for_bit(
    contract, accounts, voted, family
):
    found = [
        search(
            Decisions(),
            contract,
            family,
            make_dataset(frame, contract, STAGE, {}),
            STAGE,
        )
        for frame in (accounts, voted)
    ]
    assert found[0].params == found[1].params
    np.testing.assert_array_equal(found[0].out_of_fold, found[1].out_of_fold)
    pd.testing.assert_frame_equal(found[0].table, found[1].table)


def flipped(voted, contract):
    """Feedback that turns every tenth label round."""
    rows = voted.index % 10 == 0
    return voted.assign(
        training_label=voted["training_label"].where(
            ~rows, 1 - voted["training_label"]
        )
    )


def test_corrected_labels_are_learnt_from_but_the_holdout_keeps_the_warehouses(
    contract, voted
):
    data = make_dataset(flipped(voted, contract), contract, STAGE, {})
    own = data.frame[contract.label].astype(int)
    holdout = data.split == "holdout"
    assert (data.target[holdout] == own[holdout]).all()
    assert (data.target[~holdout] != own[~holdout]).sum() > 30


def test_a_lead_that_only_reps_have_labelled_trains_and_is_never_judged_on(
    contract, voted
):
    open_leads = voted.index % 4 == 0
    frame = voted.assign(won=voted["won"].where(~open_leads))
    sides = make_dataset(voted, contract, STAGE, {}).split
    data = make_dataset(frame, contract, STAGE, {})
    by_reps = data.frame["won"].isna()
    assert set(data.split[by_reps]) == {"train", "validation"}
    assert (
        len(data.frame)
        == len(voted) - (open_leads & (sides == "holdout").to_numpy()).sum()
    )
    assert data.target.isin([0, 1]).all()


def test_what_feedback_says_is_no_feature_of_a_training(contract, voted):
    assert not {"training_label", "training_weight"} & set(
        make_dataset(voted, contract, STAGE, {}).frame
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_takes_weights_and_learns_something_else_from_them(
    contract, voted, family
):
    heavy = voted.assign(training_weight=np.where(voted["won"] == 1, 20.0, 1.0))
    recipe, predictions = (
        Recipe(family, {}, "none", Decision("f1", 0.5, ())),
        [],
    )
    for frame in (voted, heavy):
        data = make_dataset(frame, contract, STAGE, {})
        model = refit(
            Decisions(), contract, recipe, data, data.split == "train", STAGE
        )
        predictions.append(model.predict_proba(data.part("validation")[0]))
    assert not np.allclose(*predictions)


def test_a_search_with_weights_makes_up_no_leads(contract, voted):
    heavy = voted.assign(training_weight=np.where(voted.index % 2, 3.0, 1.0))
    found = search(
        Decisions(),
        contract,
        "decision_tree",
        make_dataset(heavy, contract, STAGE, {}),
        STAGE,
    )
    assert set(found.table["param_resample__method"]) == {"none"}


VOTES = pd.DataFrame({
    "account": ["open", "tie", "wrong", "right"],
    "label": [np.nan, np.nan, 1, 0],
    "votes": [3, 2, 4, 1],
    "capped": [0, 5, 0, 0],
    "superseded": [1, 0, 0, 2],
    "majority": [1, np.nan, 0, 0],
})  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "filled", "corrected", "contradicted"),
    [("off", 0, 0, 1), ("open_only", 1, 0, 1), ("correct", 1, 1, 0)],
)
def test_a_manifest_counts_what_votes_did_and_what_they_did_not(
    layout,
    accounts,
    contract,
    monkeypatch,
    mode,
    filled,
    corrected,
    contradicted,
):
    monkeypatch.setenv("LEADS_FEEDBACK_LABELS", mode)
    settings.cache_clear()
    write_parquet(VOTES, layout.votes("r") + "0000_part_00.parquet")
    write_parquet(accounts, layout.snapshot("r") + "0000_part_00.parquet")
    assert write_manifest(settings(), contract, "r", "")["feedback"] == {
        "labels": mode, "rep_share": 0.02, "weight": 1.0, "leads": 4, "votes": 10, "capped": 5, "superseded": 3,
        "filled": filled, "corrected": corrected, "contradicted": contradicted, "confirmed": 1, "undecided": 1,
    }  # fmt: skip


def test_where_nobody_voted_everything_is_nothing(layout, contract):
    counted = count_votes(settings(), contract, "none")
    assert {
        value
        for name, value in counted.items()
        if name not in ("labels", "rep_share", "weight")
    } == {0}
