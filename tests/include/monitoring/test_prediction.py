"""The champion's scores: loading it, the leads they are compared with, and when they have moved."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from include.contract import KnownAt
from include.monitoring.columns.config import drift_config
from include.monitoring.errors import ChampionUnreadableError
from include.monitoring.prediction import (
    Champion,
    held_out,
    load,
    prediction_drift,
    sample,
)
from include.registry.registry import champion
from include.registry.tracking import connect
from include.settings import settings
from include.training.data.splits import assign_split


def scores(rows, seed, shift=0.0):
    """Most scores near 0 or 1, as a calibrated model gives them."""
    random = np.random.default_rng(seed)
    high = random.random(rows) < 0.38 + shift
    return np.where(high, random.beta(4, 0.4, rows), random.beta(0.3, 4, rows))


def test_scores_of_one_population_hardly_ever_drift_at_the_least_sizes():
    alarms = [
        prediction_drift(
            scores(200, 2 * n), scores(200, 2 * n + 1), drift_config()
        ).drifted
        for n in range(25)
    ]
    assert sum(alarms) <= 1


def test_scores_that_have_moved_drift_by_the_pinned_method():
    found = prediction_drift(
        scores(1800, 1), scores(550, 2, shift=0.25), drift_config()
    )
    assert (found.column, found.method, found.threshold, found.drifted) == (
        "(prediction)",
        "wasserstein",
        0.25,
        True,
    )


@pytest.mark.parametrize("leads_held_out", ["drawn", "newest"])
def test_held_out_leads_are_the_closed_ones_on_the_holdout_side(
    contract, accounts, leads_held_out
):
    opened = accounts.assign(won=accounts["won"].where(accounts.index % 10 > 0))
    leads = held_out(opened, contract, KnownAt.CONTACT, leads_held_out)
    closed = opened[opened["won"].notna()]
    sides = assign_split(closed, contract, held_out=leads_held_out)
    expected = closed[sides == "holdout"]
    assert sorted(leads["account"]) == sorted(expected["account"])


def test_a_sample_is_the_same_every_time(accounts):
    assert len(sample(accounts, 50)) == 50
    assert sample(accounts, 50).equals(sample(accounts, 50))


def test_few_leads_are_all_of_the_sample(accounts):
    assert sample(accounts, 600) is accounts


@pytest.fixture
def crowned(crown, contract, accounts):
    """Makes a champion and returns what the registry says of it."""

    def make(**options):
        crown(accounts, **options)
        return champion(
            connect(settings().mlflow.tracking_uri), contract.model_name()
        )

    return make


def test_a_champion_scores_every_lead(crowned, accounts):
    found = load(crowned()).scores(accounts)
    assert found.shape == (600,)
    assert ((found >= 0) & (found <= 1)).all()


def test_no_leads_have_no_scores(crowned, accounts):
    assert len(load(crowned()).scores(accounts.iloc[:0])) == 0


@pytest.mark.parametrize(
    ("unusable", "problem"),
    [
        ("broken", "cannot be loaded"),
        ("undecided", "carries no decision with a threshold"),
    ],
)
def test_a_champion_that_cannot_be_used_is_named_with_a_way_out(
    crowned, unusable, problem
):
    serving = crowned(**{unusable: True})
    with pytest.raises(
        ChampionUnreadableError,
        match=rf"champion {serving.uri} {problem}.* rollback=true",
    ):
        load(serving)


def test_the_threshold_is_the_models_own_whatever_the_tag_of_its_version_says(
    crowned,
):
    serving = crowned()
    edited = replace(serving, tags=serving.tags | {"threshold": "0.99"})
    assert load(edited).threshold == load(serving).threshold == 0.5


def test_a_registered_model_that_gives_no_probabilities_is_named(
    crowned, accounts
):
    regression = Champion(crowned(), 0.5, LinearRegression())
    with pytest.raises(
        ChampionUnreadableError,
        match=rf"{regression.info.uri} cannot score these leads \(AttributeError",
    ):
        regression.scores(accounts)
