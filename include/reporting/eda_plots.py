"""Pictures of an exploratory data analysis, as PNG; the same leads give the same bytes."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from include.evaluation.plots import ACCENT, INK, PALE, canvas, png
from include.reporting.eda_levels import MISSING
from include.reporting.eda_tables import Profile

LEVELS_SHOWN = 12
MUCH_MISSING = 0.4  # guide 11.1
STAGE_COLOURS = {"capture": ACCENT, "engagement": "#d98b2b", "contact": "#a33b3b"}


def draw_all(found: Profile) -> dict[str, bytes]:
    """Every picture of the profile by name, in the order in which the report shows them.

    `balance`, `missing`, `indicators`, `correlation`; `distribution-<field>` per number, `conversion-<field>` per other
    feature, strongest first. A picture that would be empty is left out.
    """
    pictures = {"balance": balance(found)} if found.labelled else {}
    if (found.columns["missing"] > 0).any():
        pictures["missing"] = missingness(found)
    if found.indicators["AUC alone"].notna().any():
        pictures["indicators"] = indicators(found)
    if len(found.correlations) > 1:
        pictures["correlation"] = correlation(found)
    numbers = set(found.numbers["field"]) if len(found.numbers) else set()
    for field in found.indicators["field"] if found.labelled else []:
        if field not in numbers:
            pictures[f"conversion-{field}"] = conversion(found, field)
        elif found.typed[field].notna().any():
            pictures[f"distribution-{field}"] = distribution(found, field)
    return pictures


def balance(found: Profile) -> bytes:
    """How many labelled leads converted and how many did not."""
    figure, axes = canvas(5.0, 1.6)
    counts = [found.labelled - found.converted, found.converted]
    axes.barh(["not converted", "converted"], counts, color=[PALE, ACCENT])
    for place, count in enumerate(counts):
        axes.text(count, place, f" {count:,} ({count / found.labelled:.1%})", va="center", color=INK)
    axes.set(xlim=(0, max(counts) * 1.35), xticks=[])
    return png(figure)


def missingness(found: Profile) -> bytes:
    """Share of missing cells of every column that has any, with the guide's 40 % line."""
    shares = found.columns.set_index("field")["missing"]
    shares = shares[shares > 0].sort_values(kind="stable")
    figure, axes = canvas(7.0, 0.8 + 0.24 * len(shares))
    axes.barh(_short(shares.index), shares, color=[ACCENT if share > MUCH_MISSING else PALE for share in shares])
    axes.axvline(MUCH_MISSING, color=INK, linestyle="--", linewidth=0.8)
    axes.set(xlim=(0, 1), xlabel="share of leads without a value")
    return png(figure)


def indicators(found: Profile) -> bytes:
    """How well each feature ranks leads alone, coloured by when it becomes known."""
    table = found.indicators.dropna().iloc[::-1]
    figure, axes = canvas(7.0, 1.0 + 0.24 * len(table))
    axes.barh(
        _short(table["field"]), table["AUC alone"] - 0.5, left=0.5, color=table["known at"].map(STAGE_COLOURS).tolist()
    )
    for stage, colour in STAGE_COLOURS.items():
        axes.barh([0], [0], left=0.5, color=colour, label=f"known at {stage}")
    axes.set(xlabel="ROC-AUC of the feature alone", xlim=(min(0.5, table["AUC alone"].min()) - 0.01, 1))
    axes.legend(frameon=False, loc="lower right")
    return png(figure)


def correlation(found: Profile) -> bytes:
    """Heat map of Pearson correlations between numbers, ordinals, flags and the label."""
    table, size = found.correlations, len(found.correlations)
    figure, axes = canvas(3.0 + 0.5 * size, 2.4 + 0.4 * size)
    axes.imshow(table, cmap="coolwarm", vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        if not math.isnan(value):
            axes.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=7,
                color=INK if abs(value) < 0.7 else "w",
            )
    axes.set(xticks=range(size), yticks=range(size))
    axes.set_xticklabels(_short(table.columns), rotation=60, ha="right")
    axes.set_yticklabels(_short(table.index))
    return png(figure)


def conversion(found: Profile, field: str) -> bytes:
    """Share and conversion rate with its 95 % interval of a feature's most frequent levels."""
    table = found.levels[found.levels["field"] == field]
    figure, axes = canvas(6.0, 1.0 + 0.26 * min(len(table), LEVELS_SHOWN))
    _rates(axes, table.head(LEVELS_SHOWN), found.rate)
    hidden = len(table) - LEVELS_SHOWN
    axes.set_title(f"{field}, {hidden} rarer levels not shown" if hidden > 0 else field)
    return png(figure)


def distribution(found: Profile, field: str) -> bytes:
    """Histogram of a number by outcome up to its 99 % quantile, and the conversion rate of each tenth of the leads."""
    figure, left = canvas(9.0, 3.4)
    grid = figure.add_gridspec(1, 2)
    left.set_subplotspec(grid[0])
    right = figure.add_subplot(grid[1])
    right.spines[["top", "right"]].set_visible(False)
    values = found.typed.loc[found.outcome.index, field]
    edges = np.histogram_bin_edges(found.typed[field].dropna().clip(upper=found.typed[field].quantile(0.99)), bins=30)
    for outcome, colour, name in ((0, PALE, "not converted"), (1, ACCENT, "converted")):
        chosen = values[found.outcome == outcome].dropna().clip(upper=edges[-1])
        left.hist(chosen, bins=edges.tolist(), color=colour, alpha=0.75, label=name)
    left.set(xlabel=field, ylabel="leads")
    left.legend(frameon=False)
    table = found.levels[found.levels["field"] == field]
    _rates(right, table.loc[table["level"].map(_lowest).sort_values(kind="stable").index], found.rate)
    return png(figure)


def _rates(axes: Axes, table: pd.DataFrame, overall: float) -> None:
    shown = table.iloc[::-1]
    places = np.arange(len(shown))
    axes.barh(places, shown["share"].to_numpy(dtype=float), color=PALE, label="share of leads")
    rate, low, high = (shown[name].to_numpy(dtype=float) for name in ("rate", "low", "high"))
    reach = np.maximum([rate - low, high - rate], 0)
    axes.errorbar(rate, places, xerr=reach, fmt="o", color=ACCENT, markersize=4, label="conversion rate")
    axes.axvline(overall, color=INK, linestyle="--", linewidth=0.8)
    axes.set(yticks=places, xlim=(0, 1))
    axes.set_yticklabels(_short(shown["level"]))
    axes.legend(frameon=False, fontsize=7)


def _lowest(level: str) -> float:
    return -math.inf if level == MISSING else float(level.split(" to ")[0].replace(",", ""))


def _short(names: object) -> list[str]:
    return [name if len(name) <= 34 else name[:33] + "…" for name in map(str, pd.Index(names))]  # type: ignore[call-overload]
