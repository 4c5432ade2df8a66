"""The promotion rules."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from include.contract import KnownAt, decisions_of, load_contract
from include.contract.model import SCORING_STAGES
from include.decisions import Decisions
from include.promotion.errors import RecordDiffersError
from include.promotion.gate import (
    choose_rule,
    judge,
    limits_of,
    replay,
    success_floors,
)
from include.promotion.gate_report import (
    Change,
    GateReport,
    Limits,
    SegmentChange,
)
from include.promotion.record import DecisionRecord
from include.settings import Settings

GOOD = {"roc_auc": 0.98, "accuracy": 0.95, "precision": 0.93, "recall": 0.92}
FLOORS = {"accuracy": 0.90, "precision": 0.85, "recall": 0.85, "roc_auc": 0.90}


def gain(lower, metric="roc_auc"):
    return Change(
        metric=metric, value=lower + 0.002, lower=lower, upper=lower + 0.004
    )


def segment(change, level="Chat", rows=150):
    return SegmentChange(
        field="source",
        level=level,
        rows=rows,
        metric="roc_auc",
        champion=0.9,
        challenger=0.9 + change,
        change=change,
    )


def report(rule="superiority", **changes):
    base = {
        "rule": rule, "primary_metric": "roc_auc", "challenger": GOOD, "champion": GOOD, "floors": FLOORS,
        "gain": gain(0.001), "brier": gain(-0.001, "brier"), "segments": (segment(0.0),),
    }  # fmt: skip
    return GateReport(**base | changes)


def first(**changes):
    return report(
        "first", champion=None, gain=None, brier=None, segments=(), **changes
    )


def record(one):
    decision = {"decision_id": "run/contact", "model": "m", "stage": "contact"}
    return json.loads(
        json.dumps(
            decision
            | {"report": one.model_dump(mode="json")}
            | judge(one).model_dump(mode="json")
        )
    )


def test_a_challenger_that_is_surely_better_and_worse_nowhere_is_promoted():
    decision = judge(report())
    assert decision.promote
    assert (
        decision.reasons[0]
        == "gain in roc_auc, 95 % lower bound: 0.0010 > 0.0000"
    )


@pytest.mark.parametrize("lower", [0.0, -0.0001, -0.01])
def test_under_superiority_a_gain_that_may_be_none_is_not_enough(lower):
    decision = judge(report(gain=gain(lower)))
    assert not decision.promote
    assert decision.reasons == (
        f"gain in roc_auc, 95 % lower bound: {lower:.4f} is not > 0.0000",
    )


@pytest.mark.parametrize(
    ("lower", "promoted"), [(-0.0049, True), (-0.005, False), (-0.0051, False)]
)
def test_under_refresh_a_challenger_needs_only_to_be_not_worse(lower, promoted):
    assert judge(report("refresh", gain=gain(lower))).promote is promoted


@pytest.mark.parametrize("rule", ["superiority", "refresh"])
def test_a_brier_score_that_may_have_risen_too_much_keeps_the_champion(rule):
    decision = judge(report(rule, brier=gain(-0.005, "brier")))
    assert decision.reasons == (
        "gain in brier, 95 % lower bound: -0.0050 is not > -0.0050",
    )


@pytest.mark.parametrize("rule", ["superiority", "refresh"])
def test_one_segment_that_loses_too_much_keeps_the_champion_and_is_named(rule):
    decision = judge(
        report(
            rule,
            segments=(
                segment(0.05),
                segment(-0.0201, "Direct"),
                segment(-0.01),
            ),
        )
    )
    assert not decision.promote
    assert decision.reasons == (
        "change in roc_auc of the worst segment, source = Direct: -0.0201 is not ≥ -0.0200",
    )


def test_a_segment_may_lose_as_much_as_the_limit():
    assert judge(report(segments=(segment(-0.02),))).promote


def bounded(upper, level="Chat"):
    change = segment(upper - 0.05, level)
    return change.model_copy(
        update={
            "metric": "brier_skill",
            "lower": upper - 0.1,
            "upper": upper,
            "positives": 40,
        }
    )


def test_a_segment_refuses_a_challenger_only_for_what_is_surely_lost():
    segments = (bounded(0.01), bounded(-0.02, "Direct"))
    unsure = report(segments=segments, segment_rule="surely_lost")
    assert judge(unsure).promote
    segments = (*segments, bounded(-0.0201, "Organic"))
    sure = report(segments=segments, segment_rule="surely_lost")
    assert judge(sure).reasons == (
        "change in brier_skill of the worst segment, source = Organic, upper bound: -0.0201 is not ≥ -0.0200",
    )


def test_a_segment_that_is_too_small_to_say_refuses_nobody():
    small = segment(-0.9).model_copy(
        update={"too_small": "fewer than 150 leads"}
    )
    assert judge(report(segments=(small,), segment_rule="surely_lost")).promote


def test_a_report_that_names_no_segment_rule_is_judged_by_the_plain_change():
    old = report(segments=(segment(-0.0256),)).model_dump(mode="json")
    del old["segment_rule"]
    for part in old["segments"]:
        for name in ("positives", "lower", "upper", "too_small"):
            del part[name]
    assert not judge(GateReport.model_validate(old)).promote


def test_without_segments_large_enough_the_other_rules_decide():
    assert judge(report(segments=())).promote


@pytest.mark.parametrize("rule", ["superiority", "refresh", "first"])
@pytest.mark.parametrize("metric", FLOORS)
def test_a_challenger_below_one_floor_is_not_promoted_and_the_figure_is_named(
    rule, metric
):
    weak = GOOD | {metric: FLOORS[metric] - 0.0101}
    decision = judge(
        first(challenger=weak)
        if rule == "first"
        else report(rule, challenger=weak)
    )
    assert not decision.promote
    assert decision.reasons == (
        f"{metric}: {weak[metric]:.4f} is not ≥ {FLOORS[metric]:.4f}",
    )


def test_a_named_floor_says_which_decision_names_it():
    weak = GOOD | {"recall": 0.8}
    decision = judge(first(challenger=weak, floors_origin="floors_contact"))
    assert decision.reasons == (
        "recall: 0.8000 is not ≥ 0.8500 (floors_contact)",
    )


def test_a_floor_met_exactly_is_met():
    assert judge(first(challenger=GOOD | {"recall": 0.85})).promote


def test_the_first_model_needs_only_the_floors():
    decision = judge(first())
    assert decision.promote
    assert decision.reasons[0] == "first model: no champion to beat"
    assert [rule.name for rule in decision.rules] == list(FLOORS)


def test_every_failed_rule_is_a_reason():
    decision = judge(
        report(
            gain=gain(-0.01),
            brier=gain(-0.02, "brier"),
            segments=(segment(-0.1),),
        )
    )
    assert len(decision.reasons) == 3


def test_the_limits_come_from_the_report_so_that_later_settings_change_no_old_verdict():
    assert judge(
        report("refresh", gain=gain(-0.03), limits=Limits(refresh_margin=0.04))
    ).promote


@pytest.mark.parametrize(
    ("age", "drift", "rule", "why"),
    [
        (None, True, "first", "no champion yet"),
        (10, True, "refresh", "confirmed drift"),
        (181, False, "refresh", "181 days old, more than 180"),
        (180, False, "superiority", "180 days old"),
    ],
)
def test_refresh_needs_confirmed_drift_or_an_old_champion(
    age, drift, rule, why
):
    chosen, reason = choose_rule(age, drift, 180)
    assert chosen == rule
    assert why in reason


@pytest.mark.parametrize(
    "one",
    [
        report(),
        report("refresh", gain=gain(-0.01)),
        first(),
        report(segment_rule="surely_lost", segments=(bounded(-0.03),)),
    ],
)
def test_a_record_replays_to_its_own_verdict(one):
    assert replay(record(one)) == judge(one)


@pytest.mark.parametrize(
    "tampered",
    [
        {"verdict": "promote"},
        {"reasons": []},
        {"rules": []},
        {"report": report().model_dump(mode="json")},
    ],
    ids=["verdict", "reasons", "rules", "report"],
)
def test_a_record_that_was_changed_is_found_out(tampered):
    with pytest.raises(
        RecordDiffersError, match=r"run/contact: its report leads to other"
    ):
        replay(record(report(gain=gain(-0.01))) | tampered)


def test_a_record_that_was_written_before_records_were_models_is_read_and_replays():
    """The JSON is one of September 2026."""
    old = json.loads(
        (Path(__file__).parent / "record_of_2026.json").read_text(
            encoding="utf-8"
        )
    )
    verdict = replay(old)
    assert (verdict.verdict, list(verdict.reasons)) == (
        old["verdict"],
        old["reasons"],
    )
    assert (
        DecisionRecord.model_validate(old).model_dump(
            mode="json", exclude_unset=True
        )
        == old
    )
    with pytest.raises(
        RecordDiffersError,
        match="run-2/contact: its report leads to other verdict",
    ):
        replay(old | {"verdict": "promote"})


def test_a_figure_that_is_no_number_never_reaches_a_verdict():
    with pytest.raises(ValidationError, match="finite number"):
        gain(float("nan"))


def test_the_guides_contract_names_its_floors_and_others_follow_the_data():
    decisions = load_contract("x_education").decisions
    assert success_floors(decisions, KnownAt.CONTACT) == FLOORS
    assert success_floors(decisions, KnownAt.ENGAGEMENT) == {"roc_auc": 0.8}
    assert success_floors(decisions, KnownAt.CAPTURE) == {"roc_auc": 0.75}
    for stage in SCORING_STAGES:
        assert success_floors(Decisions(), stage) == {}


def test_a_variable_can_let_the_floors_of_a_contract_follow_the_data(
    monkeypatch,
):
    monkeypatch.setenv("LEADS_FLOORS_CONTACT", "{}")
    decisions = decisions_of(Settings(), load_contract("x_education"))
    assert success_floors(decisions, KnownAt.CONTACT) == {}


def test_floors_are_set_as_json(monkeypatch):
    monkeypatch.setenv("LEADS_FLOORS_CAPTURE", '{"pr_auc": 0.8}')
    decisions = decisions_of(Settings(), load_contract("x_education"))
    assert success_floors(decisions, KnownAt.CAPTURE) == {"pr_auc": 0.8}


def test_a_floor_for_a_figure_that_does_not_exist_is_refused(monkeypatch):
    monkeypatch.setenv("LEADS_FLOORS_CAPTURE", '{"auc": 0.8}')
    with pytest.raises(ValidationError, match="floors_capture"):
        Settings()


def test_the_settings_limits_are_the_documented_ones():
    assert limits_of(Decisions()) == Limits(
        refresh_margin=0.005,
        brier_margin=0.005,
        segment_rows=150,
        segment_loss=0.02,
    )
