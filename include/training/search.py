"""Finds a family's best parameters by cross-validation on the training rows (guide 14.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline
from sklearn.metrics import (
    check_scoring,
    make_scorer,
    precision_recall_curve,
)
from sklearn.model_selection import (
    ParameterGrid,
    cross_val_predict,
)
from threadpoolctl import threadpool_limits

from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.evaluation.intervals import Ranking, ranking
from include.training.data.dataset import Dataset
from include.training.folds import folds
from include.training.pipeline import build_pipeline
from include.training.prepared import Build, fitted_settings
from include.training.space import Grid, search_space
from include.training.windows import (
    contradicts,
    newest_windows,
    setting_on_windows,
    window_rankings,
)


@dataclass(frozen=True)
class Trial:
    """A setting of the grid, tried on every fold.

    Attributes:
        params: the setting.
        scores: its score per fold, shape (folds,).
        negative_brier: minus the Brier score per fold, shape (folds,).
        out_of_fold: probability per row of the training side, each from the fold's model that had not seen the row.
    """

    params: dict[str, Any]
    scores: np.ndarray
    negative_brier: np.ndarray
    out_of_fold: np.ndarray


@dataclass(frozen=True)
class SearchResult:
    """Outcome of one grid search.

    Attributes:
        pipeline: best pipeline, fitted on the training side.
        params: its parameters, JSON-safe.
        cv_score: its mean score of the folds.
        out_of_fold: probability per row of the training side, each from a model that had not seen the row.
        table: one row per parameter setting, best first.
        windows: how well it ranks the newest windows, the newest first; empty where none was looked at.
    """

    pipeline: Pipeline
    params: dict[str, Any]
    cv_score: float
    out_of_fold: np.ndarray
    table: pd.DataFrame
    windows: tuple[Ranking, ...] = ()


def search(
    decisions: Decisions,
    contract: Contract,
    family: str,
    data: Dataset,
    stage: KnownAt,
) -> SearchResult:
    """Run the grid search of search.yaml, stratified, with identical feature rows in one fold.

    The score of search.yaml chooses, see `best_setting`. Everything from cleaning on, SMOTE included, is fitted inside
    the folds. The same data gives the same result. Where the newest leads contradict the folds, they choose the setting
    (`Decisions.split`).

    Raises:
        KeyError: a family that FAMILIES does not have.
        NotEnoughRowsError: the training side cannot be divided into folds.
    """
    rows, target = data.part("train")
    weights = data.fit_params(data.split == "train")

    def build(params: Mapping[str, Any]) -> Pipeline:
        return build_pipeline(decisions, contract, family, stage, params)

    space = search_space()
    grids = _grids(space.families[family].grid, weighted=bool(weights))
    positions = folds(target, data.groups[rows.index])
    with one_thread():
        settings = list(ParameterGrid(grids))
        trials = _trials(build, settings, rows, target, positions, weights)
        table = _table(trials)
        chosen = trials[best_setting(table)]
        windows: Sequence[Ranking] = ()
        if decisions.split != "random":
            by_score = [trials[place] for place in _best_first(table).index]
            chosen, windows = _on_newest_windows(
                chosen, by_score, build, data, decisions.split == "time"
            )
        return SearchResult(
            pipeline=build(chosen.params).fit(rows, target, **weights),
            params=chosen.params,
            cv_score=float(chosen.scores.mean()),
            out_of_fold=chosen.out_of_fold,
            table=_best_first(table),
            windows=tuple(windows),
        )


def _trials(
    build: Build,
    settings: Sequence[Mapping[str, Any]],
    rows: pd.DataFrame,
    target: pd.Series,
    positions: Sequence[tuple[np.ndarray, np.ndarray]],
    weights: Mapping[str, pd.Series],
) -> list[Trial]:
    """Fit each setting on every fold, score it there and keep the probabilities of the leads that the fold left out.

    Args:
        build: makes an unfitted pipeline from a setting.
        settings: the grid.
        rows: the training side.
        target: outcome per row.
        positions: what `folds` returned.
        weights: `Dataset.fit_params` of the rows.
    """
    scorers = _scorers(search_space().scoring)
    trials = [
        Trial(
            params=dict(params),
            scores=np.empty(len(positions)),
            negative_brier=np.empty(len(positions)),
            out_of_fold=np.empty(len(rows)),
        )
        for params in settings
    ]
    for fold, (learnt, left_out) in enumerate(positions):
        outcome = target.iloc[left_out]
        fitted_on_fold = fitted_settings(
            build,
            settings,
            rows.iloc[learnt],
            target.iloc[learnt],
            {name: weight.iloc[learnt] for name, weight in weights.items()},
            rows.iloc[left_out],
        )
        for fitted in fitted_on_fold:
            trial = trials[fitted.place]
            score = check_scoring(fitted.model, scorers)
            figures = score(fitted.model, fitted.matrix, outcome)
            trial.scores[fold] = figures["score"]
            trial.negative_brier[fold] = figures["brier"]
            trial.out_of_fold[left_out] = fitted.probability
    return trials


def _on_newest_windows(
    by_folds: Trial,
    trials: Sequence[Trial],
    build: Build,
    data: Dataset,
    always: bool,
) -> tuple[Trial, Sequence[Ranking]]:
    """Return the setting to take and how it ranks the newest windows, which choose it where they contradict the folds.

    The newest window is looked at first. The others, and the other settings, are only looked at where it shows the
    setting's ranking to be worse than the random folds promised, so that a world that stands still costs one fit.

    Args:
        by_folds: what the random folds chose.
        trials: every setting, the best score first.
        build: makes an unfitted pipeline of the family from parameters.
        data: the leads.
        always: whether to look at everything in any case.
    """
    windows = newest_windows(data)
    if not windows:
        return by_folds, ()
    _, target = data.part("train")
    promised = ranking(target, by_folds.out_of_fold)
    (newest,) = window_rankings(build, [by_folds.params], data, windows[0])
    if not (always or contradicts(newest, promised)):
        return by_folds, (newest,)
    others = [trial for trial in trials if trial.params != by_folds.params]
    preferred_first = [by_folds, *others]
    settings = [trial.params for trial in preferred_first]
    position, rankings = setting_on_windows(
        build, settings, data, windows, newest
    )
    return preferred_first[position], rankings


def _grids(grids: list[Grid], weighted: bool) -> list[Grid]:
    """Return the grids to search; where rows have weights, without SMOTE, whose synthetic rows have none."""
    if not weighted:
        return grids
    return [grid | {"resample__method": ["none"]} for grid in grids]


def out_of_fold(
    pipeline: Pipeline,
    rows: pd.DataFrame,
    target: pd.Series,
    groups: pd.Series,
    params: Mapping[str, pd.Series] | None = None,
) -> np.ndarray:
    """Return a probability per row, shape (rows,), each from a model of a fold that had not seen the row.

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
            pipeline,
            rows,
            target,
            cv=folds(target, groups),
            method="predict_proba",
            params=dict(params or {}),
        )
    return np.asarray(unseen[:, 1], dtype="float64")


def _scorers(name: str) -> dict[str, Any]:
    """Return the search's scorers: `score` chooses a setting, `brier` decides between settings that are close."""
    # F1 at 0.5 would reward SMOTE for moving every probability up, which calibration then moves down again: the
    # threshold of the deployed model is chosen, so the fold's best F1 is what a setting is worth.
    scorer = (
        make_scorer(best_f1, response_method="predict_proba")
        if name == "f1"
        else name
    )
    return {"score": scorer, "brier": "neg_brier_score"}


def best_f1(outcome: Any, probability: Any) -> float:
    """Return the largest F1 in [0, 1] that any threshold gives to these probabilities, shape (n,)."""
    precision, recall, _ = precision_recall_curve(outcome, probability)
    total = precision + recall
    f1 = np.divide(
        2 * precision * recall,
        total,
        out=np.zeros_like(total),
        where=total > 0,
    )
    return float(f1.max())


def best_setting(results: Mapping[str, Any] | pd.DataFrame) -> int:
    """Return the index of the setting to take: the lowest Brier score within one standard error of the best score.

    Three folds cannot tell settings apart that close, but they differ in how far the probabilities can be trusted.
    Source: the one-standard-error rule (Breiman et al. 1984, 3.4.3).
    """
    scores = np.asarray(results["mean_test_score"])
    deviations = np.asarray(results["std_test_score"])
    best = int(scores.argmax())
    standard_error = deviations[best] / np.sqrt(search_space().folds)
    is_close = scores >= scores[best] - standard_error
    negative_brier = np.where(is_close, results["mean_test_brier"], -np.inf)
    return int(negative_brier.argmax())


def one_thread() -> Any:
    """Return a context in which linear algebra keeps to one thread.

    Among leads that differ in a few flags many are equally near, and which of them SMOTE takes for neighbours depends
    on the number of threads: the same snapshot would give another model on a worker with other cores.
    """
    return threadpool_limits(1)


def _table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return parameters and scores of every setting, in the order of `trials`; columns as GridSearchCV names them."""
    rows: list[dict[str, Any]] = []
    for trial in trials:
        row = {f"param_{name}": value for name, value in trial.params.items()}
        row["mean_test_score"] = trial.scores.mean()
        row["std_test_score"] = trial.scores.std()
        row["mean_test_brier"] = trial.negative_brier.mean()
        row["std_test_brier"] = trial.negative_brier.std()
        rows.append(row)
    return pd.DataFrame(rows)


def _best_first(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table by mean score, the best setting first; the index still says which trial a row is of."""
    return table.sort_values("mean_test_score", ascending=False, kind="stable")
