"""Draws how good a model is, as PNG: ROC, precision-recall, calibration, gain, confusion.

Figures are made without pyplot: no global state, no display, and the same input gives the same bytes.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from include.evaluation.calibration_error import BINS, ece, probability_bin
from include.evaluation.deciles import deciles
from include.evaluation.scores import Floats, Integers, checked
from include.pages.optional import optional

DPI = 90
INK = "#1c2733"
ACCENT = "#0b6e99"
PALE = "#b8c4ce"


def canvas(width: float = 5.0, height: float = 4.0) -> tuple[Figure, Axes]:
    """Return an empty figure of that many inches with one pair of axes."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def png(figure: Figure) -> bytes:
    """Return the figure as PNG, without the metadata that would tell two runs apart.

    No text in it is read as a formula: a level between two dollar signs is drawn as it is.
    """
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    buffer = BytesIO()
    # Ticks that only the drawing makes take this from the settings.
    with rc_context({"text.parse_math": False}):
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def evaluation_plots(
    outcome: Any, probability: Any, threshold: float, folder: Path
) -> list[Path]:
    """Write the five pictures of one model on one set of leads into `folder`, which is made where absent.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: predicted probability of conversion, shape (n,).
        threshold: from this probability on a lead is predicted to convert.
        folder: where roc.png, precision_recall.png, calibration.png, gain.png and confusion.png go.

    Returns:
        The paths, in that order; a picture that cannot be drawn is logged and left out.

    Raises:
        OneClassOnlyError: all outcomes are the same.
        ScoresUnusableError: lengths differ, or a probability is not a number in [0, 1].
    """
    y, p = checked(outcome, probability)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in PLOTS.items():
        path = folder / f"{name}.png"
        with optional(f"picture {name}"):
            figure = draw(y, p, threshold)
            path.write_bytes(png(figure))
            paths.append(path)
    return paths


def _roc(y: Integers, p: Floats, threshold: float) -> Figure:
    figure, axes = canvas()
    false, true, _ = roc_curve(y, p)
    axes.plot([0, 1], [0, 1], color=PALE, linestyle="--")
    axes.plot(false, true, color=ACCENT)
    flagged = p >= threshold
    false_share = flagged[y == 0].mean()
    true_share = flagged[y == 1].mean()
    axes.plot(
        false_share,
        true_share,
        "o",
        color=INK,
        label=f"threshold {threshold:.2f}",
    )
    axes.set(
        xlabel="share of non-converting leads flagged",
        ylabel="share of converting leads found",
    )
    axes.set_title(f"ROC, AUC {roc_auc_score(y, p):.3f}")
    axes.legend(frameon=False, loc="lower right")
    return figure


def _precision_recall(y: Integers, p: Floats, threshold: float) -> Figure:
    figure, axes = canvas()
    precision, recall, _ = precision_recall_curve(y, p)
    axes.axhline(
        y.mean(), color=PALE, linestyle="--", label="every lead flagged"
    )
    axes.plot(recall, precision, color=ACCENT, drawstyle="steps-post")
    flagged = p >= threshold
    if flagged.any():
        axes.plot(
            flagged[y == 1].mean(),
            y[flagged].mean(),
            "o",
            color=INK,
            label=f"threshold {threshold:.2f}",
        )
    axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    axes.set_title(
        f"Precision and recall, average precision {average_precision_score(y, p):.3f}"
    )
    axes.legend(frameon=False, loc="lower left")
    return figure


def _calibration(y: Integers, p: Floats, threshold: float) -> Figure:
    figure, axes = canvas()
    bins = probability_bin(p)
    rows = np.bincount(bins, minlength=BINS)
    filled = rows > 0
    mean_probability = (
        np.bincount(bins, weights=p, minlength=BINS)[filled] / rows[filled]
    )
    conversion_rate = (
        np.bincount(bins, weights=y, minlength=BINS)[filled] / rows[filled]
    )
    centres = (np.arange(BINS) + 0.5) / BINS
    axes.bar(
        centres,
        rows / len(p),
        width=0.9 / BINS,
        color=PALE,
        label="share of leads",
    )
    axes.plot([0, 1], [0, 1], color=PALE, linestyle="--")
    axes.plot(
        mean_probability,
        conversion_rate,
        "o-",
        color=ACCENT,
        label="conversion rate",
    )
    axes.set(
        xlabel="mean predicted probability",
        ylabel="conversion rate",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.set_title(f"Calibration, ECE {ece(y, p):.3f}")
    axes.legend(frameon=False, loc="upper left")
    return figure


def _gain(y: Integers, p: Floats, threshold: float) -> Figure:
    figure, axes = canvas()
    table = deciles(y, p)
    called = np.cumsum([0, *(row["rows"] for row in table)]) / len(y)
    gain = [0.0, *(row["gain"] for row in table)]
    flagged_share = float((p >= threshold).mean())
    axes.plot(
        [0, 1],
        [0, 1],
        color=PALE,
        linestyle="--",
        label="leads in random order",
    )
    axes.plot(called, gain, "o-", color=ACCENT, label="best scores first")
    axes.axvline(
        flagged_share,
        color=INK,
        linewidth=0.8,
        label=f"threshold {threshold:.2f}",
    )
    axes.set(
        xlabel="share of leads called",
        ylabel="share of conversions found",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.set_title(f"Gain, lift of the best decile {table[0]['lift']:.2f}")
    axes.legend(frameon=False, loc="lower right")
    return figure


def _confusion(y: Integers, p: Floats, threshold: float) -> Figure:
    figure, axes = canvas(4.2, 3.6)
    counts = confusion_matrix(y, p >= threshold, labels=[0, 1])
    axes.imshow(
        counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1
    )
    for (row, column), count in np.ndenumerate(counts):
        share = count / counts[row].sum()
        colour = "white" if share > 0.5 else INK
        axes.text(
            column,
            row,
            f"{count:,}\n{share:.1%}",
            ha="center",
            va="center",
            color=colour,
        )
    axes.set(
        xticks=[0, 1], yticks=[0, 1], xlabel="predicted", ylabel="happened"
    )
    axes.set_xticklabels(["no", "converts"])
    axes.set_yticklabels(["no", "converts"])
    axes.set_title(f"Decisions at threshold {threshold:.2f}")
    return figure


PLOTS: dict[str, Callable[[Integers, Floats, float], Figure]] = {
    "roc": _roc,
    "precision_recall": _precision_recall,
    "calibration": _calibration,
    "gain": _gain,
    "confusion": _confusion,
}
