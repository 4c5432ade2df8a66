"""Pictures of a promotion decision, as PNG: the gain with its bounds, and the change in every segment."""

from collections.abc import Sequence

import numpy as np

from include.evaluation.labels import label
from include.evaluation.pictures.plots import ACCENT, INK, PALE, canvas, png
from include.promotion.gate_report import Change
from include.promotion.record import Segment

WORSE = "#a33b3b"
MOST_SEGMENTS = 25
MOST_LETTERS = 42


def gain_plot(gain: Change, least: float | None = None) -> bytes:
    """Draw the gain as a point with its one-sided bounds, and `least` as a line that the lower one must exceed."""
    figure, axes = canvas(6.5, 1.6)
    colour = ACCENT if least is None or gain.lower > least else WORSE
    axes.plot(
        [gain.lower, gain.upper],
        [0, 0],
        color=colour,
        linewidth=3,
        solid_capstyle="butt",
    )
    axes.plot(gain.value, 0, "o", color=colour)
    axes.axvline(0, color=PALE)
    if least is not None:
        axes.axvline(
            least,
            color=INK,
            linestyle="--",
            linewidth=0.8,
            label=f"lower bound must exceed {least:g}",
        )
        axes.legend(frameon=False, fontsize=8, loc="upper right")
    axes.set(
        yticks=[],
        ylim=(-1, 1.6),
        xlabel=f"challenger minus champion, {gain.metric}",
    )
    axes.spines["left"].set_visible(False)
    return png(figure)


def segment_plot(segments: Sequence[Segment]) -> bytes:
    """Draw the change in the 25 segments that lost most, worst first; a loss has another colour than a gain."""
    worst = sorted(segments, key=lambda segment: segment.change)[:MOST_SEGMENTS]
    worst.reverse()  # a bar chart starts at the bottom
    places = np.arange(len(worst))
    changes = np.array([segment.change for segment in worst])
    colours = [WORSE if change < 0 else ACCENT for change in changes]
    figure, axes = canvas(7.0, 0.8 + 0.26 * len(worst))
    axes.barh(places, changes, color=colours)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(places, [_name(segment) for segment in worst], fontsize=8)
    axes.set(xlabel="challenger minus champion")
    axes.locator_params(axis="x", nbins=6)
    return png(figure)


def _name(segment: Segment) -> str:
    """Return the segment's field, level and leads as a label."""
    name = label(f"{segment.field} = {segment.level}", MOST_LETTERS)
    return f"{name} ({segment.rows:,})"
