"""The known limits of a model version, in words: each one follows from a fact about it."""

from collections.abc import Iterator
from typing import Any

from include.contract import Contract, KnownAt
from include.reporting.card_facts import CardFacts

FEW = 150
"""Leads below which a segment's figures are called uncertain; from so many on the gate compares a segment."""
WEAKER = 0.05
"""Loss of ROC-AUC against all leads, or gap between mean probability and conversion rate, that is worth a line."""
ALWAYS = (
    "Every challenger is judged on the same holdout, so its figures grow a little kind with each decision.",
    "Reasons (SHAP) say what moved a score, not what would make a lead convert.",
)


def known_limits(facts: CardFacts, contract: Contract) -> list[str]:
    """Sentences about what the version cannot be trusted with, most general first."""
    return [*_data(facts), *_columns(facts, contract), *_figures(facts), *_segments(facts), *ALWAYS]


def _data(facts: CardFacts) -> Iterator[str]:
    if facts.learnt and facts.holdout:
        low, high = facts.holdout["intervals"]["roc_auc"]
        yield (
            f"Learnt from {facts.learnt:,} leads and judged on {facts.holdout['rows']:,}, so its ROC-AUC is known to "
            f"lie between {low:.3f} and {high:.3f} only."
        )
    if facts.manifest is None:
        yield "Cannot be trained again as it was: its training snapshot is gone."
    if facts.holdout is None:
        yield "Its run has no evaluation, so there are neither intervals nor segments; train it again to get them."


def _columns(facts: CardFacts, contract: Contract) -> Iterator[str]:
    hidden = sorted(field for field, reason in facts.dropped.items() if reason.startswith("known at"))
    if hidden:
        yield f"Does not see what becomes known after {facts.stage}: {', '.join(hidden)}."
    late = [
        column.field
        for column in contract.columns
        if column.known_at is KnownAt.CONTACT and column.field not in facts.dropped and column.field != contract.label
    ]
    if facts.stage == KnownAt.CONTACT and facts.dropped and late:
        yield (
            f"Reads what becomes known by contact only ({', '.join(late)}): its figures do not hold for leads that "
            "nobody has contacted; those are for the model of an earlier stage."
        )
    counts = {field: sum(levels.values()) for field, levels in facts.unmapped.items() if levels}
    if counts:
        found = ", ".join(f"{field} ({leads:,} leads)" for field, leads in sorted(counts.items()))
        yield f"Levels that no group of the contract names count as one rest: {found}."


def _figures(facts: CardFacts) -> Iterator[str]:
    if "ece" in facts.metrics:
        yield f"Probabilities are off by {facts.metrics['ece']:.3f} on average (ECE over ten bins of the holdout)."
    if facts.newest is None or facts.holdout is None:
        yield "Not judged on the newest leads apart, so nothing is known of how fast it ages."
        return
    all_leads, newest = (report["metrics"]["roc_auc"] for report in (facts.holdout, facts.newest))
    low, high = facts.newest["intervals"]["roc_auc"]
    inside = "within" if low <= all_leads <= high else "outside"
    yield (
        f"On the newest {facts.newest['rows']:,} leads, by the same recipe fitted on older ones, ROC-AUC is "
        f"{newest:.3f} against {all_leads:.3f} on the holdout ({newest - all_leads:+.3f}; the holdout's lies {inside} "
        f"the newest leads' interval, {low:.3f} to {high:.3f})."
    )


def _segments(facts: CardFacts) -> Iterator[str]:
    segments = facts.holdout["segments"] if facts.holdout else []
    if few := [_name(one) for one in segments if one["rows"] < FEW]:
        yield f"Fewer than {FEW} leads of the holdout, so figures that say little: {'; '.join(few)}."
    enough = [one for one in segments if one["rows"] >= FEW]
    overall = facts.metrics.get("roc_auc", 0.0)
    weak = [one for one in enough if one["roc_auc"] is not None and one["roc_auc"] < overall - WEAKER]
    if weak:
        listed = "; ".join(f"{_name(one)}, {one['roc_auc']:.3f}" for one in weak)
        yield f"Ranks leads worse (ROC-AUC lower by more than {WEAKER:g}) in: {listed}."
    if far := [one for one in enough if abs(one["mean_probability"] - one["rate"]) > WEAKER]:
        listed = "; ".join(f"{_name(one)}, {one['mean_probability']:.1%} said, {one['rate']:.1%} came" for one in far)
        yield f"Probabilities are off by more than {WEAKER:.0%} in: {listed}."


def _name(segment: dict[str, Any]) -> str:
    return f"{segment['field']} = {segment['level']} ({segment['rows']:,})"
