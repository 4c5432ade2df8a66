"""Pictures of a promotion decision, as PNG: the gain with its bounds, and the change in every segment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from include.evaluation.plots import ACCENT, INK, PALE, canvas, png

WORSE = "#a33b3b"
SHOWN = 25


def gain_plot(gain: Mapping[str, Any], least: float | None = None) -> bytes:
    """The gain as a point with its one-sided bounds; where the lower one must lie above `least`, that as a line."""
    figure, axes = canvas(6.5, 1.6)
    value, lower, upper = (float(gain[name]) for name in ("value", "lower", "upper"))
    colour = ACCENT if least is None or lower > least else WORSE
    axes.plot([lower, upper], [0, 0], color=colour, linewidth=3, solid_capstyle="butt")
    axes.plot(value, 0, "o", color=colour)
    axes.axvline(0, color=PALE)
    if least is not None:
        axes.axvline(least, color=INK, linestyle="--", linewidth=0.8, label=f"lower bound must exceed {least:g}")
        axes.legend(frameon=False, fontsize=8, loc="upper right")
    axes.set(yticks=[], ylim=(-1, 1.6), xlabel=f"challenger minus champion, {gain['metric']}")
    axes.spines["left"].set_visible(False)
    return png(figure)


def segment_plot(segments: Sequence[Mapping[str, Any]]) -> bytes:
    """The change in the 25 segments that lost most, worst first; a loss in another colour than a gain."""
    shown = sorted(segments, key=lambda segment: float(segment["change"]))[:SHOWN][::-1]
    changes = np.array([float(segment["change"]) for segment in shown])
    figure, axes = canvas(7.0, 0.8 + 0.26 * len(shown))
    axes.barh(np.arange(len(shown)), changes, color=[WORSE if change < 0 else ACCENT for change in changes])
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(np.arange(len(shown)), [_name(segment) for segment in shown], fontsize=8)
    axes.set(xlabel="challenger minus champion")
    axes.locator_params(axis="x", nbins=6)
    return png(figure)


def _name(segment: Mapping[str, Any]) -> str:
    name = f"{segment['field']} = {segment['level']}"
    return f"{name if len(name) <= 42 else name[:41] + '…'} ({segment['rows']:,})"
