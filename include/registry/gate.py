"""The promotion rule, as a pure function of a small report."""

from collections.abc import Mapping
from dataclasses import dataclass

from include.contract import KnownAt
from include.settings import Settings


@dataclass(frozen=True)
class GateReport:
    """What the gate knows: figures of both models on the same untouched holdout rows.

    Attributes:
        primary_metric: the figure in which the challenger must be better.
        challenger: metric name to value.
        champion: the same for the champion, None where there is none yet.
        floors: metric name to the least value a serving model may have (guide 2.2).
    """

    primary_metric: str
    challenger: Mapping[str, float]
    champion: Mapping[str, float] | None
    floors: Mapping[str, float]


@dataclass(frozen=True)
class Rule:
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


@dataclass(frozen=True)
class Verdict:
    """The decision, the reasons for it in words, and every rule with its figure."""

    promote: bool
    reasons: tuple[str, ...]
    rules: tuple[Rule, ...]


def judge(report: GateReport) -> Verdict:
    """Promotes a challenger that is strictly better than the champion and meets every floor.

    The first model of all has no champion to beat and needs only the floors. The reasons are the rules that failed
    or, for a promotion, all of them.
    """
    rules = tuple(Rule(name, report.challenger[name], floor) for name, floor in report.floors.items())
    if report.champion is not None:
        metric = report.primary_metric
        better = Rule(f"{metric} against champion", report.challenger[metric], report.champion[metric], strict=True)
        rules = (better, *rules)
    failed = tuple(str(rule) for rule in rules if not rule.passed)
    met = ("first model: no champion to beat",) * (report.champion is None) + tuple(map(str, rules))
    return Verdict(not failed, failed or met, rules)


def success_floors(settings: Settings, stage: KnownAt) -> dict[str, float]:
    """The guide's success criteria (2.2) for the contact stage; earlier stages see less and have no floor."""
    if stage is not KnownAt.CONTACT:
        return {}
    return {
        "accuracy": settings.min_accuracy,
        "precision": settings.min_precision,
        "recall": settings.min_recall,
        "roc_auc": settings.min_roc_auc,
    }
