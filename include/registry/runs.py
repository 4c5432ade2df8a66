"""The MLflow runs of a training, an analysis or a report: a task that runs again finds its run again."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from mlflow.tracking import MlflowClient

from include.contract import Contract

PARENT_TAG = "mlflow.parentRunId"
TRAINING_TAG = "training_run"


def find_or_create_run(
    client: MlflowClient,
    experiment: str,
    key_tags: Mapping[str, str],
    name: str,
    first_tags: Mapping[str, str] | None = None,
) -> str:
    """Return the id of the run that carries `key_tags`, the same one however often it is asked for.

    Args:
        client: of the MLflow server.
        experiment: name of the experiment, which is created where it is missing.
        key_tags: tags by which the run is found again.
        name: of a new run.
        first_tags: tags that a new run gets besides.
    """
    experiment_id = mlflow.set_experiment(experiment).experiment_id
    runs = _find_runs(client, experiment_id, key_tags)
    if runs:
        return str(runs[0].info.run_id)
    tags = {**key_tags, **(first_tags or {})}
    run = client.create_run(experiment_id, tags=tags, run_name=name)
    return str(run.info.run_id)


def training_run(
    contract: Contract,
    client: MlflowClient,
    run_id: str,
    snapshot_uri: str,
    git_commit: str,
) -> str:
    """Return the id of the parent run of the training `run_id`; it is created once and found again afterwards."""
    return find_or_create_run(
        client,
        contract.names.experiment,
        {TRAINING_TAG: run_id},
        f"train {run_id}",
        {
            "snapshot_uri": snapshot_uri,
            "contract_version": str(contract.version),
            **commit_tag(git_commit),
        },
    )


def commit_tag(git_commit: str) -> dict[str, str]:
    """Return the tag `git_commit`, or no tag where the deployment does not say which commit runs."""
    return {"git_commit": git_commit} if git_commit else {}


@contextmanager
def child_run(
    client: MlflowClient, parent_run_id: str, role: str, stage: str
) -> Iterator[str]:
    """Open a fresh active run under the parent for one role (a family, or the challenger) and stage.

    A child of the same role and stage from an earlier attempt is deleted first. The run ends FINISHED, or FAILED if
    the block raises.
    """
    experiment_id = client.get_run(parent_run_id).info.experiment_id
    tags = {PARENT_TAG: parent_run_id, "role": role, "stage": stage}
    for earlier in _find_runs(client, experiment_id, tags):
        client.delete_run(earlier.info.run_id)
    with mlflow.start_run(
        experiment_id=experiment_id, run_name=f"{role} {stage}", tags=tags
    ) as run:
        yield run.info.run_id


def log_snapshot_input(
    client: MlflowClient, run_id: str, manifest: dict[str, Any]
) -> None:
    """Record on a run which snapshot it read: its URI as the source, its SHA-256 as digest and tag."""
    dataset = Dataset(
        name=manifest["run_id"],
        digest=manifest["sha256"][:32],
        source_type="s3",
        source=json.dumps({"uri": manifest["uri"]}),
        profile=json.dumps(
            {"rows": manifest["rows"], "positives": manifest["positives"]}
        ),
    )
    tags = [
        InputTag("mlflow.data.context", "training"),
        InputTag("sha256", manifest["sha256"]),
    ]
    client.log_inputs(run_id, [DatasetInput(dataset, tags)])


def _find_runs(
    client: MlflowClient, experiment_id: str, tags: Mapping[str, str]
) -> list[Run]:
    """Return the runs of an experiment that carry all the tags, newest first."""
    conditions = []
    for name, value in tags.items():
        conditions.append(f"tags.`{name}` = {_quoted(value)}")
    runs = client.search_runs(
        [experiment_id],
        filter_string=" and ".join(conditions),
    )
    return list(runs)


def _quoted(value: str) -> str:
    """Return the value between quotes; MLflow's search knows no escape, but both kinds of quotes."""
    quote = '"' if "'" in value else "'"
    return quote + value + quote
