"""Write the known limits of a model version as sentences; each one follows from a fact about it."""

from collections.abc import Iterator, Mapping
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
    """List what the version cannot be trusted with, as sentences, most general first."""
    return [
        *_data_limits(facts),
        *_column_limits(facts, contract),
        *_figure_limits(facts),
        *_segment_limits(facts),
        *ALWAYS,
    ]


def _data_limits(facts: CardFacts) -> Iterator[str]:
    """Yield what follows from the number of leads, and from what is gone."""
    if facts.training_rows and facts.holdout:
        low, high = facts.holdout["intervals"]["roc_auc"]
        yield (
            f"Learnt from {facts.training_rows:,} leads and judged on {facts.holdout['rows']:,}, so its ROC-AUC is "
            f"known to lie between {low:.3f} and {high:.3f} only."
        )
    if facts.manifest is None:
        yield "Cannot be trained again as it was: its training snapshot is gone."
    if facts.holdout is None:
        yield "Its run has no evaluation, so there are neither intervals nor segments; train it again to get them."


def _column_limits(facts: CardFacts, contract: Contract) -> Iterator[str]:
    """Yield what follows from the columns that the model reads, and from those it does not."""
    hidden = sorted(
        field
        for field, reason in facts.dropped.items()
        if reason.startswith("known at")
    )
    if hidden:
        yield f"Does not see what becomes known after {facts.stage}: {', '.join(hidden)}."
    late = _fields_known_at_contact(facts, contract)
    if facts.stage == KnownAt.CONTACT and facts.dropped and late:
        yield (
            f"Reads what becomes known by contact only ({', '.join(late)}): its figures do not hold for leads that "
            "nobody has contacted; those are for the model of an earlier stage."
        )
    counts = {
        field: sum(levels.values())
        for field, levels in facts.unmapped.items()
        if levels
    }
    if counts:
        fields = ", ".join(
            f"{field} ({leads:,} leads)"
            for field, leads in sorted(counts.items())
        )
        yield f"Levels that no group of the contract names count as one rest: {fields}."


def _fields_known_at_contact(facts: CardFacts, contract: Contract) -> list[str]:
    """Return the fields that the model reads and that become known by contact only."""
    not_read = {*facts.dropped, contract.label}
    return [
        column.field
        for column in contract.columns
        if column.known_at is KnownAt.CONTACT and column.field not in not_read
    ]


def _figure_limits(facts: CardFacts) -> Iterator[str]:
    """Yield what follows from calibration, and from the newest leads."""
    if "ece" in facts.metrics:
        yield f"Probabilities are off by {facts.metrics['ece']:.3f} on average (ECE over ten bins of the holdout)."
    if facts.newest is None or facts.holdout is None:
        yield "Not judged on the newest leads apart, so nothing is known of how fast it ages."
        return
    holdout_auc = facts.holdout["metrics"]["roc_auc"]
    newest_auc = facts.newest["metrics"]["roc_auc"]
    low, high = facts.newest["intervals"]["roc_auc"]
    side = "within" if low <= holdout_auc <= high else "outside"
    yield (
        f"On the newest {facts.newest['rows']:,} leads, by the same recipe fitted on older ones, ROC-AUC is "
        f"{newest_auc:.3f} against {holdout_auc:.3f} on the holdout ({newest_auc - holdout_auc:+.3f}; the holdout's "
        f"lies {side} the newest leads' interval, {low:.3f} to {high:.3f})."
    )


def _segment_limits(facts: CardFacts) -> Iterator[str]:
    """Yield the segments that are too small, ranked worse, or have wrong probabilities."""
    segments = facts.holdout["segments"] if facts.holdout else []
    small = [_label(segment) for segment in segments if segment["rows"] < FEW]
    if small:
        yield f"Fewer than {FEW} leads of the holdout, so figures that say little: {'; '.join(small)}."

    large = [segment for segment in segments if segment["rows"] >= FEW]
    overall = facts.metrics.get("roc_auc", 0.0)
    weak = [
        f"{_label(segment)}, {segment['roc_auc']:.3f}"
        for segment in large
        if _is_weak(segment, overall)
    ]
    if weak:
        yield f"Ranks leads worse (ROC-AUC lower by more than {WEAKER:g}) in: {'; '.join(weak)}."

    miscalibrated = [
        _probability_and_rate(segment)
        for segment in large
        if _is_miscalibrated(segment)
    ]
    if miscalibrated:
        yield f"Probabilities are off by more than {WEAKER:.0%} in: {'; '.join(miscalibrated)}."


def _is_weak(segment: Mapping[str, Any], overall: float) -> bool:
    return (
        segment["roc_auc"] is not None and segment["roc_auc"] < overall - WEAKER
    )


def _is_miscalibrated(segment: Mapping[str, Any]) -> bool:
    return bool(abs(segment["mean_probability"] - segment["rate"]) > WEAKER)


def _probability_and_rate(segment: Mapping[str, Any]) -> str:
    return f"{_label(segment)}, {segment['mean_probability']:.1%} said, {segment['rate']:.1%} came"


def _label(segment: Mapping[str, Any]) -> str:
    return f"{segment['field']} = {segment['level']} ({segment['rows']:,})"
