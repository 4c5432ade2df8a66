"""The MLflow runs of a training: one parent, one child per family, each found again when its task runs again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from mlflow.tracking import MlflowClient

from include.contract import Contract

PARENT_TAG = "mlflow.parentRunId"
TRAINING_TAG = "training_run"


def training_run(contract: Contract, client: MlflowClient, run_id: str, snapshot_uri: str, git_commit: str) -> str:
    """Return the id of the parent run of the training `run_id`; it is created once and found again afterwards."""
    experiment = mlflow.set_experiment(contract.names.experiment).experiment_id
    if found := _find(client, experiment, {TRAINING_TAG: run_id}):
        return str(found[0].info.run_id)
    tags = {TRAINING_TAG: run_id, "snapshot_uri": snapshot_uri, "contract_version": str(contract.version)}
    tags |= commit_tag(git_commit)
    return str(client.create_run(experiment, tags=tags, run_name=f"train {run_id}").info.run_id)


def commit_tag(git_commit: str) -> dict[str, str]:
    """Return the tag `git_commit`, or no tag where the deployment does not say which commit runs."""
    return {"git_commit": git_commit} if git_commit else {}


@contextmanager
def child_run(client: MlflowClient, parent_run_id: str, role: str, stage: str) -> Iterator[str]:
    """A fresh active run under the parent for one role (a family, or the challenger) and stage.

    A child of the same role and stage from an earlier attempt is deleted first. The run ends FINISHED, or FAILED if
    the block raises.
    """
    experiment = client.get_run(parent_run_id).info.experiment_id
    tags = {PARENT_TAG: parent_run_id, "role": role, "stage": stage}
    for earlier in _find(client, experiment, tags):
        client.delete_run(earlier.info.run_id)
    with mlflow.start_run(experiment_id=experiment, run_name=f"{role} {stage}", tags=tags) as run:
        yield run.info.run_id


def _find(client: MlflowClient, experiment: str, tags: dict[str, str]) -> list[Run]:
    wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    return list(client.search_runs([experiment], filter_string=wanted))


def log_snapshot_input(client: MlflowClient, run_id: str, manifest: dict[str, Any]) -> None:
    """Records on a run which snapshot it read: its URI as the source, its SHA-256 as digest and tag."""
    dataset = Dataset(
        name=manifest["run_id"],
        digest=manifest["sha256"][:32],
        source_type="s3",
        source=json.dumps({"uri": manifest["uri"]}),
        profile=json.dumps({"rows": manifest["rows"], "positives": manifest["positives"]}),
    )
    tags = [InputTag("mlflow.data.context", "training"), InputTag("sha256", manifest["sha256"])]
    client.log_inputs(run_id, [DatasetInput(dataset, tags)])
