"""Choose the family of a challenger: by random folds, or by the newest windows where these contradict the folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from include.evaluation.intervals import Ranking
from include.training.families import FAMILIES
from include.training.windows import (
    best_on_windows,
    contradicts,
    together,
)

Split = Literal["auto", "random", "time"]
RANDOM = "random"
TIME = "time"
NOT_ASKED = "the newest leads were not asked: their clock does not tell them apart, or too few have one of the outcomes"


@dataclass(frozen=True)
class Choice:
    """The result of the family to register.

    Attributes:
        winner: what `train_family` returned of it.
        split: "random" or "time": what decided.
        reason: one sentence.
    """

    winner: dict[str, Any]
    split: str
    reason: str


def choose(
    results: Sequence[dict[str, Any]], metric: str, split: Split = "auto"
) -> Choice:
    """Choose among the results of one stage.

    Random folds take the family with the largest `metric` on leads that its model had not seen (the validation side
    and the training side's out-of-fold probabilities). The newest windows decide instead where that family ranks them
    worse than the folds promised, beyond the error of both: then the simplest family within one standard error of the
    best on the windows is taken. `random` never looks at windows, `time` always does where there are any.

    Args:
        results: what `train_family` returned; the first one wins a tie.
        metric: roc_auc, pr_auc or f1.
        split: of the contract's decisions.

    Raises:
        ValueError: there are no results.
    """
    if not results:
        raise ValueError(
            "no family was trained, so there is no challenger; check the train_family tasks"
        )
    by_folds = max(
        results, key=lambda result: float(result["metrics"][f"unseen_{metric}"])
    )
    family = by_folds["family"]
    folds = _by_folds(by_folds["metrics"])
    count = min(len(_by_window(result["metrics"])) for result in results)
    if split == RANDOM or not count or folds is None:
        reason = f"{family} has the largest {metric} on leads it had not seen"
        if split != RANDOM:
            reason = f"{reason}; {NOT_ASKED}"
        return Choice(by_folds, RANDOM, reason)
    newest = together(_by_window(by_folds["metrics"])[:count])
    if split != TIME and not contradicts(newest, folds):
        reason = (
            f"{family} has the largest {metric} on leads it had not seen, and ranks the newest ones as well as that: "
            f"ROC-AUC {newest.roc_auc:.3f} beside {folds.roc_auc:.3f}"
        )
        return Choice(by_folds, RANDOM, reason)
    return _by_time(results, by_folds, folds, count)


def _by_time(
    results: Sequence[dict[str, Any]],
    by_folds: dict[str, Any],
    folds: Ranking,
    count: int,
) -> Choice:
    """Return the choice by the `count` newest windows, which every family was judged on."""
    simplest_first = sorted(
        results, key=lambda result: list(FAMILIES).index(result["family"])
    )
    windows = {
        result["family"]: together(_by_window(result["metrics"])[:count])
        for result in simplest_first
    }
    chosen_family = best_on_windows(windows)
    family = by_folds["family"]
    tenths = "the newest tenth" if count == 1 else f"the {count} newest tenths"
    reason = (
        f"{family} is best on random folds (ROC-AUC {folds.roc_auc:.3f}) and ranks {tenths} of the leads at "
        f"{windows[family].roc_auc:.3f}; there {chosen_family} is the simplest family within one standard error "
        f"of the best, at {windows[chosen_family].roc_auc:.3f}"
    )
    winner = next(one for one in results if one["family"] == chosen_family)
    return Choice(winner, TIME, reason)


def choice_metrics(
    folds: Ranking, windows: Sequence[Ranking]
) -> dict[str, float]:
    """Return what a family's result carries of its rankings, as `choose` reads it; the newest window is the first."""
    metrics = {"folds_roc_auc": folds.roc_auc, "folds_error": folds.error}
    for number, one in enumerate(windows, start=1):
        metrics[f"window_{number}_roc_auc"] = one.roc_auc
        metrics[f"window_{number}_error"] = one.error
    return metrics


def _by_folds(metrics: dict[str, float]) -> Ranking | None:
    """Return the ranking by random folds; None in a result from before there were windows."""
    if "folds_roc_auc" not in metrics:
        return None
    return Ranking(metrics["folds_roc_auc"], metrics["folds_error"])


def _by_window(metrics: dict[str, float]) -> list[Ranking]:
    """Return the ranking in each window that the family was judged on."""
    rankings: list[Ranking] = []
    while f"window_{len(rankings) + 1}_roc_auc" in metrics:
        name = f"window_{len(rankings) + 1}"
        rankings.append(
            Ranking(metrics[f"{name}_roc_auc"], metrics[f"{name}_error"])
        )
    return rankings
