"""Judge settings on the newest leads, window by window: fitted on everything older, asked about what came next.

Random folds mix old and new leads, so they cannot see that the world has changed. A rolling origin can (Tashman 2000,
"Out-of-sample tests of forecasting accuracy", International Journal of Forecasting 16).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from include.evaluation.intervals import Ranking, ranking
from include.training.data.dataset import Dataset, can_learn
from include.training.prepared import Build, fitted_settings

WINDOWS = 4
"""Most windows that are looked at."""
WINDOW_SHARE = 0.1
"""Part of the leads that train or validate in one window."""
LEAST_OLDER = 0.5
"""Part of these leads that must come before a window: a model of few leads is no model to judge a family by."""
DEVIATIONS = 1.96
"""So many standard errors apart, two figures contradict each other (95 %, two-sided)."""


@dataclass(frozen=True)
class Window:
    """The leads of one window, and those that came before it; positions in the data set.

    Attributes:
        older: to fit on.
        newer: to judge on.
    """

    older: np.ndarray
    newer: np.ndarray


def newest_windows(data: Dataset) -> list[Window]:
    """Return the windows by the contract's clock, the newest first; the holdout is in none of them.

    All leads of one moment lie on the same side, so that a window of a daily clock begins with a day, and may hold more
    than WINDOW_SHARE. Leads without a moment are in no window, neither as older nor as newer ones.

    There are fewer than WINDOWS, or none, where less than LEAST_OLDER would come before a window, because too many
    leads have one moment, or where a window, or what came before it, has too few leads of an outcome.
    """
    not_held_out = (data.split != "holdout").to_numpy()
    has_moment = data.arrival.notna().to_numpy()
    usable = np.flatnonzero(not_held_out & has_moment)
    arrival = data.arrival.to_numpy(dtype="float64")
    ordered = usable[np.argsort(arrival[usable], kind="stable")]
    moments = arrival[ordered]
    size = int(len(ordered) * WINDOW_SHARE)
    least_older = len(ordered) * LEAST_OLDER
    windows: list[Window] = []
    end = len(ordered)
    while len(windows) < WINDOWS and end > size > 0:
        # The first lead of the moment that the window begins with.
        start = int(np.searchsorted(moments, moments[end - size]))
        window = Window(older=ordered[:start], newer=ordered[start:end])
        older = data.target.iloc[window.older]
        newer = data.target.iloc[window.newer]
        if start < least_older or not can_learn(older, newer):
            break
        windows.append(window)
        end = start
    return windows


def window_rankings(
    build: Build,
    settings: Sequence[Mapping[str, Any]],
    data: Dataset,
    window: Window,
) -> list[Ranking]:
    """Fit settings on what came before a window and return how each ranks the window's leads."""
    learned = pd.Series(False, index=data.frame.index)
    learned.iloc[window.older] = True
    outcome = data.target.iloc[window.newer]
    rankings: dict[int, Ranking] = {}
    for fitted in fitted_settings(
        build,
        settings,
        data.frame[learned],
        data.target[learned],
        data.fit_params(learned),
        data.frame.iloc[window.newer],
    ):
        rankings[fitted.place] = ranking(outcome, fitted.probability)
    return [rankings[place] for place in range(len(settings))]


def together(rankings: Sequence[Ranking]) -> Ranking:
    """Return the weighted mean of several windows, the newest first; each counts half as much as the one after it."""
    weights = 0.5 ** np.arange(len(rankings))
    weights /= weights.sum()
    areas = np.array([each.roc_auc for each in rankings])
    errors = np.array([each.error for each in rankings])
    error = np.sqrt((weights**2 * errors**2).sum())
    return Ranking(float(weights @ areas), float(error))


def contradicts(windows: Ranking, random: Ranking) -> bool:
    """Tell whether the newest leads are ranked worse than the random folds promised, beyond the error of both."""
    error = float(np.hypot(windows.error, random.error))
    return random.roc_auc - windows.roc_auc > DEVIATIONS * error


def best_on_windows(rankings: Mapping[str, Ranking]) -> str:
    """Return the first name whose difference to the best one is within the standard error of that difference.

    The error is that of two independent figures, which is too large for two models of the same leads. Source: the
    one-standard-error rule (Breiman et al. 1984, 3.4.3); names come with the preferred one first.
    """
    best = max(rankings.values(), key=attrgetter("roc_auc"))
    for name, of_family in rankings.items():
        error = float(np.hypot(of_family.error, best.error))
        if of_family.roc_auc >= best.roc_auc - error:
            return name
    raise ValueError("there are no rankings to choose from")


def setting_on_windows(
    build: Build,
    settings: Sequence[Mapping[str, Any]],
    data: Dataset,
    windows: Sequence[Window],
    newest: Ranking,
) -> tuple[int, list[Ranking]]:
    """Return which setting of a family to take by the newest windows, and its ranking in each of them.

    Args:
        build: makes an unfitted pipeline from parameters.
        settings: parameters to try, those that the random folds prefer first.
        data: the leads.
        windows: the newest first, one at least.
        newest: how the first of the settings ranks the newest window, which has been measured already.
    """
    of_newest = window_rankings(build, settings[1:], data, windows[0])
    by_window = [[newest, *of_newest]]
    for window in windows[1:]:
        by_window.append(window_rankings(build, settings, data, window))
    measured = list(zip(*by_window, strict=True))
    means = {
        str(number): together(rankings)
        for number, rankings in enumerate(measured)
    }
    position = int(best_on_windows(means))
    return position, list(measured[position])
