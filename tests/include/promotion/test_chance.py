"""Floors that follow the data: a first model has to be better than chance at the rate of its own leads."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from include.contract import KnownAt, decisions_of, load_contract
from include.decisions import Decisions
from include.promotion.compare import gate_report
from include.promotion.gate import chance_of, judge, replay
from include.promotion.gate_report import GateReport
from include.settings import Settings

RATES = (0.03, 0.11, 0.38, 0.80)
CHANCE = ["roc_auc", "pr_auc", "brier_skill"]


def leads(rate, seed=0, rows=2000, spread=1.5):
    """Return outcomes and the probabilities by which they were drawn, about `rate` on average."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(0, spread, rows)
    shift = brentq(lambda one: expit(log_odds + one).mean() - rate, -20, 20)
    probability = expit(log_odds + shift)
    return (random.random(rows) < probability).astype(int), probability


def first_model(outcome, probability, decisions=None, threshold=0.5):
    """Return the gate's verdict on a first model of the contact stage."""
    return judge(report_of(outcome, probability, decisions, threshold))


def report_of(outcome, probability, decisions=None, threshold=0.5):
    return gate_report(
        decisions or Decisions(),
        "first",
        "roc_auc",
        outcome,
        (probability, threshold),
        None,
        np.arange(len(outcome)),
        pd.DataFrame(index=range(len(outcome))),
        KnownAt.CONTACT,
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_knows_its_leads_becomes_champion_at_any_rate(rate, seed):
    verdict = first_model(*leads(rate, seed))
    assert verdict.promote, verdict.reasons
    assert [rule.name for rule in verdict.rules] == CHANCE


@pytest.mark.parametrize(
    "rate",
    [0.11]
    + [
        pytest.param(rate, marks=pytest.mark.slow) for rate in (0.03, 0.38, 0.8)
    ],
)
def test_few_models_that_know_nothing_pass(rate):
    passed = 0
    for seed in range(200):
        outcome, probability = leads(rate, seed, rows=600)
        shuffled = np.random.default_rng(1000 + seed).permutation(probability)
        passed += first_model(outcome, shuffled).promote
    assert passed <= 200 * 0.025


@pytest.mark.parametrize("rate", RATES)
def test_a_model_that_gives_every_lead_the_rate_does_not_pass(rate):
    outcome, _ = leads(rate)
    same = np.full(len(outcome), outcome.mean())
    verdict = first_model(outcome, same)
    assert not verdict.promote
    assert verdict.reasons[0].startswith("roc_auc: 0.5000 is not > 0.5")


def test_a_refusal_says_figure_floor_and_rate():
    outcome = np.repeat([0, 1], [971, 29])
    probability = np.random.default_rng(0).random(1000) * 0.05
    verdict = first_model(outcome, probability)
    assert not verdict.promote
    figure = verdict.rules[0].value
    assert verdict.reasons[0] == (
        f"roc_auc: {figure:.4f} is not > 0.6067 (chance at a rate of 2.9 % of 1,000 leads)"
    )


def test_probabilities_of_another_rate_do_not_pass_however_well_they_rank():
    outcome, probability = leads(0.03)
    odds = probability / (1 - probability) * 30
    verdict = first_model(outcome, odds / (1 + odds))
    assert verdict.reasons[0].startswith("brier_skill: -")
    assert len(verdict.reasons) == 1


def test_a_holdout_of_three_leads_proves_nothing():
    verdict = first_model(np.array([1, 0, 0]), np.array([0.9, 0.2, 0.1]))
    assert verdict.reasons == (
        "roc_auc: 1.0000 is not > 1.3002 (chance at a rate of 33.3 % of 3 leads)",
    )


def test_the_floor_of_a_ranking_is_that_of_the_mann_whitney_test():
    outcome = np.repeat([0, 1], [60, 40])
    error = np.sqrt(101 / (12 * 60 * 40))
    assert chance_of(outcome).roc_auc == pytest.approx(
        0.5 + 1.96 * error, abs=1e-5
    )


def test_a_contract_that_names_one_floor_is_judged_by_that_one_alone():
    decisions = Decisions(floors_contact={"roc_auc": 0.7})
    outcome, probability = leads(0.03)
    verdict = first_model(outcome, probability, decisions)
    assert [str(rule.origin) for rule in verdict.rules] == ["floors_contact"]
    other = gate_report(
        decisions, "first", "roc_auc", outcome, (probability, 0.5), None,
        np.arange(len(outcome)), pd.DataFrame(index=range(len(outcome))), KnownAt.CAPTURE,
    )  # fmt: skip
    assert other.floors == {}
    assert other.chance is not None


def test_the_guides_floors_are_the_contracts_and_say_so():
    decisions = decisions_of(Settings(), load_contract("x_education"))
    verdict = first_model(*leads(0.38), decisions)
    names = [rule.name for rule in verdict.rules]
    assert names == ["accuracy", "precision", "recall", "roc_auc"]
    assert verdict.reasons[0].endswith("≥ 0.9000 (floors_contact)")


@pytest.mark.parametrize(
    "decisions", [None, Decisions(floors_contact={"f1": 0.9})]
)
def test_a_record_of_these_floors_replays(decisions):
    report = report_of(*leads(0.11), decisions)
    decision = {"decision_id": "r/contact", "model": "m", "stage": "contact"}
    written = json.loads(
        json.dumps(
            decision
            | {"report": report.model_dump(mode="json")}
            | judge(report).model_dump(mode="json")
        )
    )
    assert replay(written) == judge(report)


def test_a_report_from_before_is_judged_as_it_was():
    path = Path(__file__).parent / "record_of_2026.json"
    old = json.loads(path.read_text(encoding="utf-8"))
    report = GateReport.model_validate(old["report"])
    assert (report.chance, report.floors_origin) == (None, None)
    assert list(judge(report).reasons) == old["reasons"]
