"""Finds a family's best parameters by cross-validation on the training rows (guide 14.4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline
from sklearn.metrics import make_scorer, precision_recall_curve
from sklearn.model_selection import (
    ParameterGrid,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_validate,
)
from threadpoolctl import threadpool_limits

from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.evaluation.intervals import Ranking, ranking
from include.training.data.dataset import Dataset, rarer_count
from include.training.errors import NotEnoughRowsError
from include.training.families import SEED
from include.training.pipeline import build_pipeline
from include.training.space import Grid, search_space
from include.training.windows import (
    contradicts,
    newest_windows,
    setting_on_windows,
    window_ranking,
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
        trials = [
            _trial(build(params), params, rows, target, positions, weights)
            for params in ParameterGrid(grids)
        ]
        table = _table(trials)
        best = best_setting(table)
        search = SearchResult(
            pipeline=build(trials[best].params).fit(rows, target, **weights),
            params=trials[best].params,
            cv_score=float(table["mean_test_score"][best]),
            out_of_fold=trials[best].out_of_fold,
            table=_best_first(table),
        )
        if decisions.split == "random":
            return search
        return _on_newest_windows(
            search, build, trials, table, data, decisions.split == "time"
        )


def _trial(
    pipeline: Pipeline,
    params: Mapping[str, Any],
    rows: pd.DataFrame,
    target: pd.Series,
    positions: Sequence[tuple[np.ndarray, np.ndarray]],
    weights: Mapping[str, pd.Series],
) -> Trial:
    """Fit a setting on every fold, score it there and keep the probabilities of the leads that the fold left out.

    Args:
        pipeline: unfitted, with the setting.
        params: the setting.
        rows: the training side.
        target: outcome per row.
        positions: what `folds` returned.
        weights: `Dataset.fit_params` of the rows.
    """
    scored = cross_validate(
        pipeline,
        rows,
        target,
        cv=positions,
        scoring=_scorers(search_space().scoring),
        params=dict(weights),
        return_estimator=True,
        error_score="raise",
    )
    out_of_fold = np.empty(len(rows))
    for fitted, (_, left_out) in zip(
        scored["estimator"], positions, strict=True
    ):
        probability = fitted.predict_proba(rows.iloc[left_out])
        out_of_fold[left_out] = probability[:, 1]
    return Trial(
        params=dict(params),
        scores=scored["test_score"],
        negative_brier=scored["test_brier"],
        out_of_fold=out_of_fold,
    )


def _on_newest_windows(
    found: SearchResult,
    build: Callable[[Mapping[str, Any]], Pipeline],
    trials: Sequence[Trial],
    table: pd.DataFrame,
    data: Dataset,
    always: bool,
) -> SearchResult:
    """Return the search with its figures on the newest windows, which choose the setting where they contradict it.

    The newest window is looked at first. The others, and the other settings, are only looked at where it shows the
    setting's ranking to be worse than the random folds promised, so that a world that stands still costs one fit.

    Args:
        found: what the random folds chose.
        build: makes an unfitted pipeline of the family from parameters.
        trials: every setting.
        table: one row per trial.
        data: the leads.
        always: whether to look at everything in any case.
    """
    windows = newest_windows(data)
    if not windows:
        return found
    rows, target = data.part("train")
    promised = ranking(target, found.out_of_fold)
    newest = window_ranking(build(found.params), data, windows[0])
    if not (always or contradicts(newest, promised)):
        return replace(found, windows=(newest,))
    by_score = [trials[place] for place in _best_first(table).index]
    others = [trial for trial in by_score if trial.params != found.params]
    settings = [found.params, *(trial.params for trial in others)]
    position, rankings = setting_on_windows(build, settings, data, windows)
    if position == 0:
        return replace(found, windows=tuple(rankings))
    trial = others[position - 1]
    weights = data.fit_params(data.split == "train")
    return replace(
        found,
        pipeline=build(trial.params).fit(rows, target, **weights),
        params=trial.params,
        cv_score=float(trial.scores.mean()),
        out_of_fold=trial.out_of_fold,
        windows=tuple(rankings),
    )


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


def folds(
    target: pd.Series, groups: pd.Series
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions to learn from and to score, fold by fold.

    Folds are stratified, a group is never divided, and every fold holds both outcomes.

    Args:
        target: outcome per row, 0 or 1.
        groups: number of the group per row.

    Raises:
        NotEnoughRowsError: too few rows, or too few that differ, for that.
    """
    number = search_space().folds
    rarer = rarer_count(target)
    positions: list[tuple[np.ndarray, np.ndarray]] = []
    if min(rarer, groups.nunique()) >= number:
        splitter = StratifiedGroupKFold(number, shuffle=True, random_state=SEED)
        positions = list(splitter.split(target, target, groups))
    if not positions or any(
        target.iloc[scored].nunique() < 2 for _, scored in positions
    ):
        raise NotEnoughRowsError(
            f"{len(target)} leads with {groups.nunique()} different feature rows, {rarer} leads of the rarer outcome, "
            f"cannot be divided into {number} folds with both outcomes; ingest more labelled leads"
        )
    return positions


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
