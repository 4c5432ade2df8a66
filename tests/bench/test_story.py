"""The benchmark of the story's company, with few leads: what it reads is what happened, and nothing later."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.story import asking
from bench.story.declared import (
    KEY,
    declared,
    drivers_in_top,
    flat_contract,
)
from bench.story.power import noticing_power, power
from bench.story.systems import Story, read_story
from bench.story.tables import known_outcomes, outcome_rows, stage_table
from demo.story.story import make_world
from include.contract import load_contract

ROOT = Path(__file__).parents[2]
START = pd.Timestamp("2024-10-07", tz="UTC")
LATER = pd.Timestamp("2026-01-01", tz="UTC")


@pytest.fixture(scope="module")
def story() -> Story:
    """Draw a story of 300 leads."""
    return read_story(make_world(300, 3))


@pytest.fixture(scope="module")
def called(story) -> pd.DataFrame:
    """Return what was known of each lead at its first call, beside the truth."""
    table = stage_table(story, "contact").set_index(KEY)
    return story.people.join(table, on=KEY, rsuffix="_known", how="inner")


def test_nearly_every_person_is_a_lead_of_their_own(story):
    assert story.people[KEY].notna().all()
    assert story.people[KEY].nunique() >= 0.97 * len(story.people)


def test_features_are_what_truly_happened_to_nearly_every_person(called):
    same_touches = called["touches_first_week"] == called["touches"]
    assert same_touches.mean() > 0.93
    answered = called["answered_known"].astype("Float64") == called["answered"]
    assert answered.mean() > 0.97


def test_outcomes_that_are_known_in_the_end_are_the_true_ones(story):
    for name, outcome in declared().outcomes.items():
        rows = outcome_rows(story, outcome).to_pandas()
        value = story.people[KEY].map(known_outcomes(rows, LATER)["value"])
        is_known = value.notna()
        truth = story.people.loc[is_known, name].astype(int)
        assert is_known.sum() > 50
        assert (value[is_known] == truth).mean() > 0.97


def test_an_outcome_is_not_known_before_it_is_mature(story):
    outcome = declared().outcomes["converted"]
    rows = outcome_rows(story, outcome).to_pandas()
    known = known_outcomes(rows, START)
    created_at = story.leads.set_index(KEY)["created_at"]
    age = START - created_at[known.index]
    assert (age >= pd.Timedelta(days=outcome.mature_after_days)).all()
    assert np.isin(known["value"], (0, 1)).all()


def test_rates_move_no_verdict_and_drivers_are_columns():
    contract = flat_contract("approved")
    seasonal = {one.field for one in contract.columns if one.seasonal}
    assert seasonal == set(declared().rates)
    assert set(declared().drivers) <= set(contract.fields)


def test_drivers_count_among_the_first_eight_only():
    names = [f"other_{number}" for number in range(6)]
    assert drivers_in_top([*names, *declared().drivers]) == 2


@pytest.mark.slow
def test_a_change_is_noticed_in_the_first_window_with_a_confirmed_trigger():
    # Evidently takes ten seconds to import, so that only the slow tests do.
    watch = import_module("bench.story.watch")
    verdict = import_module("include.monitoring.verdict")
    end = START + pd.Timedelta(days=30)
    windows = list(watch.windows_between(START, end, 7))
    drift = verdict.DriftVerdict(
        verdict="drift", triggers=("performance",), confirmed=True
    )
    findings = [watch.Finding(windows[0]), watch.Finding(windows[1], drift)]
    assert len(windows) == 4
    assert windows[1].until == windows[2].since
    assert watch.count_until(findings, "performance") == 2
    assert watch.count_until(findings, "data", "prediction") is None


@pytest.mark.slow
def test_the_command_prints_every_figure_of_a_small_story():
    done = subprocess.run(
        [sys.executable, "-m", "bench.story", "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["false_retrains"] == 0
    assert figures["channel_shift_windows"] <= 2
    assert figures["approval_others"] == 0
    assert 0 < figures["gap_converted"] < 0.05


def test_each_request_has_one_lead_with_40_events_of_its_own_time():
    contract = load_contract(str(asking.STORY))
    tables = asking.source_tables(contract, 400)
    bodies = asking.requests(tables, 1_800_000_000_000_000, seed=1)
    request = json.loads(bodies[0])
    assert len(request["events"]) == asking.EVENTS
    created = request["lead"]["created_at"]
    assert all(event["occurred_at"] >= created for event in request["events"])


def test_a_test_of_calibration_raises_one_false_alarm_in_a_hundred():
    logits = np.random.default_rng(1).normal(0, 1.5, 400)
    nobody = np.zeros(400, dtype=bool)
    assert 0 <= power(logits, -logits, nobody) <= 0.03


def test_a_test_of_calibration_notices_criteria_that_most_decisions_follow():
    logits = np.random.default_rng(1).normal(0, 1.5, 400)
    most = np.arange(400) < 300
    assert power(logits, np.zeros(400), most) > 0.95


def test_few_decisions_of_the_first_week_follow_the_new_criteria():
    figures = noticing_power(make_world(30_000, 7), days=7)
    share = figures["approval_by_new_criteria_1"]
    assert 0 < share < figures["approval_decisions_1"] / 3
    assert figures["approval_power_1"] < figures["approval_power_2"]
