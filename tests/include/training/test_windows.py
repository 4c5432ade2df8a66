"""The newest leads, window by window, against what random folds promise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from bench._generated import generated_contract
from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.evaluation.intervals import Ranking, ranking
from include.training.data.dataset import Dataset
from include.training.pipeline import build_pipeline
from include.training.search import search
from include.training.windows import (
    best_on_windows,
    contradicts,
    newest_windows,
    setting_on_windows,
    together,
    window_rankings,
)

LEADS = 3000


def dataset(changes: bool, clock: bool = True) -> tuple[Contract, Dataset]:
    """Return leads in order of arrival, with a relation to `level` that turns round for the newest fifth.

    With `changes` False the relation stays. `steady` says something about the outcome all the time.
    """
    random = np.random.default_rng(0)
    level = random.normal(size=LEADS)
    steady = random.normal(size=LEADS)
    direction = np.ones(LEADS)
    if changes:
        direction[-LEADS // 5 :] = -1
    log_odds = 2.5 * direction * level + steady
    outcome = (random.random(LEADS) < 1 / (1 + np.exp(-log_odds))).astype(int)
    contract = generated_contract({"level": "number", "steady": "number"})
    frame = pd.DataFrame(
        {
            "lead": [str(number) for number in range(LEADS)],
            "arrived": np.arange(LEADS) if clock else 7,
            "won": outcome,
            "level": level,
            "steady": steady,
        }
    )
    sides = random.choice(
        ["train", "validation", "holdout"], p=[0.64, 0.16, 0.2], size=LEADS
    )
    data = Dataset(
        frame=frame,
        target=frame["won"],
        split=pd.Series(sides),
        groups=pd.Series(np.arange(LEADS)),
        arrival=frame["arrived"],
        manifest={},
        weight=pd.Series(np.ones(LEADS)),
    )
    return contract, data


def test_each_window_is_newer_than_all_it_learns_from_and_free_of_the_holdout():
    _, data = dataset(changes=False)
    windows = newest_windows(data)
    assert len(windows) == 4
    for window in windows:
        assert window.older.max() < window.newer.min()
        used = data.split.iloc[[*window.older, *window.newer]]
        assert "holdout" not in set(used)
    assert windows[0].newer.min() > windows[1].newer.max()


def test_a_clock_that_stands_still_gives_no_windows():
    _, data = dataset(changes=False, clock=False)
    assert newest_windows(data) == []


@pytest.mark.parametrize(
    ("leads_per_moment", "count"), [(30, 4), (100, 4), (400, 3), (1000, 1)]
)
def test_windows_of_a_clock_of_days_or_months_begin_with_a_moment(
    leads_per_moment, count
):
    _, data = dataset(changes=False)
    moments = data.arrival // leads_per_moment
    windows = newest_windows(replace(data, arrival=moments))
    assert len(windows) == count
    for window in windows:
        newest_older = moments.iloc[window.older].max()
        assert newest_older < moments.iloc[window.newer].min()
        assert len(window.older) >= 0.5 * (data.split != "holdout").sum()


def test_leads_without_a_moment_are_in_no_window():
    _, data = dataset(changes=False)
    unknown = data.arrival.astype("float64").mask(data.arrival % 10 == 0)
    for window in newest_windows(replace(data, arrival=unknown)):
        used = unknown.iloc[[*window.older, *window.newer]]
        assert used.notna().all()


def test_the_newest_leads_hold_whole_moments_and_none_without_a_moment():
    _, data = dataset(changes=False)
    months = (data.arrival // 400).astype("float64").mask(data.arrival < 100)
    newest = replace(data, arrival=months).newest(0.2)
    assert set(months[newest]) == {6.0, 7.0}


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "looked_at"), [(False, 1), (True, 4)])
def test_a_search_looks_at_all_windows_only_where_the_newest_breaks_the_promise(
    changes, looked_at
):
    contract, data = dataset(changes)
    found = search(
        Decisions(), contract, "logistic_regression", data, KnownAt.CONTACT
    )
    assert len(found.windows) == looked_at
    promised = ranking(data.part("train")[1], found.out_of_fold)
    assert contradicts(found.windows[0], promised) == changes


def test_a_window_that_is_known_is_not_looked_at_again():
    contract, data = dataset(changes=True)
    windows = newest_windows(data)
    built = []

    def build(params):
        built.append(params["model__C"])
        return build_pipeline(
            Decisions(),
            contract,
            "logistic_regression",
            KnownAt.CONTACT,
            params,
        )

    settings = [{"model__C": 1.0}, {"model__C": 1e-6}]
    (newest,) = window_rankings(build, settings[:1], data, windows[0])
    once = built.count(1.0)
    _, rankings = setting_on_windows(build, settings, data, windows, newest)
    assert rankings[0] == newest
    assert len(rankings) == 4
    assert built.count(1.0) == 4 * once


def test_random_fits_nothing_on_windows():
    contract, data = dataset(changes=True)
    found = search(
        Decisions(split="random"),
        contract,
        "logistic_regression",
        data,
        KnownAt.CONTACT,
    )
    assert found.windows == ()


def test_the_error_is_that_of_resampling():
    random = np.random.default_rng(1)
    outcome = random.integers(0, 2, 400)
    probability = outcome + random.normal(scale=1.2, size=400)
    areas = []
    for _ in range(400):
        drawn = random.integers(0, 400, 400)
        areas.append(roc_auc_score(outcome[drawn], probability[drawn]))
    found = ranking(outcome, probability)
    assert found.error == pytest.approx(np.std(areas), rel=0.25)


def test_the_newest_window_counts_twice_as_much_as_the_one_before():
    mean = together([Ranking(0.9, 0.03), Ranking(0.6, 0.03)])
    assert mean.roc_auc == pytest.approx(0.8)
    assert mean.error == pytest.approx(0.03 * np.sqrt(5) / 3)


def test_the_preferred_one_within_an_error_of_the_best_is_taken():
    rankings = {"plain": Ranking(0.79, 0.02), "rich": Ranking(0.80, 0.02)}
    assert best_on_windows(rankings) == "plain"
    assert best_on_windows({**rankings, "other": Ranking(0.9, 0.02)}) == "other"
