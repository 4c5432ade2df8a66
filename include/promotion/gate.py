"""The promotion rules, as a pure function of a small report that says everything they need."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from include.contract import KnownAt
from include.promotion.errors import RecordDiffersError
from include.settings import Settings

RuleName = Literal["first", "superiority", "refresh"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Change(_Frozen):
    """By how much the challenger is better than the champion in one figure; negative where it is worse.

    Attributes:
        metric: the figure. For brier it is the champion's score minus the challenger's, because less is better.
        value: on the holdout as it is.
        lower: one-sided 95 % lower bound, from the paired bootstrap.
        upper: one-sided 95 % upper bound.
    """

    metric: str
    value: float
    lower: float
    upper: float


class SegmentChange(_Frozen):
    """Both models on one segment of the holdout; `change` is challenger minus champion in `metric`."""

    field: str
    level: str
    rows: int
    metric: str
    challenger: float
    champion: float
    change: float


class Limits(_Frozen):
    """What the rules allow; the settings of the moment, kept with the report so that a replay uses the same."""

    refresh_margin: float = 0.005
    brier_margin: float = 0.005
    segment_rows: int = 150
    segment_loss: float = 0.02


class GateReport(_Frozen):
    """What the gate knows: figures of both models on the same untouched holdout rows.

    Attributes:
        rule: "first" (no champion yet), "superiority" or "refresh".
        primary_metric: the figure in which the challenger must be better.
        challenger: metric name to value.
        champion: the same for the champion, None where there is none yet.
        floors: metric name to the least value that a model of this stage may serve with (guide 2.2).
        gain: change in the primary metric, None where there is no champion.
        brier: change in the Brier score, None where there is no champion.
        segments: changes in the segments of the holdout that are large enough to be compared.
        limits: what the rules allow.
    """

    rule: RuleName
    primary_metric: str
    challenger: Mapping[str, float]
    champion: Mapping[str, float] | None
    floors: Mapping[str, float]
    gain: Change | None = None
    brier: Change | None = None
    segments: tuple[SegmentChange, ...] = ()
    limits: Limits = Limits()


class Rule(_Frozen):
    """One rule with its figure: `value` must reach `bound` (or exceed it where `strict`)."""

    name: str
    value: float
    bound: float
    strict: bool = False

    @property
    def passed(self) -> bool:
        """Whether the challenger meets the rule."""
        return self.value > self.bound if self.strict else self.value >= self.bound

    def __str__(self) -> str:
        relation = (">" if self.strict else "≥") if self.passed else ("is not >" if self.strict else "is not ≥")
        return f"{self.name}: {self.value:.4f} {relation} {self.bound:.4f}"


class Verdict(_Frozen):
    """The decision, the reasons for it in words, and every rule with its figure."""

    promote: bool
    reasons: tuple[str, ...]
    rules: tuple[Rule, ...]

    def as_record(self) -> dict[str, Any]:
        """The part of a decision record that follows from the report: verdict, reasons, rules."""
        return {
            "verdict": "promote" if self.promote else "keep",
            "reasons": list(self.reasons),
            "rules": [{**rule.model_dump(), "passed": rule.passed} for rule in self.rules],
        }


def judge(report: GateReport) -> Verdict:
    """Promotes a challenger that passes every rule of the report's `rule` (docs/gate.md says them in words).

    The first model of all has no champion to beat and needs only the floors. The reasons are the rules that failed
    or, for a promotion, all of them.
    """
    floors = (Rule(name=name, value=report.challenger[name], bound=floor) for name, floor in report.floors.items())
    rules = (*_comparison(report), *floors)
    failed = tuple(str(rule) for rule in rules if not rule.passed)
    met = ("first model: no champion to beat",) * (report.champion is None) + tuple(map(str, rules))
    return Verdict(promote=not failed, reasons=failed or met, rules=rules)


def _comparison(report: GateReport) -> tuple[Rule, ...]:
    if report.gain is None or report.brier is None:
        return ()
    limits = report.limits
    least = 0.0 if report.rule == "superiority" else -limits.refresh_margin
    gain = f"gain in {report.gain.metric}, 95 % lower bound"
    rules = (
        Rule(name=gain, value=report.gain.lower, bound=least, strict=True),
        Rule(name="gain in brier, 95 % lower bound", value=report.brier.lower, bound=-limits.brier_margin, strict=True),
    )
    if not report.segments:
        return rules
    worst = min(report.segments, key=lambda segment: segment.change)
    name = f"change in {worst.metric} of the worst segment, {worst.field} = {worst.level}"
    return (*rules, Rule(name=name, value=worst.change, bound=-limits.segment_loss))


def choose_rule(champion_age_days: float | None, drift_confirmed: bool, max_age_days: float) -> tuple[RuleName, str]:
    """The rule of a decision and why it is that one.

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
        return "refresh", f"the champion is {champion_age_days:.0f} days old, more than {max_age_days:.0f}"
    return "superiority", f"no confirmed drift, and the champion is {champion_age_days:.0f} days old"


def replay(record: Mapping[str, Any]) -> Verdict:
    """The verdict that a decision record's own report leads to.

    Raises:
        RecordDiffersError: it is not the verdict, the reasons or the rules that the record states.
        pydantic.ValidationError: the record's report is not one.
    """
    verdict = judge(GateReport.model_validate(record["report"]))
    if differing := [name for name, value in verdict.as_record().items() if record[name] != value]:
        raise RecordDiffersError(
            f"decision {record['decision_id']}: its report leads to other {', '.join(differing)} than it states; "
            "the record or the rules were changed since, compare with public.model_promotions and the bucket's versions"
        )
    return verdict


def success_floors(settings: Settings, stage: KnownAt) -> dict[str, float]:
    """The least figures of a stage; those of contact are the guide's success criteria (2.2)."""
    floors: dict[str, float] = dict(getattr(settings, f"floors_{stage}"))
    return floors


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings name."""
    return Limits(
        refresh_margin=settings.decisions.gate_refresh_margin,
        brier_margin=settings.decisions.gate_brier_margin,
        segment_rows=settings.decisions.gate_segment_rows,
        segment_loss=settings.decisions.gate_segment_loss,
    )
