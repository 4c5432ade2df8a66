"""The page of a promotion decision, made from its record: both models side by side, every rule with its figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.lake.objects import write_text
from include.pages.optional import attempt
from include.pages.render import render
from include.promotion.decisions import read_record
from include.promotion.gate_plots import gain_plot, segment_plot
from include.promotion.record import DecisionRecord, Figures, Segment

HEADLINES = {
    "promote": "Promote: the challenger passed the gate",
    "keep": "Keep: the challenger did not pass the gate",
    "rollback": "Rolled back: this version serves again",
}
LESS_IS_BETTER = ("brier", "ece")


@dataclass(frozen=True)
class FigureRow:
    """One figure of both models; `kind` says whether the change is for the better: "good", "bad" or ""."""

    name: str
    challenger: float | None
    champion: float | None
    change: float | None
    kind: Literal["good", "bad", ""]


def write_decision_page(record_uri: str) -> str:
    """Write the page of the record at `record_uri` beside it, over an earlier one, and return the page's URI.

    Raises:
        ObjectMissingError: there is no such record.
    """
    record = read_record(record_uri)
    uri = record_uri.removesuffix(".json") + ".html"
    write_text(uri, decision_page(record))
    return uri


def decision_page(record: DecisionRecord) -> str:
    """Return the page of one decision as HTML that needs no other file.

    Args:
        record: what the gate, or a rollback, wrote (docs/gate.md).
    """
    segments = sorted(
        (segment for segment in record.segments if segment.too_small is None),
        key=lambda segment: segment.change,
    )
    small_segments = [
        segment for segment in record.segments if segment.too_small is not None
    ]
    return render(
        __package__,
        "decision.html",
        record=record,
        segments=segments,
        small_segments=small_segments,
        headline=HEADLINES[record.verdict],
        metrics=side_by_side(record.metrics),
        gain_plot=_gain_picture(record),
        segment_plot=_segment_picture(segments),
    )


def _gain_picture(record: DecisionRecord) -> bytes | None:
    """Return the picture of the gain, None where there is no gain or it cannot be drawn."""
    gain = record.gain
    if gain is None:
        return None
    return attempt(
        "picture of the gain", lambda: gain_plot(gain, _least_gain(record))
    )


def _segment_picture(segments: Sequence[Segment]) -> bytes | None:
    """Return the picture of the segments, None where there are none or it cannot be drawn."""
    if not segments:
        return None
    return attempt("picture of the segments", lambda: segment_plot(segments))


def side_by_side(metrics: Figures) -> list[FigureRow]:
    """Return one row for each figure that either model has."""
    challenger = metrics.challenger
    champion = metrics.champion or {}
    rows = []
    for name in dict.fromkeys([*challenger, *champion]):
        rows.append(_row(name, challenger.get(name), champion.get(name)))
    return rows


def _row(
    name: str, challenger: float | None, champion: float | None
) -> FigureRow:
    if challenger is None or champion is None:
        return FigureRow(name, challenger, champion, None, "")
    change = challenger - champion
    gain = -change if name in LESS_IS_BETTER else change
    if gain == 0:
        return FigureRow(name, challenger, champion, change, "")
    return FigureRow(
        name,
        challenger,
        champion,
        change,
        "good" if gain > 0 else "bad",
    )


def _least_gain(record: DecisionRecord) -> float | None:
    """Return the bound of the rule about the gain: the one whose figure is the gain's lower bound."""
    if record.gain is None:
        return None
    for rule in record.rules:
        if rule.value == record.gain.lower:
            return rule.bound
    return None
