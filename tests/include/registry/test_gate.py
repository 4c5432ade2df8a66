"""The promotion rule."""

import pytest

from include.contract import KnownAt
from include.registry.gate import GateReport, judge, success_floors
from include.settings import Settings

GOOD = {"roc_auc": 0.98, "accuracy": 0.95, "precision": 0.93, "recall": 0.92}
FLOORS = {"accuracy": 0.90, "precision": 0.85, "recall": 0.85, "roc_auc": 0.90}


def verdict(challenger, champion, floors=None):
    return judge(GateReport("roc_auc", challenger, champion, FLOORS if floors is None else floors))


def test_a_better_challenger_that_meets_the_criteria_is_promoted():
    decision = verdict(GOOD, GOOD | {"roc_auc": 0.97})
    assert decision.promote
    assert decision.reasons[0] == "roc_auc against champion: 0.9800 > 0.9700"


@pytest.mark.parametrize("champion_auc", [0.98, 0.981])
def test_a_challenger_that_is_equal_or_worse_is_not_promoted(champion_auc):
    decision = verdict(GOOD, GOOD | {"roc_auc": champion_auc})
    assert not decision.promote
    assert decision.reasons == (f"roc_auc against champion: 0.9800 is not > {champion_auc:.4f}",)


@pytest.mark.parametrize("metric", FLOORS)
def test_a_challenger_below_one_criterion_is_not_promoted_and_the_figure_is_named(metric):
    weak = GOOD | {metric: FLOORS[metric] - 0.0101}
    decision = verdict(weak, dict.fromkeys(GOOD, 0.1))
    assert not decision.promote
    assert decision.reasons == (f"{metric}: {weak[metric]:.4f} is not ≥ {FLOORS[metric]:.4f}",)


def test_a_criterion_met_exactly_is_met():
    assert verdict(GOOD | {"recall": 0.85}, None).promote


def test_the_first_model_needs_only_the_criteria():
    decision = verdict(GOOD, None)
    assert decision.promote
    assert decision.reasons[0] == "first model: no champion to beat"


def test_a_first_model_that_misses_a_criterion_is_not_promoted():
    decision = verdict(GOOD | {"precision": 0.5}, None)
    assert not decision.promote
    assert decision.reasons == ("precision: 0.5000 is not ≥ 0.8500",)


def test_every_rule_is_in_the_verdict_with_its_figure():
    rules = verdict(GOOD, GOOD).rules
    assert [(rule.name, rule.value, rule.bound) for rule in rules][1:] == [
        (name, GOOD[name], floor) for name, floor in FLOORS.items()
    ]


def test_the_criteria_are_the_guides_for_the_contact_stage_only():
    assert success_floors(Settings(), KnownAt.CONTACT) == FLOORS
    assert success_floors(Settings(), KnownAt.CAPTURE) == {}
