"""Draw the pictures of an exploratory data analysis as PNG; the same leads give the same bytes."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from include.evaluation.labels import label
from include.evaluation.pictures.plots import ACCENT, INK, PALE, canvas, png
from include.pages.optional import optional
from include.reporting.eda_levels import MISSING
from include.reporting.eda_tables import Profile

LEVELS_SHOWN = 12
NAME_LENGTH = 34
MUCH_MISSING = 0.4  # guide 11.1
STAGE_COLOURS = {
    "capture": ACCENT,
    "engagement": "#d98b2b",
    "contact": "#a33b3b",
}


def draw_all(profile: Profile) -> dict[str, bytes]:
    """Return every picture of the profile by name, in the order in which the report shows them.

    `balance`, `missing`, `indicators`, `correlation`; `distribution-<field>` per number, `conversion-<field>` per other
    feature, strongest first. A picture that would be empty is left out, as is one that cannot be drawn, which is
    logged.
    """
    pictures = {}
    for name, draw in _drawings(profile):
        with optional(f"picture {name}"):
            pictures[name] = draw()
    return pictures


def _drawings(profile: Profile) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of every picture, and the function that draws it."""
    if profile.labelled:
        yield "balance", partial(balance, profile)
    if (profile.columns["missing"] > 0).any():
        yield "missing", partial(missingness, profile)
    if profile.indicators["AUC alone"].notna().any():
        yield "indicators", partial(indicators, profile)
    if len(profile.correlations) > 1:
        yield "correlation", partial(correlation, profile)
    if profile.labelled:
        yield from _feature_drawings(profile)


def _feature_drawings(
    profile: Profile,
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the picture of each feature, strongest first."""
    numbers = set()
    if len(profile.numbers):
        numbers = set(profile.numbers["field"])
    for field in profile.indicators["field"]:
        if field not in numbers:
            yield f"conversion-{field}", partial(conversion, profile, field)
        elif profile.typed[field].notna().any():
            yield f"distribution-{field}", partial(distribution, profile, field)


def balance(profile: Profile) -> bytes:
    """Draw how many labelled leads converted and how many did not."""
    figure, axes = canvas(5.0, 1.6)
    counts = [profile.labelled - profile.converted, profile.converted]
    axes.barh(["not converted", "converted"], counts, color=[PALE, ACCENT])
    for place, count in enumerate(counts):
        share = count / profile.labelled
        axes.text(
            count, place, f" {count:,} ({share:.1%})", va="center", color=INK
        )
    axes.set(xlim=(0, max(counts) * 1.35), xticks=[])
    return png(figure)


def missingness(profile: Profile) -> bytes:
    """Draw the share of missing cells of every column that has any, with the guide's 40 % line."""
    shares = profile.columns.set_index("field")["missing"]
    shares = shares[shares > 0].sort_values(kind="stable")
    figure, axes = canvas(7.0, 0.8 + 0.24 * len(shares))
    colours = [ACCENT if share > MUCH_MISSING else PALE for share in shares]
    places = range(len(shares))
    axes.barh(places, shares, color=colours)
    axes.set_yticks(places, _short(shares.index))
    axes.axvline(MUCH_MISSING, color=INK, linestyle="--", linewidth=0.8)
    axes.set(xlim=(0, 1), xlabel="share of leads without a value")
    return png(figure)


def indicators(profile: Profile) -> bytes:
    """Draw how well each feature ranks leads alone, coloured by when it becomes known."""
    table = profile.indicators.dropna().iloc[::-1]
    figure, axes = canvas(7.0, 1.0 + 0.24 * len(table))
    strength = table["AUC alone"]
    colours = table["known at"].map(STAGE_COLOURS).tolist()
    places = range(len(table))
    axes.barh(places, strength - 0.5, left=0.5, color=colours)
    axes.set_yticks(places, _short(table["field"]))
    for stage, colour in STAGE_COLOURS.items():
        axes.barh([0], [0], left=0.5, color=colour, label=f"known at {stage}")
    lowest = min(0.5, strength.min())
    axes.set(xlabel="ROC-AUC of the feature alone", xlim=(lowest - 0.01, 1))
    axes.legend(frameon=False, loc="lower right")
    return png(figure)


def correlation(profile: Profile) -> bytes:
    """Draw a heat map of Pearson correlations between numbers, ordinals, flags and the label."""
    table = profile.correlations
    size = len(table)
    figure, axes = canvas(3.0 + 0.5 * size, 2.4 + 0.4 * size)
    axes.imshow(table, cmap="coolwarm", vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        if math.isnan(value):
            continue
        colour = INK if abs(value) < 0.7 else "w"  # white on a dark cell
        axes.text(
            column,
            row,
            f"{value:.2f}",
            ha="center",
            va="center",
            fontsize=7,
            color=colour,
        )
    axes.set(xticks=range(size), yticks=range(size))
    axes.set_xticklabels(_short(table.columns), rotation=60, ha="right")
    axes.set_yticklabels(_short(table.index))
    return png(figure)


def conversion(profile: Profile, field: str) -> bytes:
    """Draw share and conversion rate with its 95 % interval of a feature's most frequent levels."""
    table = profile.levels[profile.levels["field"] == field]
    rows = table.head(LEVELS_SHOWN)
    figure, axes = canvas(6.0, 1.0 + 0.26 * len(rows))
    _draw_rates(axes, rows, profile.rate)
    hidden = len(table) - len(rows)
    title = field
    if hidden:
        title = f"{field}, {hidden} rarer levels not shown"
    axes.set_title(title)
    return png(figure)


def distribution(profile: Profile, field: str) -> bytes:
    """Draw the histogram of a number by outcome, and the conversion rate of each tenth of the leads beside it.

    The histogram ends at the 99 % quantile: larger values count in its last bar.
    """
    figure, left = canvas(9.0, 3.4)
    grid = figure.add_gridspec(1, 2)
    left.set_subplotspec(grid[0])
    right = figure.add_subplot(grid[1])
    right.spines[["top", "right"]].set_visible(False)
    _draw_histogram(left, profile, field)
    table = profile.levels[profile.levels["field"] == field]
    order = table["level"].map(_lowest).sort_values(kind="stable").index
    _draw_rates(right, table.loc[order], profile.rate)
    return png(figure)


def _draw_histogram(axes: Axes, profile: Profile, field: str) -> None:
    """Draw how many leads have each value, by outcome."""
    values = profile.typed[field]
    limit = values.quantile(0.99)
    edges = np.histogram_bin_edges(values.dropna().clip(upper=limit), bins=30)
    labelled = values.loc[profile.outcome.index]
    for outcome, colour, name in (
        (0, PALE, "not converted"),
        (1, ACCENT, "converted"),
    ):
        selected = (
            labelled[profile.outcome == outcome].dropna().clip(upper=edges[-1])
        )
        axes.hist(
            selected, bins=edges.tolist(), color=colour, alpha=0.75, label=name
        )
    axes.set(xlabel=field, ylabel="leads")
    axes.legend(frameon=False)


def _draw_rates(axes: Axes, table: pd.DataFrame, overall: float) -> None:
    """Draw share and conversion rate of each level, the first on top, with a line at the overall rate."""
    rows = table.iloc[::-1]
    places = np.arange(len(rows))
    share, rate, low, high = (
        rows[name].to_numpy(dtype=float)
        for name in ("share", "rate", "low", "high")
    )
    axes.barh(places, share, color=PALE, label="share of leads")
    reach = np.maximum([rate - low, high - rate], 0)
    axes.errorbar(
        rate,
        places,
        xerr=reach,
        fmt="o",
        color=ACCENT,
        markersize=4,
        label="conversion rate",
    )
    axes.axvline(overall, color=INK, linestyle="--", linewidth=0.8)
    axes.set(yticks=places, xlim=(0, 1))
    axes.set_yticklabels(_short(rows["level"]))
    axes.legend(frameon=False, fontsize=7)


def _lowest(level: str) -> float:
    """Return the low end of a range; a missing value comes first."""
    if level == MISSING:
        return -math.inf
    low_end = level.split(" to ")[0]
    return float(low_end.replace(",", ""))


def _short(names: pd.Series | pd.Index) -> list[str]:
    """Return names as labels that fit beside a picture."""
    return [label(name, NAME_LENGTH) for name in names]
