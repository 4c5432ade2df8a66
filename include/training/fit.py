"""Searches and calibrates a family and chooses its threshold: the part of a training that needs no MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.evaluation.calibration_error import ece
from include.evaluation.evaluate import evaluate_classification_model
from include.evaluation.intervals import ranking
from include.evaluation.thresholds import decide
from include.features.calibration import Calibration, Decision, Method
from include.training.choice import choice_metrics
from include.training.data.dataset import Dataset
from include.training.pipeline import build_pipeline, deployable
from include.training.recipe import Recipe
from include.training.search import (
    SearchResult,
    one_thread,
    out_of_fold,
    search,
)

METHODS: tuple[Method, ...] = ("none", "sigmoid", "beta")
RESAMPLED_METHODS: tuple[Method, ...] = ("shift", "sigmoid", "beta")
"""Of a model fitted on balanced rows, whose raw probabilities belong to another rate."""


@dataclass(frozen=True)
class FamilyFit:
    """A family's best model on the training side, and how good it is.

    Attributes:
        pipeline: raw columns to calibrated probability, fitted on the training side, with its decision.
        search: the grid search behind it.
        recipe: family, parameters, calibration and decision that were picked.
        metrics: figures on the validation side, `threshold`, `ece`, `cv_f1` (the search's score), `unseen_*` (figures
            on the validation side and the training side's out-of-fold probabilities together), and what
            `include.training.choice` compares.
    """

    pipeline: Pipeline
    search: SearchResult
    recipe: Recipe
    metrics: dict[str, float]


def fit_family(
    decisions: Decisions,
    contract: Contract,
    family: str,
    data: Dataset,
    stage: KnownAt,
) -> FamilyFit:
    """Search one family on the training side; calibration and threshold come from rows it has not seen."""
    result = search(decisions, contract, family, data, stage)
    _, train_outcome = data.part("train")
    rows, outcome = data.part("validation")
    raw = result.pipeline.predict_proba(rows)[:, 1].astype("float64")
    methods = RESAMPLED_METHODS if resampled(result.params) else METHODS
    calibration = best_calibration(
        result.out_of_fold,
        train_outcome.to_numpy(),
        raw,
        outcome.to_numpy(),
        methods,
    )
    # On the validation side alone the threshold swings between 0.2 and 0.6 with the size of the snapshot, and which
    # family wins with the draw of the split; with the out-of-fold probabilities added both stay.
    unseen = calibration(np.concatenate([result.out_of_fold, raw]))
    unseen_outcome = np.concatenate(
        [train_outcome.to_numpy(), outcome.to_numpy()]
    )
    decision = decide(decisions, unseen_outcome, unseen)
    metrics = _metrics(
        outcome.to_numpy(), calibration(raw), decision, result.cv_score
    )
    unseen_metrics = evaluate_classification_model(
        unseen_outcome, unseen, decision.threshold
    )
    metrics |= {
        f"unseen_{name}": value for name, value in unseen_metrics.items()
    }
    metrics |= choice_metrics(ranking(unseen_outcome, unseen), result.windows)
    return FamilyFit(
        pipeline=deployable(result.pipeline, calibration, decision),
        search=result,
        recipe=Recipe(family, result.params, calibration.method, decision),
        metrics=metrics,
    )


def _metrics(
    outcome: np.ndarray,
    probability: np.ndarray,
    decision: Decision,
    cv_score: float,
) -> dict[str, float]:
    """Return the figures on the validation side, with the threshold and the search's score."""
    return {
        **evaluate_classification_model(
            outcome, probability, decision.threshold
        ),
        "ece": ece(outcome, probability),
        "threshold": decision.threshold,
        "cv_f1": cv_score,
    }


def best_calibration(
    unseen: np.ndarray,
    unseen_outcome: np.ndarray,
    probability: np.ndarray,
    outcome: np.ndarray,
    methods: tuple[Method, ...] = METHODS,
) -> Calibration:
    """Return the calibration, fitted on one set of leads, with the lowest Brier score on another; the first if it ties.

    Args:
        unseen: out-of-fold probabilities of the training side, shape (n,).
        unseen_outcome: their outcomes.
        probability: probabilities of the validation side, shape (m,).
        outcome: their outcomes.
        methods: to choose from; one that is refused is replaced (`usable_calibration`).
    """

    def brier(calibration: Calibration) -> float:
        return float(brier_score_loss(outcome, calibration(probability)))

    calibrations = [
        usable_calibration(method, unseen, unseen_outcome) for method in methods
    ]
    return min(calibrations, key=brier)


def resampled(params: Mapping[str, Any]) -> bool:
    """Return whether a pipeline's parameters balance the rows that it is fitted on."""
    return bool(params.get("resample__method", "none") != "none")


def usable_calibration(
    method: Method, unseen: np.ndarray, outcome: np.ndarray
) -> Calibration:
    """Return the calibration by `method`, or by `shift` where its slope is refused.

    Args:
        method: kind of map; `none` changes nothing.
        unseen: probabilities of leads that the model has not seen, shape (n,).
        outcome: their outcomes, 0 or 1, with at least one of either.
    """
    calibration = Calibration.fitted(method, unseen, outcome)
    if calibration.method == method:
        return calibration
    return Calibration.fitted("shift", unseen, outcome)


def refit(
    decisions: Decisions,
    contract: Contract,
    recipe: Recipe,
    data: Dataset,
    mask: pd.Series,
    stage: KnownAt,
) -> Pipeline:
    """Fit the recipe anew on the masked rows of `data`; its calibration is learnt from their own folds.

    A resampled fit is always calibrated. Where another method than the recipe's has to be used, the threshold is chosen
    anew on the same out-of-fold probabilities. What the model does stands in its last step.

    Args:
        decisions: max_missing_share.
        contract: what a lead is.
        recipe: what a training picked.
        data: the leads.
        mask: which of them to learn from, bool, index as in `data.frame`.
        stage: the scoring stage.

    Raises:
        NotEnoughRowsError: the masked rows cannot be divided into the folds that a calibration needs.
    """
    rows = data.frame[mask]
    outcome = data.target[mask]
    params = data.fit_params(mask)
    pipeline = build_pipeline(
        decisions, contract, recipe.family, stage, recipe.params
    )
    calibration = Calibration()
    decision = recipe.decision
    method = recipe.calibration
    if method == "none" and resampled(recipe.params):
        method = "shift"
    if method != "none":
        unseen = out_of_fold(pipeline, rows, outcome, data.groups[mask], params)
        calibration = usable_calibration(method, unseen, outcome.to_numpy())
        if calibration.method != recipe.calibration:
            decision = decide(
                decisions, outcome.to_numpy(), calibration(unseen)
            )
    with one_thread():
        pipeline.fit(rows, outcome, **params)
    return deployable(pipeline, calibration, decision)
