"""Finds a family's best parameters by cross-validation on the training rows (guide 14.4)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.training.dataset import FOLDS, Dataset
from include.training.families import FAMILIES, SEED, build_pipeline

SCORING = "f1"


@dataclass(frozen=True)
class SearchResult:
    """Outcome of one grid search.

    Attributes:
        pipeline: best pipeline, fitted on the training side.
        params: its parameters, JSON-safe.
        cv_score: mean score of the folds.
        out_of_fold: probability per row of the training side, each from a model that had not seen the row.
        table: one row per parameter setting, best first.
    """

    pipeline: Pipeline
    params: dict[str, Any]
    cv_score: float
    out_of_fold: np.ndarray
    table: pd.DataFrame


def search(family: str, data: Dataset, contract: Contract, stage: KnownAt) -> SearchResult:
    """Grid search over 3 stratified folds in which identical feature rows stay together.

    Everything from cleaning on is fitted inside the folds. The same data gives the same result.

    Raises:
        KeyError: a family that FAMILIES does not have.
    """
    rows, target = data.part("train")
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    grid = GridSearchCV(
        build_pipeline(family, contract, stage),
        dict(FAMILIES[family].grid),
        scoring=SCORING,
        cv=folds,
        error_score="raise",
    )
    groups = data.groups[rows.index]
    grid.fit(rows, target, groups=groups)
    unfitted = build_pipeline(family, contract, stage, grid.best_params_)
    unseen = cross_val_predict(unfitted, rows, target, groups=groups, cv=folds, method="predict_proba")
    return SearchResult(
        grid.best_estimator_,
        dict(grid.best_params_),
        float(grid.best_score_),
        unseen[:, 1],
        _table(grid.cv_results_),
    )


def _table(results: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame(results)
    wanted = [
        name for name in map(str, table) if name.startswith("param_") or name in ("mean_test_score", "std_test_score")
    ]
    return table.sort_values("rank_test_score")[wanted].reset_index(drop=True)
