"""Makes the best family of a training the challenger: refits, evaluates, logs and registers it."""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.tracking import MlflowClient
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt, decisions_of
from include.decisions import Decisions
from include.evaluation.artifacts import (
    log_evaluation,
    log_explanation,
    log_features,
    log_table,
)
from include.evaluation.evaluate import evaluate_classification_model
from include.evaluation.tiers import check_tiers, with_tiers
from include.registry.model_files import logged_digest
from include.registry.packaging import log_pipeline
from include.registry.registry import CHALLENGER, find_version, register
from include.registry.runs import child_run, commit_tag, log_snapshot_input
from include.registry.tracking import tracking_errors
from include.registry.versions import DIGEST_TAG
from include.settings import Settings
from include.training.choice import Choice, choose
from include.training.data.dataset import Dataset, can_learn, load_dataset
from include.training.data.splits import HELD_OUT_TAG, NEWEST, held_out_by
from include.training.errors import (
    NotEnoughRowsError,
    NoUsableFamilyError,
    UnusableModelError,
)
from include.training.fit import refit
from include.training.recipe import Recipe, from_dict
from include.training.usable import check_usable

log = logging.getLogger(__name__)
NEWEST_SHARE = 0.2
REFUSED_TAG = "refused_families"
"""Tag of a version: the families that were preferred to it, with the reasons why their models were not registered."""


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

    Where the refitted winner must not be registered, the families that are left are chosen from again.
    Asked again for the same training and stage, it finds the version it registered the first time.

    Args:
        settings: what the business decides of a model, and the commit that runs.
        contract: what a lead is.
        client: of the MLflow server.
        snapshot_uri: folder of the training snapshot.
        results: what `try_family` returned, of any stage; those of other stages are left out.
        stage: capture, engagement or contact.
        parent_run_id: what `start_training` returned.
        primary_metric: figure by which a family wins on leads it has not seen; None takes the setting.

    Returns:
        model, version, stage, family, run_id, metrics on the holdout, and refused: family to why its model was not
        registered.

    Raises:
        ValueError: no result belongs to the stage.
        NoUsableFamilyError: no family can be trained on these leads, or its refitted model is refused.
        TierUnreachableError: a tier of the refitted model holds no lead of the snapshot.
        TrackingUnavailableError: MLflow does not answer.
    """
    decisions = decisions_of(settings, contract)
    model = contract.model_name(KnownAt(stage))
    version = find_version(client, model, {"training_run_id": parent_run_id})
    if version is None:
        of_stage = [result for result in results if result["stage"] == stage]
        trained = [result for result in of_stage if "refused" not in result]
        untrained = {
            result["family"]: result["refused"]
            for result in of_stage
            if "refused" in result
        }
        if untrained and not trained:
            raise NoUsableFamilyError(stage, untrained)
        version = _first_usable(
            settings,
            contract,
            client,
            load_dataset(
                snapshot_uri,
                contract,
                KnownAt(stage),
                held_out_by(decisions.split),
            ),
            stage,
            trained,
            untrained,
            primary_metric or decisions.primary_metric,
            parent_run_id,
        )
        _close_parent(client, parent_run_id, stage, trained)
    client.set_registered_model_alias(model, CHALLENGER, version.version)
    log.info(
        "Challenger of %s is version %s (%s)",
        model,
        version.version,
        version.tags["family"],
    )
    return {
        "model": model,
        "version": str(version.version),
        "stage": stage,
        "family": version.tags["family"],
        "run_id": version.run_id,
        "metrics": json.loads(version.tags["metrics"]),
        "refused": json.loads(version.tags.get(REFUSED_TAG, "{}")),
    }


def _first_usable(
    settings: Settings,
    contract: Contract,
    client: MlflowClient,
    data: Dataset,
    stage: str,
    results: list[dict[str, Any]],
    untrained: Mapping[str, str],
    metric: str,
    parent_run_id: str,
) -> ModelVersion:
    """Register the best family whose refitted model may be registered.

    Args:
        settings: as in `register_challenger`.
        contract: what a lead is.
        client: of the MLflow server.
        data: the leads of the snapshot.
        stage: capture, engagement or contact.
        results: what `train_family` returned of the stage.
        untrained: family to why it could not be trained.
        metric: figure by which a family wins.
        parent_run_id: what `start_training` returned.

    Raises:
        ValueError: there are no results.
        NoUsableFamilyError: no family is left.
    """
    split = decisions_of(settings, contract).split
    refused = dict(untrained)
    while results or not refused:
        choice = choose(results, metric, split)
        family = choice.winner["family"]
        log.info("Chosen: %s", choice.reason)
        try:
            return _train_and_register(
                settings, contract, client, data, choice, refused, parent_run_id
            )
        except UnusableModelError as error:
            log.warning("The model of %s is refused: %s", family, error)
            refused[family] = str(error)
        results = [result for result in results if result["family"] != family]
    raise NoUsableFamilyError(stage, refused)


def _train_and_register(
    settings: Settings,
    contract: Contract,
    client: MlflowClient,
    data: Dataset,
    choice: Choice,
    refused: dict[str, str],
    parent_run_id: str,
) -> ModelVersion:
    """Refit and evaluate the winner in a run of its own and register it, with tags that describe it.

    Raises:
        UnusableModelError: it must not be registered.
    """
    decisions = decisions_of(settings, contract)
    stage = KnownAt(choice.winner["stage"])
    recipe = from_dict(choice.winner)
    train_rows, _ = data.part("train")
    holdout_rows, _ = data.part("holdout")
    background, _ = data.part("train", "validation")
    with child_run(client, parent_run_id, "challenger", stage) as run_id:
        log_snapshot_input(client, run_id, data.manifest)
        pipeline = refit_winner(decisions, contract, recipe, data, stage)
        # A refit may need another calibration and threshold than the search picked. What is stated is what it does.
        recipe = as_served(recipe, pipeline)
        metrics, figures = _evaluate(
            decisions, contract, pipeline, recipe, data, stage
        )
        mlflow.log_params(
            {"stage": str(stage), **_description(recipe), **recipe.params}
        )
        log_features(pipeline, contract, stage)
        log_explanation(pipeline, holdout_rows, background)
        logged = log_pipeline(pipeline, train_rows, figures)
        files_digest = logged_digest(logged.model_uri)
    # Threshold, policy, tiers and metrics are tags for people who search the registry. No program reads the threshold
    # here: it comes from the model itself (`registry.models.decision_of`).
    tags = {
        **_description(recipe),
        DIGEST_TAG: files_digest,
        HELD_OUT_TAG: held_out_by(decisions.split),
        "split_used": choice.split,
        "split_reason": choice.reason,
        REFUSED_TAG: json.dumps(refused),
        "training_run_id": parent_run_id,
        "snapshot_uri": data.manifest["uri"],
        "snapshot_sha256": data.manifest["sha256"],
        "contract": contract.contract,
        "contract_version": str(contract.version),
        "stage": str(stage),
        "tiers": json.dumps(dict(recipe.decision.tiers)),
        "tier_scale": recipe.decision.tier_scale,
        "metrics": json.dumps(metrics),
        **{
            f"holdout_{name}": f"{value:.4f}" for name, value in metrics.items()
        },
        **commit_tag(settings.git_commit),
    }
    return register(
        client,
        contract.model_name(stage),
        logged.model_uri,
        run_id,
        tags,
        logged.model_id,
    )


def refit_winner(
    decisions: Decisions,
    contract: Contract,
    recipe: Recipe,
    data: Dataset,
    stage: KnownAt,
) -> Pipeline:
    """Fit the winner's recipe on all leads but the holdout, and let its tiers follow the holdout.

    Tiers by rank need probabilities and no outcomes. Those of the holdout come from the very model that will serve, on
    leads that it has not learnt from.
    """
    pipeline = refit(
        decisions, contract, recipe, data, data.split != "holdout", stage
    )
    rows, _ = data.part("holdout")
    model = pipeline[-1]
    model.decision = with_tiers(
        model.decision,
        decisions.tier_policy,
        pipeline.predict_proba(rows)[:, 1],
    )
    return pipeline


def as_served(recipe: Recipe, pipeline: Pipeline) -> Recipe:
    """Return the recipe with the calibration and the decision of the fitted pipeline's last step."""
    model = pipeline[-1]
    return replace(
        recipe, calibration=model.calibration.method, decision=model.decision
    )


def _description(recipe: Recipe) -> dict[str, str]:
    """Return the recipe in the words that parameters of the run and tags of the version share."""
    return {
        "family": recipe.family,
        "calibration": recipe.calibration,
        "resampling": str(recipe.params.get("resample__method", "none")),
        "threshold_policy": recipe.decision.policy,
        "threshold": repr(recipe.decision.threshold),
    }


def _evaluate(
    decisions: Decisions,
    contract: Contract,
    pipeline: Pipeline,
    recipe: Recipe,
    data: Dataset,
    stage: KnownAt,
) -> tuple[dict[str, float], dict[str, float]]:
    """Draw how the pipeline does on the holdout and on the newest leads.

    Returns:
        The figures on the holdout that tags state; and all figures for the run, by their names there.

    Raises:
        UnusableModelError: the pipeline must not be registered.
        TierUnreachableError: one of its tiers holds no lead.
    """
    rows, outcome = data.part("holdout")
    probability = pipeline.predict_proba(rows)[:, 1]
    # The newest leads may convert at another rate than those before them, which no model could have learnt.
    may_miss_rate = held_out_by(decisions.split) == NEWEST
    check_usable(outcome.to_numpy(), probability, may_miss_rate)
    check_tiers(recipe.decision, pipeline.predict_proba(data.frame)[:, 1])
    metrics = evaluate_classification_model(
        outcome, probability, recipe.decision.threshold
    )
    holdout = log_evaluation(
        pipeline, rows, outcome, contract, stage, "holdout"
    )
    newest = _evaluate_newest(decisions, contract, recipe, data, stage)
    figures = {f"holdout_{name}": value for name, value in holdout.items()}
    for name, value in newest.items():
        figures[f"newest_{name}"] = value
    return metrics, figures


def _evaluate_newest(
    decisions: Decisions,
    contract: Contract,
    recipe: Recipe,
    data: Dataset,
    stage: KnownAt,
) -> dict[str, float]:
    """Draw how the same recipe, fitted on older leads, does on the newest ones.

    Returns:
        The figures; none where it cannot be said.
    """
    newest = data.newest(NEWEST_SHARE)
    older = ~newest & data.arrival.notna() & (data.split != "holdout")
    if not can_learn(data.target[older], data.target[newest]):
        log.warning(
            "No figures on the newest leads: they, or the older ones, have one outcome only"
        )
        return {}
    try:
        older_pipeline = refit(decisions, contract, recipe, data, older, stage)
    except NotEnoughRowsError as error:
        log.warning("No figures on the newest leads: %s", error)
        return {}
    return log_evaluation(
        older_pipeline,
        data.frame[newest],
        data.target[newest],
        contract,
        stage,
        "newest",
    )


def _close_parent(
    client: MlflowClient,
    parent_run_id: str,
    stage: str,
    results: list[dict[str, Any]],
) -> None:
    """Log the table of all families to the training's run and end it."""
    rows = [
        {
            "family": result["family"],
            "stage": result["stage"],
            **result["metrics"],
            "params": json.dumps(result["params"]),
        }
        for result in results
    ]
    log_table(client, parent_run_id, pd.DataFrame(rows), f"results-{stage}")
    client.set_terminated(parent_run_id)
