"""Trains one family on a snapshot: search, threshold, figures on the validation side, all logged to MLflow."""

import logging
from typing import Any

import mlflow
import numpy as np

from include.contract import KnownAt, load_contract
from include.registry.tracking import connect, tracking_errors
from include.settings import settings
from include.training.dataset import Dataset, load_dataset
from include.training.evaluate import evaluate_classification_model
from include.training.runs import child_run, log_snapshot_input, training_run
from include.training.search import SearchResult, search
from include.training.thresholds import f1_threshold

log = logging.getLogger(__name__)


@tracking_errors()
def start_training(snapshot_uri: str, run_id: str) -> str:
    """Id of the parent MLflow run of the training `run_id`.

    Raises:
        TrackingUnavailable: MLflow does not answer.
    """
    contract = load_contract(settings().contract)
    return training_run(connect(), contract, run_id, snapshot_uri)


@tracking_errors()
def train_family(snapshot_uri: str, family: str, stage: str, parent_run_id: str) -> dict[str, Any]:
    """Searches one family for one scoring stage and logs a child run.

    Args:
        snapshot_uri: folder of the training snapshot.
        family: a name in FAMILIES.
        stage: capture, engagement or contact.
        parent_run_id: what `start_training` returned.

    Returns:
        family, stage, run_id, params (best of the grid) and metrics on the validation side, with `threshold` and
        `cv_f1` among them; small enough for XCom.

    Raises:
        NotEnoughRowsError: too few labelled leads.
        OneClassOnlyError: all leads have one outcome.
        TrackingUnavailable: MLflow does not answer.
    """
    contract, scoring_stage = load_contract(settings().contract), KnownAt(stage)
    client = connect()
    data = load_dataset(snapshot_uri, contract, scoring_stage)
    with child_run(client, parent_run_id, family, stage) as child:
        found = search(family, data, contract, scoring_stage)
        rows, outcome = data.part("validation")
        probability = found.pipeline.predict_proba(rows)[:, 1]
        threshold = _threshold(data, found, probability)
        metrics = evaluate_classification_model(outcome, probability, threshold)
        metrics |= {"threshold": threshold, "cv_f1": found.cv_score}
        mlflow.log_params({"family": family, "stage": stage, **found.params})
        mlflow.log_metrics(metrics)
        mlflow.log_text(found.table.to_csv(index=False), "search.csv")
        log_snapshot_input(client, child, data.manifest)
    log.info("Trained %s for %s: %s", family, stage, metrics)
    return {"family": family, "stage": stage, "run_id": child, "params": found.params, "metrics": metrics}


def _threshold(data: Dataset, found: SearchResult, probability: np.ndarray) -> float:
    # On the validation side alone it swings between 0.2 and 0.6 with the size of the snapshot; with the training
    # side's out-of-fold probabilities added it stays near 0.4 and costs three fits.
    outcomes = np.concatenate([data.part("train")[1], data.part("validation")[1]])
    return f1_threshold(outcomes, np.concatenate([found.out_of_fold, probability]))
