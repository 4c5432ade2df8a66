"""A family searched, calibrated and given its threshold, without MLflow: the part of a training that computes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.evaluation.calibration_error import ece
from include.evaluation.evaluate import evaluate_classification_model
from include.evaluation.thresholds import decide
from include.features.calibration import Calibration, Decision, Method
from include.settings import Decisions
from include.training.dataset import Dataset
from include.training.pipeline import build_pipeline, deployable
from include.training.recipe import Recipe
from include.training.search import SearchResult, one_thread, out_of_fold, search

METHODS: tuple[Method, ...] = ("none", "sigmoid", "beta")


@dataclass(frozen=True)
class FamilyFit:
    """What a family came to on the training side, and how good that is.

    Attributes:
        pipeline: raw columns to calibrated probability, fitted on the training side, with its decision.
        found: the search behind it.
        recipe: what was picked.
        metrics: figures on the validation side, `threshold`, `ece`, `cv_f1` (the search's score) and `unseen_*`,
            figures on the validation side and the training side's out-of-fold probabilities together.
    """

    pipeline: Pipeline
    found: SearchResult
    recipe: Recipe
    metrics: dict[str, float]


def fit_family(decisions: Decisions, contract: Contract, family: str, data: Dataset, stage: KnownAt) -> FamilyFit:
    """Searches one family on the training side; calibration and threshold come from rows it has not seen."""
    found = search(decisions, contract, family, data, stage)
    learnt = data.part("train")[1].to_numpy()
    rows, outcome = data.part("validation")
    raw = found.pipeline.predict_proba(rows)[:, 1].astype("float64")
    calibration = best_calibration(found.out_of_fold, learnt, raw, outcome.to_numpy())
    # On the validation side alone the threshold swings between 0.2 and 0.6 with the size of the snapshot, and which
    # family wins with the draw of the split; with the out-of-fold probabilities added both stay.
    unseen = calibration(np.concatenate([found.out_of_fold, raw]))
    outcomes = np.concatenate([learnt, outcome.to_numpy()])
    decision = decide(decisions, outcomes, unseen)
    metrics = _metrics(outcome.to_numpy(), calibration(raw), decision, found.cv_score)
    pooled = evaluate_classification_model(outcomes, unseen, decision.threshold)
    metrics |= {f"unseen_{name}": value for name, value in pooled.items()}
    recipe = Recipe(family, found.params, calibration.method, decision)
    return FamilyFit(deployable(found.pipeline, calibration, decision), found, recipe, metrics)


def _metrics(outcome: np.ndarray, probability: np.ndarray, decision: Decision, cv_score: float) -> dict[str, float]:
    figures = evaluate_classification_model(outcome, probability, decision.threshold)
    return figures | {"ece": ece(outcome, probability), "threshold": decision.threshold, "cv_f1": cv_score}


def best_calibration(
    unseen: np.ndarray, unseen_outcome: np.ndarray, probability: np.ndarray, outcome: np.ndarray
) -> Calibration:
    """The calibration, fitted on one set of leads, with the lowest Brier score on another; `none` where it ties.

    Args:
        unseen: out-of-fold probabilities of the training side, shape (n,).
        unseen_outcome: their outcomes.
        probability: probabilities of the validation side, shape (m,).
        outcome: their outcomes.
    """
    fitted = [Calibration.fitted(method, unseen, unseen_outcome) for method in METHODS]
    return min(fitted, key=lambda calibration: float(brier_score_loss(outcome, calibration(probability))))


def refit(
    decisions: Decisions, contract: Contract, recipe: Recipe, data: Dataset, chosen: pd.Series, stage: KnownAt
) -> Pipeline:
    """The recipe fitted anew on the chosen rows of `data`; its calibration is learnt from their own folds.

    Args:
        decisions: max_missing_share.
        contract: what a lead is.
        recipe: what a training picked.
        data: the leads.
        chosen: which of them to learn from, bool, index as in `data.frame`.
        stage: the scoring stage.

    Raises:
        NotEnoughRowsError: the chosen rows cannot be divided into the folds that a calibration needs.
    """
    rows, outcome, params = data.frame[chosen], data.target[chosen], data.fit_params(chosen)
    pipeline = build_pipeline(decisions, contract, recipe.family, stage, recipe.params)
    calibration = Calibration()
    if recipe.calibration != "none":
        unseen = out_of_fold(pipeline, rows, outcome, data.groups[chosen], params)
        calibration = Calibration.fitted(recipe.calibration, unseen, outcome.to_numpy())
    with one_thread():
        pipeline.fit(rows, outcome, **params)
    return deployable(pipeline, calibration, recipe.decision)
