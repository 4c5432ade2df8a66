"""Finds a family's best parameters by cross-validation on the training rows (guide 14.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline
from sklearn.metrics import make_scorer, precision_recall_curve
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from include.contract import Contract, KnownAt
from include.settings import Decisions
from include.training.dataset import Dataset
from include.training.errors import NotEnoughRowsError
from include.training.families import SEED
from include.training.pipeline import build_pipeline
from include.training.space import search_space


@dataclass(frozen=True)
class SearchResult:
    """Outcome of one grid search.

    Attributes:
        pipeline: best pipeline, fitted on the training side.
        params: its parameters, JSON-safe.
        cv_score: its mean score of the folds.
        out_of_fold: probability per row of the training side, each from a model that had not seen the row.
        table: one row per parameter setting, best first.
    """

    pipeline: Pipeline
    params: dict[str, Any]
    cv_score: float
    out_of_fold: np.ndarray
    table: pd.DataFrame


def search(decisions: Decisions, contract: Contract, family: str, data: Dataset, stage: KnownAt) -> SearchResult:
    """Grid search of search.yaml, stratified, with identical feature rows in one fold.

    The score of search.yaml chooses, see `best_setting`. Everything from cleaning on, SMOTE included, is fitted inside
    the folds. The same data gives the same result.

    Raises:
        KeyError: a family that FAMILIES does not have.
        NotEnoughRowsError: the training side cannot be divided into folds.
    """
    space = search_space()
    rows, target = data.part("train")
    groups, params = data.groups[rows.index], data.fit_params(data.split == "train")
    grid = GridSearchCV(
        build_pipeline(decisions, contract, family, stage),
        _settings(space.families[family].grid, weighted=bool(params)),
        scoring=_scorers(space.scoring),
        refit=best_setting,
        cv=folds(target, groups),
        error_score="raise",
    )
    with one_thread():
        grid.fit(rows, target, **params)
    unfitted = build_pipeline(decisions, contract, family, stage, grid.best_params_)
    return SearchResult(
        grid.best_estimator_,
        dict(grid.best_params_),
        float(grid.cv_results_["mean_test_score"][grid.best_index_]),
        out_of_fold(unfitted, rows, target, groups, params),
        _table(grid.cv_results_),
    )


def _settings(grid: Any, weighted: bool) -> Any:
    """The grid to search; where rows have weights, without SMOTE, whose made-up rows have none."""
    if not weighted:
        return grid
    plain = {"resample__method": ["none"]}
    return [dict(one) | plain for one in (grid if isinstance(grid, list | tuple) else [grid])]


def out_of_fold(
    pipeline: Pipeline,
    rows: pd.DataFrame,
    target: pd.Series,
    groups: pd.Series,
    params: Mapping[str, pd.Series] | None = None,
) -> np.ndarray:
    """Probability per row, shape (rows,), from the folds of the search, each by a model that had not seen the row.

    Args:
        pipeline: unfitted.
        rows: to divide into folds.
        target: outcome per row.
        groups: number of the group per row.
        params: `Dataset.fit_params` of the rows.

    Raises:
        NotEnoughRowsError: the rows cannot be divided into folds.
    """
    with one_thread():
        unseen = cross_val_predict(
            pipeline, rows, target, cv=folds(target, groups), method="predict_proba", params=dict(params or {})
        )
    return np.asarray(unseen[:, 1], dtype="float64")


def _scorers(name: str) -> dict[str, Any]:
    # F1 at 0.5 would reward SMOTE for moving every probability up, which calibration then moves down again: the
    # threshold of the deployed model is chosen, so the fold's best F1 is what a setting is worth.
    wanted = make_scorer(best_f1, response_method="predict_proba") if name == "f1" else name
    return {"score": wanted, "brier": "neg_brier_score"}


def best_f1(outcome: Any, probability: Any) -> float:
    """The largest F1 in [0, 1] that any threshold gives to these probabilities, shape (n,)."""
    precision, recall, _ = precision_recall_curve(outcome, probability)
    total = precision + recall
    return float(np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0).max())


def best_setting(results: Mapping[str, Any]) -> int:
    """Place of the setting to take: of all within one standard error of the best score, the one of lowest Brier.

    Three folds cannot tell settings apart that close, but they differ in how far the probabilities can be trusted.
    Source: the one-standard-error rule (Breiman et al. 1984, 3.4.3).
    """
    score, spread = np.asarray(results["mean_test_score"]), np.asarray(results["std_test_score"])
    top = int(score.argmax())
    close = score >= score[top] - spread[top] / np.sqrt(search_space().folds)
    return int(np.where(close, results["mean_test_brier"], -np.inf).argmax())


def folds(target: pd.Series, groups: pd.Series) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions to learn from and to score, fold by fold: stratified, groups undivided, both outcomes in every fold.

    Args:
        target: outcome per row, 0 or 1.
        groups: number of the group per row.

    Raises:
        NotEnoughRowsError: too few rows, or too few that differ, for that.
    """
    number, rarer = search_space().folds, min(int((target == outcome).sum()) for outcome in (0, 1))
    splitter = StratifiedGroupKFold(number, shuffle=True, random_state=SEED)
    made = list(splitter.split(target, target, groups)) if min(rarer, groups.nunique()) >= number else []
    if not made or any(target.iloc[scored].nunique() < 2 for _, scored in made):
        raise NotEnoughRowsError(
            f"{len(target)} leads with {groups.nunique()} different feature rows, {rarer} leads of the rarer outcome, "
            f"cannot be divided into {number} folds with both outcomes; ingest more labelled leads"
        )
    return made


def one_thread() -> Any:
    """A context in which linear algebra keeps to one thread.

    Among leads that differ in a few flags many are equally near, and which of them SMOTE takes for neighbours depends
    on the number of threads: the same snapshot would give another model on a worker with other cores.
    """
    return threadpool_limits(1)


def _table(results: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame(results)
    wanted = [name for name in map(str, table) if name.startswith(("param_", "mean_test_", "std_test_"))]
    return table.sort_values("rank_test_score", kind="stable")[wanted].reset_index(drop=True)
