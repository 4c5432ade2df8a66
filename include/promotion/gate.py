"""The promotion rules, as pure functions of a small report that says everything they need."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from include.contract import KnownAt
from include.decisions import Decisions
from include.evaluation.intervals import chance_roc_auc
from include.promotion.errors import RecordDiffersError
from include.promotion.gate_report import (
    Chance,
    GateReport,
    Limits,
    Rule,
    RuleName,
    Verdict,
)
from include.promotion.record import DecisionRecord


def judge(report: GateReport) -> Verdict:
    """Promote a challenger that passes every rule of the report's `rule` (docs/gate.md says them in words).

    The first model of all has no champion to beat and needs only the floors. The reasons are the rules that failed
    or, for a promotion, all of them.
    """
    rules = [*_comparison(report), *_named_floors(report), *_chance(report)]
    failed = tuple(str(rule) for rule in rules if not rule.passed)
    if failed:
        return Verdict(verdict="keep", reasons=failed, rules=tuple(rules))
    passed = tuple(str(rule) for rule in rules)
    if report.champion is None:
        passed = ("first model: no champion to beat", *passed)
    return Verdict(verdict="promote", reasons=passed, rules=tuple(rules))


def _comparison(report: GateReport) -> tuple[Rule, ...]:
    """Return the rules that compare both models; none where there is no champion."""
    if report.gain is None or report.brier is None:
        return ()
    limits = report.limits
    least_gain = 0.0 if report.rule == "superiority" else -limits.refresh_margin
    gain = Rule.above(
        f"gain in {report.gain.metric}, 95 % lower bound",
        report.gain.lower,
        least_gain,
    )
    brier = Rule.above(
        "gain in brier, 95 % lower bound",
        report.brier.lower,
        -limits.brier_margin,
    )
    if report.segment_rule == "plain_change":
        return gain, brier, *_worst_change(report)
    return gain, brier, *_worst_upper_bound(report)


def _named_floors(report: GateReport) -> list[Rule]:
    """Return one rule for each floor that somebody named."""
    rules = []
    for name, floor in report.floors.items():
        value = report.challenger[name]
        rules.append(Rule.at_least(name, value, floor, report.floors_origin))
    return rules


def _chance(report: GateReport) -> tuple[Rule, ...]:
    """Return the rules that a model is better than chance; none where floors are named.

    The Brier skill, 1 - Brier / (rate * (1 - rate)), is 0 for a model that gives every lead the rate (Murphy 1973,
    "A New Vector Partition of the Probability Score", Journal of Applied Meteorology 12).
    """
    chance = report.chance
    if chance is None:
        return ()
    figures = report.challenger
    skill = 1 - figures["brier"] / (chance.rate * (1 - chance.rate))
    origin = str(chance)
    return (
        Rule.above("roc_auc", figures["roc_auc"], chance.roc_auc, origin),
        Rule.above("pr_auc", figures["pr_auc"], chance.rate, origin),
        Rule.above("brier_skill", skill, 0.0, origin),
    )


def _worst_change(report: GateReport) -> tuple[Rule, ...]:
    """Return the rule of reports from before segments had bounds; none without segments."""
    if not report.segments:
        return ()
    worst = min(report.segments, key=lambda segment: segment.change)
    name = f"change in {worst.metric} of the worst segment, {worst.field} = {worst.level}"
    return (Rule.at_least(name, worst.change, -report.limits.segment_loss),)


def _worst_upper_bound(report: GateReport) -> tuple[Rule, ...]:
    """Return the rule that no segment has surely lost more than the limit; none where all are too small to say."""
    upper_bounds = {
        segment: segment.upper
        for segment in report.segments
        if segment.upper is not None
    }
    if not upper_bounds:
        return ()
    worst, upper = min(upper_bounds.items(), key=lambda item: item[1])
    name = f"change in {worst.metric} of the worst segment, {worst.field} = {worst.level}, upper bound"
    return (Rule.at_least(name, upper, -report.limits.segment_loss),)


def choose_rule(
    champion_age_days: float | None, drift_confirmed: bool, max_age_days: float
) -> tuple[RuleName, str]:
    """Return the rule of a decision and why it is that one.

    Args:
        champion_age_days: days since the champion was registered, None where there is no champion.
        drift_confirmed: whether the run was started by confirmed drift.
        max_age_days: from this age on a champion may be replaced by a model that is only as good.
    """
    if champion_age_days is None:
        return "first", "there is no champion yet"
    if drift_confirmed:
        return "refresh", "the run was started by confirmed drift"
    if champion_age_days > max_age_days:
        return (
            "refresh",
            f"the champion is {champion_age_days:.0f} days old, more than {max_age_days:.0f}",
        )
    return (
        "superiority",
        f"no confirmed drift, and the champion is {champion_age_days:.0f} days old",
    )


def replay(record: DecisionRecord | Mapping[str, Any]) -> Verdict:
    """Return the verdict that a decision record's own report leads to.

    Args:
        record: the record, or the JSON that was written of it, by this version of the project or an earlier one.

    Raises:
        RecordDiffersError: it is not the verdict, the reasons or the rules that the record states.
        pydantic.ValidationError: the record's report is not one.
    """
    record = DecisionRecord.model_validate(record)
    verdict = judge(GateReport.model_validate(record.report))
    differing = [
        name
        for name in Verdict.model_fields
        if getattr(record, name) != getattr(verdict, name)
    ]
    if differing:
        raise RecordDiffersError(
            f"decision {record.decision_id}: its report leads to other {', '.join(differing)} than it states; "
            "the record or the rules were changed since, compare with public.model_promotions and the bucket's versions"
        )
    return verdict


def success_floors(decisions: Decisions, stage: KnownAt) -> dict[str, float]:
    """Return the least figures that are named for a stage; none where the floors follow the data."""
    floors: dict[str, float] = dict(getattr(decisions, floors_name(stage)))
    return floors


def floors_name(stage: KnownAt) -> str:
    """Return the name of the decision that names a stage's floors."""
    return f"floors_{stage}"


def chance_of(outcome: Any) -> Chance:
    """Return what a model that knows nothing of the leads reaches on them.

    Args:
        outcome: 0 or 1, shape (n,), both of them.
    """
    outcomes = np.asarray(outcome)
    leads = len(outcomes)
    positives = int(outcomes.sum())
    return Chance(
        leads=leads,
        rate=positives / leads,
        roc_auc=chance_roc_auc(positives, leads - positives),
    )


def limits_of(decisions: Decisions) -> Limits:
    """Return the limits of the rules that the business has decided on."""
    return Limits(
        refresh_margin=decisions.gate_refresh_margin,
        brier_margin=decisions.gate_brier_margin,
        segment_rows=decisions.gate_segment_rows,
        segment_loss=decisions.gate_segment_loss,
    )
