"""The page of a promotion decision, made from its JSON record: both models side by side, every rule with its figure."""

from collections.abc import Mapping
from typing import Any

from include.lake.objects import read_json, write_text
from include.pages.render import render
from include.promotion.gate_plots import gain_plot, segment_plot

HEADLINES = {
    "promote": "Promote: the challenger passed the gate",
    "keep": "Keep: the challenger did not pass the gate",
    "rollback": "Rolled back: this version serves again",
}
LESS_IS_BETTER = ("brier", "ece")
ABSENT: dict[str, Any] = {
    "decision_id": None,
    "decided_at": None,
    "rule": None,
    "why_rule": None,
    "mode": None,
    "champion_version": None,
    "approval": None,
    "rules": [],
    "metrics": {},
    "gain": None,
    "segments": [],
    "snapshot": {},
    "holdout_rows": None,
    "left_out_rows": None,
    "report_uri": None,
}
"""What a record may lack: that of a rollback, which has no gate, lacks most of it."""


def write_decision_page(record_uri: str) -> str:
    """Writes the page of the record at `record_uri` beside it, over an earlier one; returns the page's URI.

    Raises:
        ObjectMissingError: there is no such record.
    """
    record: dict[str, Any] = read_json(record_uri)
    uri = record_uri.removesuffix(".json") + ".html"
    write_text(uri, decision_page({"report_uri": record_uri} | record))
    return uri


def decision_page(record: Mapping[str, Any]) -> str:
    """The page of one decision as HTML that needs no other file.

    Args:
        record: what the gate, or a rollback, wrote (docs/gate.md); verdict, model, version, stage and reasons at
            least.
    """
    shown = ABSENT | dict(record)
    segments = [{"metric": None, **segment} for segment in shown["segments"]]
    return render(
        __package__,
        "decision.html",
        record=shown | {"segments": sorted(segments, key=lambda segment: float(segment["change"]))},
        headline=HEADLINES[shown["verdict"]],
        metrics=side_by_side(shown["metrics"]),
        gain_plot=gain_plot(shown["gain"], _least(shown["rules"], shown["gain"])) if shown["gain"] else None,
        segment_plot=segment_plot(segments) if segments else None,
    )


def side_by_side(metrics: Mapping[str, Mapping[str, float] | None]) -> list[dict[str, Any]]:
    """One row per figure that either model has: name, challenger, champion, change, and "good" or "bad" by its sign."""
    challenger, champion = metrics.get("challenger") or {}, metrics.get("champion") or {}
    names = dict.fromkeys([*challenger, *champion])
    return [_row(name, challenger.get(name), champion.get(name)) for name in names]


def _row(name: str, challenger: float | None, champion: float | None) -> dict[str, Any]:
    change = None if challenger is None or champion is None else challenger - champion
    better = (change or 0.0) * (-1 if name in LESS_IS_BETTER else 1)
    kind = "good" if better > 0 else "bad" if better < 0 else ""
    return {"name": name, "challenger": challenger, "champion": champion, "change": change, "kind": kind}


def _least(rules: list[dict[str, Any]], gain: Mapping[str, Any] | None) -> float | None:
    """The bound of the rule that judges the gain: the one whose figure is the gain's lower bound."""
    bounds = [rule["bound"] for rule in rules if gain and rule["value"] == gain["lower"]]
    return float(bounds[0]) if bounds else None
