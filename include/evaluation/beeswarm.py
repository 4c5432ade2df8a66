"""The SHAP summary plot over business fields: one dot a lead, wider where many leads have a similar value.

shap's own plot needs pyplot, draws its jitter from the global random state, and knows matrix columns only.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from include.evaluation.plots import INK, PALE, canvas, png
from include.evaluation.scores import Floats

FIELDS_SHOWN = 15
SLOTS = 60
NAME_LENGTH = 32
DOT = 7.0
HALF_WIDTH = 0.38
LEVEL_COLOUR = "#7a8a99"


def draw_beeswarm(values: pd.DataFrame, rows: pd.DataFrame, scale: str, path: Path) -> Path:
    """Writes the plot of the fields that matter most, largest mean |value| on top.

    Numbers are coloured from low (blue) to high (red) by rank; categories are grey and missing cells pale.

    Args:
        values: SHAP values, shape (leads, fields).
        rows: the leads' raw fields, with the index of `values`.
        scale: what the values add up to, for the axis.
        path: the PNG.
    """
    weight = values.abs().mean().sort_values(ascending=False, kind="stable")
    shown = weight.index[:FIELDS_SHOWN]
    figure, axes = canvas(8.0, 1.4 + 0.32 * len(shown))
    axes.axvline(0, color=PALE, linewidth=0.8)
    for line, field in enumerate(reversed(shown)):
        raw = rows[field] if field in rows else pd.Series(np.nan, index=values.index)
        _dots(axes, values[field].to_numpy(dtype=np.float64), raw, line)
    colours = "number: blue low, red high · category: grey · missing: pale"
    axes.set(yticks=range(len(shown)), ylim=(-0.6, len(shown) - 0.4))
    axes.set_xlabel(f"effect on the {scale} of conversion\n{colours}")
    axes.set_yticklabels([f"{_short(str(field))}  {weight[field]:.2f}" for field in reversed(shown)])
    figure.suptitle("What moves the score, with the mean size of each field's effect", color=INK)
    path.write_bytes(png(figure))
    return path


def _short(field: str) -> str:
    return field if len(field) <= NAME_LENGTH else field[: NAME_LENGTH - 1] + "…"


def _dots(axes: Axes, effect: Floats, raw: pd.Series, line: int) -> None:
    height = line + _spread(effect)
    rank, missing = _ranks(raw), raw.isna().to_numpy()
    plain = ~missing & np.isnan(rank)
    axes.scatter(effect[missing], height[missing], s=DOT, linewidths=0, color=PALE)
    axes.scatter(effect[plain], height[plain], s=DOT, linewidths=0, color=LEVEL_COLOUR)
    number = ~missing & ~plain
    axes.scatter(effect[number], height[number], s=DOT, linewidths=0, c=rank[number], cmap="coolwarm", vmin=0, vmax=1)


def _ranks(raw: pd.Series) -> Floats:
    numbers = pd.to_numeric(raw, errors="coerce").astype("float64")
    return np.asarray(numbers.rank(pct=True), dtype=np.float64)


def _spread(effect: Floats) -> Floats:
    """Offsets from a dot's line, shape (n,): dots of one slot are stacked evenly around it."""
    width = float(np.ptp(effect)) or 1.0
    slot = np.minimum(((effect - effect.min()) / width * SLOTS).astype(np.int64), SLOTS - 1)
    place = pd.Series(slot).groupby(slot).cumcount().to_numpy()
    size = np.bincount(slot, minlength=SLOTS)
    stacked = np.where(place % 2 == 0, 1, -1) * ((place + 1) // 2)
    return np.asarray(HALF_WIDTH * 2 * stacked / max(int(size.max()), 10), dtype=float)
