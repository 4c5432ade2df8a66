"""The benchmark of the decisions, with few repeats: it runs, and what few repeats can say is as it must be."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bench._bank import FILE
from bench.decisions.parts import MODULES

ROOT = Path(__file__).parents[2]
UCI = ("outages_on_uci", "uci_later", "uci_chosen_gap")
needs_uci = pytest.mark.skipif(
    not FILE.exists(),
    reason="UCI Bank Marketing is not at hand, and the figures are about it",
)


def test_every_part_is_a_function_of_the_module_that_it_is_listed_with():
    for part, module in MODULES.items():
        assert callable(
            getattr(import_module(f"bench.decisions.{module}"), part)
        ), part


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, Any]]:
    """Run the command as a person would, and return part to figures."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.decisions", "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_every_part_is_measured(figures):
    assert list(figures) == list(MODULES)
    for part, values in figures.items():
        assert values or part in UCI, part


@pytest.mark.slow
def test_one_population_twice_is_no_drift_and_a_change_is_one(figures):
    assert set(figures["false_alarms"].values()) == {0.0}
    assert set(figures["power"].values()) == {1.0}


@pytest.mark.slow
def test_another_spelling_is_reported_and_no_drift_and_another_name_is(figures):
    for name, share in figures["spelling"].items():
        is_right = name.endswith(("_renamed", "_columns_reported"))
        assert share == float(is_right), name


@pytest.mark.slow
def test_the_gate_refuses_what_is_worse_and_takes_more_of_what_is_better(
    figures,
):
    gate = figures["gate"]
    assert set(gate) == {"aa", "better_38", "better_11", "better_3", "worse"}
    assert gate["worse"] == 0
    assert gate["better_38"] > gate["worse"]


@pytest.mark.slow
def test_registered_models_meet_the_rate_of_fresh_leads(figures):
    calibration = figures["calibration_off"]
    assert calibration["trainings"] == 2
    assert calibration["calibration_off"] == 0


@pytest.mark.slow
@needs_uci
def test_a_cut_feed_is_found_in_the_file_with_seasons(figures):
    assert figures["outages_on_uci"]["cut_found"] == 1
    assert figures["outages_on_uci"]["called"] <= 1


@pytest.mark.slow
@needs_uci
def test_the_choice_is_judged_by_what_came_later(figures):
    later = figures["uci_later"]
    assert later["roc_auc"] > 0.5
    assert later["precision_top_20"] > later["rate"]
    assert figures["uci_chosen_gap"]["worst"] <= 0.08
