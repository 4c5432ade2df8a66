"""Trains one family on a snapshot: search, threshold, figures on the validation side, all logged to MLflow."""

import logging
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient

from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.evaluation.artifacts import (
    log_evaluation,
    log_explanation,
    log_features,
    log_table,
)
from include.registry.packaging import log_pipeline
from include.registry.runs import child_run, log_snapshot_input, training_run
from include.registry.tracking import tracking_errors
from include.settings import Settings
from include.training.data.dataset import Dataset, load_dataset
from include.training.data.splits import held_out_by
from include.training.errors import UNTRAINABLE
from include.training.fit import FamilyFit, fit_family
from include.training.recipe import to_dict

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FamilyTraining:
    """One family's training for one scoring stage: what it learns from, and where it is logged.

    Attributes:
        decisions: what the business decides of a model.
        contract: what a lead is.
        client: of the MLflow server.
        snapshot_uri: folder of the training snapshot.
        family: a name in FAMILIES.
        stage: capture, engagement or contact.
        parent_run_id: what `start_training` returned.
    """

    decisions: Decisions
    contract: Contract
    client: MlflowClient
    snapshot_uri: str
    family: str
    stage: str
    parent_run_id: str


@tracking_errors()
def start_training(
    settings: Settings,
    contract: Contract,
    client: MlflowClient,
    snapshot_uri: str,
    run_id: str,
) -> str:
    """Return the id of the parent MLflow run of the training `run_id`.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    return training_run(
        contract, client, run_id, snapshot_uri, settings.git_commit
    )


@tracking_errors()
def train_family(training: FamilyTraining) -> dict[str, Any]:
    """Search one family for one scoring stage and log a child run.

    Returns:
        stage, run_id, metrics (see `FamilyFit`) and the recipe: family, params (best of the grid), calibration,
        decision; small enough for XCom.

    Raises:
        NotEnoughRowsError: too few labelled leads.
        OneClassOnlyError: all leads have one outcome.
        TrackingUnavailableError: MLflow does not answer.
    """
    contract = training.contract
    client = training.client
    family = training.family
    stage = KnownAt(training.stage)
    data = load_dataset(
        training.snapshot_uri,
        contract,
        stage,
        held_out_by(training.decisions.split),
    )
    with child_run(client, training.parent_run_id, family, stage) as run_id:
        fit = fit_family(training.decisions, contract, family, data, stage)
        log_snapshot_input(client, run_id, data.manifest)
        _log(contract, client, run_id, fit, data, stage)
    log.info("Trained %s for %s: %s", family, stage, fit.metrics)
    return {
        "stage": training.stage,
        "run_id": run_id,
        "metrics": fit.metrics,
        **to_dict(fit.recipe),
    }


def try_family(training: FamilyTraining) -> dict[str, Any]:
    """Train a family as `train_family` does; where the stage's leads do not allow it, say why instead of failing.

    So a stage that cannot be trained is refused when it is registered, and the other stages go on.

    Returns:
        What `train_family` returns; or stage, family, and refused: why there is no model. With `outcome`, where it is
        not the main one.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    family, stage = training.family, training.stage
    try:
        result = train_family(training)
    except UNTRAINABLE as error:
        log.warning("No model of %s for stage %s: %s", family, stage, error)
        result = {"stage": stage, "family": family, "refused": str(error)}
    if training.contract.outcome:
        result["outcome"] = training.contract.outcome
    return result


def _log(
    contract: Contract,
    client: MlflowClient,
    run_id: str,
    fit: FamilyFit,
    data: Dataset,
    stage: KnownAt,
) -> None:
    """Log parameters, figures, plots, explanation and model of a fit to the active run, whose id is `run_id`."""
    recipe = fit.recipe
    rows, outcome = data.part("validation")
    train_rows, _ = data.part("train")
    mlflow.log_params(
        {
            "family": recipe.family,
            "stage": str(stage),
            "calibration": recipe.calibration,
            "threshold_policy": recipe.decision.policy,
            **recipe.params,
        }
    )
    log_table(client, run_id, fit.search.table, "search")
    log_evaluation(fit.pipeline, rows, outcome, contract, stage, "validation")
    log_features(fit.pipeline, contract, stage)
    log_explanation(fit.pipeline, rows, train_rows)
    log_pipeline(fit.pipeline, train_rows, fit.metrics)
