"""Draws the SHAP summary plot over business fields: one dot a lead, wider where many leads have a similar value.

shap's own plot needs pyplot, draws its jitter from the global random state, and knows matrix columns only.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from include.evaluation.labels import label
from include.evaluation.pictures.plots import INK, PALE, canvas, png
from include.evaluation.scores import Floats

FIELDS_SHOWN = 15
SLOTS = 60
NAME_LENGTH = 32
DOT = 7.0
HALF_WIDTH = 0.38
LEVEL_COLOUR = "#7a8a99"


def draw_beeswarm(
    values: pd.DataFrame, rows: pd.DataFrame, scale: str, path: Path
) -> Path:
    """Write the plot of the fields that matter most, largest mean |value| on top, and return its path.

    Numbers are coloured from low (blue) to high (red) by rank; categories are grey and missing cells pale.

    Args:
        values: SHAP values, shape (leads, fields).
        rows: the leads' raw fields, with the index of `values`.
        scale: what the values add up to, for the axis.
        path: the PNG.
    """
    sizes = values.abs().mean().sort_values(ascending=False, kind="stable")
    fields = list(reversed(sizes.index[:FIELDS_SHOWN]))
    figure, axes = canvas(8.0, 1.4 + 0.32 * len(fields))
    axes.axvline(0, color=PALE, linewidth=0.8)
    for line, field in enumerate(fields):
        raw = (
            rows[field]
            if field in rows
            else pd.Series(np.nan, index=values.index)
        )
        effect = values[field].to_numpy(dtype=np.float64)
        _draw_dots(axes, effect, raw, line)
    colours = "number: blue low, red high · category: grey · missing: pale"
    axes.set(yticks=range(len(fields)), ylim=(-0.6, len(fields) - 0.4))
    axes.set_xlabel(f"effect on the {scale} of conversion\n{colours}")
    axes.set_yticklabels(
        [f"{label(field, NAME_LENGTH)}  {sizes[field]:.2f}" for field in fields]
    )
    figure.suptitle(
        "What moves the score, with the mean size of each field's effect",
        color=INK,
    )
    path.write_bytes(png(figure))
    return path


def _draw_dots(axes: Axes, effect: Floats, raw: pd.Series, line: int) -> None:
    """Draw one dot per lead on the field's line, coloured by the raw value."""
    height = line + _offsets(effect)
    rank = _ranks(raw)
    is_missing = raw.isna().to_numpy()
    is_level = ~is_missing & np.isnan(rank)
    is_number = ~is_missing & ~is_level
    axes.scatter(
        effect[is_missing], height[is_missing], s=DOT, linewidths=0, color=PALE
    )
    axes.scatter(
        effect[is_level],
        height[is_level],
        s=DOT,
        linewidths=0,
        color=LEVEL_COLOUR,
    )
    axes.scatter(
        effect[is_number],
        height[is_number],
        s=DOT,
        linewidths=0,
        c=rank[is_number],
        cmap="coolwarm",
        vmin=0,
        vmax=1,
    )


def _ranks(raw: pd.Series) -> Floats:
    """Return the rank of each number in (0, 1], NaN for a value that is no number."""
    numbers = pd.to_numeric(raw, errors="coerce").astype("float64")
    return np.asarray(numbers.rank(pct=True), dtype=np.float64)


def _offsets(effect: Floats) -> Floats:
    """Return each dot's offset from its line, shape (n,): dots of one slot are stacked evenly around the line."""
    width = float(np.ptp(effect)) or 1.0
    position = (effect - effect.min()) / width
    slot = np.minimum((position * SLOTS).astype(np.int64), SLOTS - 1)
    place = pd.Series(slot).groupby(slot).cumcount().to_numpy()
    side = np.where(place % 2 == 0, 1, -1)
    steps = side * ((place + 1) // 2)
    fullest = int(np.bincount(slot, minlength=SLOTS).max())
    return np.asarray(HALF_WIDTH * 2 * steps / max(fullest, 10), dtype=float)
