"""What the gate knows and what it says, as models: they are written into the decision record and read from it again."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

RuleName = Literal["first", "superiority", "refresh"]
SegmentRule = Literal["plain_change", "surely_lost"]


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
    """Both models on one segment of the holdout; `change` is challenger minus champion in `metric`.

    Attributes:
        field: segment field.
        level: its level.
        rows: leads of the segment.
        metric: brier_skill; in reports of the rule "plain_change" roc_auc or accuracy.
        challenger: its figure.
        champion: its figure.
        change: challenger minus champion; negative where the challenger is worse.
        positives: leads that converted, None in older reports.
        lower: lower bound of the change, None where the segment is too small to say.
        upper: upper bound of the change, None where the segment is too small to say.
        too_small: why nothing can be said about the segment, None where it is compared.
    """

    field: str
    level: str
    rows: int
    metric: str
    challenger: float
    champion: float
    change: float
    positives: int | None = None
    lower: float | None = None
    upper: float | None = None
    too_small: str | None = None


class Limits(_Frozen):
    """What the rules allow; the decisions of the moment, kept with the report so that a replay uses the same."""

    refresh_margin: float = 0.005
    brier_margin: float = 0.005
    segment_rows: int = 150
    segment_loss: float = 0.02


class Chance(_Frozen):
    """What a model reaches on the holdout that knows nothing of the leads.

    Attributes:
        leads: of the holdout.
        rate: share of them that converted; also the PR-AUC of chance.
        roc_auc: the largest ROC-AUC that chance gives, one-sided 97.5 %.
    """

    leads: int
    rate: float
    roc_auc: float

    def __str__(self) -> str:
        """Return where these floors come from, as reasons give it."""
        return f"chance at a rate of {100 * self.rate:.1f} % of {self.leads:,} leads"


class GateReport(_Frozen):
    """What the gate knows: figures of both models on the same untouched holdout rows.

    Attributes:
        rule: "first" (no champion yet), "superiority" or "refresh".
        primary_metric: the figure in which the challenger must be better.
        challenger: metric name to value.
        champion: the same for the champion, None where there is none yet.
        floors: metric name to the least value that a model of this stage may serve with; empty where nobody named any.
        floors_origin: decision that names the floors; None in older reports.
        chance: what the challenger must be better than where no floors are named; None in older reports.
        gain: change in the primary metric, None where there is no champion.
        brier: change in the Brier score, None where there is no champion.
        segments: changes in the segments of the holdout, those that are too small to say among them.
        segment_rule: "surely_lost" compares the upper bound of a segment's change with the limit. Reports from before
            it do not name their rule; they were judged by "plain_change", which has no bound.
        limits: what the rules allow.
    """

    rule: RuleName
    primary_metric: str
    challenger: Mapping[str, float]
    champion: Mapping[str, float] | None
    floors: Mapping[str, float]
    floors_origin: str | None = None
    chance: Chance | None = None
    gain: Change | None = None
    brier: Change | None = None
    segments: tuple[SegmentChange, ...] = ()
    segment_rule: SegmentRule = "plain_change"
    limits: Limits = Limits()


class Rule(_Frozen):
    """One rule with its figure: `value` must reach `bound` (or exceed it where `strict`).

    Attributes:
        name: what is compared.
        value: the figure.
        bound: what it is compared with.
        strict: whether a figure equal to the bound fails.
        passed: whether the challenger meets the rule.
        origin: where a floor comes from; None for any other rule, and in older records.
    """

    name: str
    value: float
    bound: float
    strict: bool
    passed: bool
    origin: str | None = None

    @classmethod
    def at_least(
        cls, name: str, value: float, bound: float, origin: str | None = None
    ) -> "Rule":
        """Return the rule that a figure must reach its bound."""
        return cls(
            name=name,
            value=value,
            bound=bound,
            strict=False,
            passed=value >= bound,
            origin=origin,
        )

    @classmethod
    def above(
        cls, name: str, value: float, bound: float, origin: str | None = None
    ) -> "Rule":
        """Return the rule that a figure must exceed its bound."""
        return cls(
            name=name,
            value=value,
            bound=bound,
            strict=True,
            passed=value > bound,
            origin=origin,
        )

    def __str__(self) -> str:
        """Return the rule in words, as reasons give it."""
        sign = ">" if self.strict else "≥"
        relation = sign if self.passed else f"is not {sign}"
        text = f"{self.name}: {self.value:.4f} {relation} {self.bound:.4f}"
        if self.origin is None:
            return text
        return f"{text} ({self.origin})"


class Verdict(_Frozen):
    """The gate's decision, the reasons for it in words, and every rule with its figure."""

    verdict: Literal["promote", "keep"]
    reasons: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def promote(self) -> bool:
        """Whether the challenger is to become the champion."""
        return self.verdict == "promote"
