"""Makes the best family of a training the challenger: refit, judged on the holdout, logged and registered."""

import json
import logging
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.tracking import MlflowClient
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.evaluation.artifacts import log_evaluation, log_explanation, log_features, log_table
from include.evaluation.evaluate import evaluate_classification_model
from include.registry.packaging import log_pipeline
from include.registry.registry import CHALLENGER, find_version, register
from include.registry.runs import child_run, commit_tag, log_snapshot_input
from include.registry.tracking import tracking_errors
from include.settings import Decisions, Settings
from include.training.dataset import Dataset, can_learn, load_dataset
from include.training.errors import NotEnoughRowsError
from include.training.fit import refit
from include.training.recipe import Recipe, from_dict

log = logging.getLogger(__name__)
NEWEST_SHARE = 0.2


def choose_winner(results: list[dict[str, Any]], metric: str) -> dict[str, Any]:
    """The result with the largest `metric` on leads its model had not seen; the first of them where several tie.

    These are the validation side and the training side's out-of-fold probabilities: five times as many leads as the
    validation side alone, where the draw of the split decides between families that are equally good.

    Raises:
        ValueError: there are no results.
    """
    if not results:
        raise ValueError("no family was trained, so there is no challenger; check the train_family tasks")
    return max(results, key=lambda result: float(result["metrics"][f"unseen_{metric}"]))


@tracking_errors()
def register_challenger(
    settings: Settings,
    contract: Contract,
    client: MlflowClient,
    snapshot_uri: str,
    results: list[dict[str, Any]],
    stage: str,
    parent_run_id: str,
    primary_metric: str | None = None,
) -> dict[str, Any]:
    """Refit the winner on train and validation and register it under the alias `challenger`.

    Asked again for the same training and stage, it finds the version it registered the first time.

    Args:
        settings: what the business decides of a model, and the commit that runs.
        contract: what a lead is.
        client: of the MLflow server.
        snapshot_uri: folder of the training snapshot.
        results: what `train_family` returned, of any stage; those of other stages are left out.
        stage: capture, engagement or contact.
        parent_run_id: what `start_training` returned.
        primary_metric: figure by which a family wins on leads it has not seen; None takes the setting.

    Returns:
        model, version, stage, family, run_id and metrics on the holdout.

    Raises:
        ValueError: no result belongs to the stage.
        TrackingUnavailableError: MLflow does not answer.
    """
    model = contract.model_name(KnownAt(stage))
    found = find_version(client, model, {"training_run_id": parent_run_id})
    if found is None:
        metric = primary_metric or settings.decisions.primary_metric
        winner = choose_winner([result for result in results if result["stage"] == stage], metric)
        data = load_dataset(snapshot_uri, contract, KnownAt(stage))
        found = _train_and_register(settings, contract, client, data, winner, parent_run_id)
        _close_parent(client, parent_run_id, stage, results)
    client.set_registered_model_alias(model, CHALLENGER, found.version)
    log.info("Challenger of %s is version %s (%s)", model, found.version, found.tags["family"])
    return {
        "model": model,
        "version": str(found.version),
        "stage": stage,
        "family": found.tags["family"],
        "run_id": found.run_id,
        "metrics": json.loads(found.tags["metrics"]),
    }


def _train_and_register(
    settings: Settings,
    contract: Contract,
    client: MlflowClient,
    data: Dataset,
    winner: dict[str, Any],
    parent_run_id: str,
) -> ModelVersion:
    stage, recipe = winner["stage"], from_dict(winner)
    with child_run(client, parent_run_id, "challenger", stage) as run_id:
        log_snapshot_input(client, run_id, data.manifest)
        pipeline = refit(settings.decisions, contract, recipe, data, data.split != "holdout", KnownAt(stage))
        metrics = _judge(settings.decisions, contract, pipeline, recipe, data, KnownAt(stage))
        mlflow.log_params({"stage": stage, **_described(recipe), **recipe.params})
        log_features(pipeline, contract, KnownAt(stage))
        log_explanation(pipeline, data.part("holdout")[0], data.part("train", "validation")[0])
        logged = log_pipeline(pipeline, data.part("train")[0])
    tags = _described(recipe) | {
        "training_run_id": parent_run_id,
        "snapshot_uri": data.manifest["uri"],
        "snapshot_sha256": data.manifest["sha256"],
        "contract": contract.contract,
        "contract_version": str(contract.version),
        "stage": stage,
        "tiers": json.dumps(dict(recipe.decision.tiers)),
        "metrics": json.dumps(metrics),
        **{f"holdout_{name}": f"{value:.4f}" for name, value in metrics.items()},
        **commit_tag(settings.git_commit),
    }
    return register(client, contract.model_name(KnownAt(stage)), logged.model_uri, run_id, tags, logged.model_id)


def _described(recipe: Recipe) -> dict[str, str]:
    return {
        "family": recipe.family,
        "calibration": recipe.calibration,
        "threshold_policy": recipe.decision.policy,
        "threshold": repr(recipe.decision.threshold),
    }


def _judge(
    decisions: Decisions, contract: Contract, pipeline: Pipeline, recipe: Recipe, data: Dataset, stage: KnownAt
) -> dict[str, float]:
    """Figures on the holdout; those on the newest leads, by the same recipe fitted on older ones, are only logged."""
    rows, outcome = data.part("holdout")
    metrics = evaluate_classification_model(outcome, pipeline.predict_proba(rows)[:, 1], recipe.decision.threshold)
    holdout = log_evaluation(pipeline, rows, outcome, contract, "holdout")
    mlflow.log_metrics({f"holdout_{name}": value for name, value in holdout.items()})
    newest = data.newest(NEWEST_SHARE)
    if not can_learn(data.target[~newest & (data.split != "holdout")], data.target[newest]):
        log.warning("No figures on the newest leads: they, or the older ones, have one outcome only")
        return metrics
    try:
        before = refit(decisions, contract, recipe, data, ~newest & (data.split != "holdout"), stage)
    except NotEnoughRowsError as error:
        log.warning("No figures on the newest leads: %s", error)
        return metrics
    figures = log_evaluation(before, data.frame[newest], data.target[newest], contract, "newest")
    mlflow.log_metrics({f"newest_{name}": value for name, value in figures.items()})
    return metrics


def _close_parent(client: MlflowClient, parent_run_id: str, stage: str, results: list[dict[str, Any]]) -> None:
    table = pd.DataFrame(
        {"family": one["family"], "stage": one["stage"], **one["metrics"], "params": json.dumps(one["params"])}
        for one in results
    )
    log_table(client, parent_run_id, table, f"results-{stage}")
    client.set_terminated(parent_run_id)
