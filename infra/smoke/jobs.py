"""Try the jobs: a Glue run on an empty folder, and a training job that looks round."""

from importlib.resources import files
from typing import Any

import tenacity

from include.endpoint.training_container import CHECK
from include.endpoint.training_job import read_result, training_job
from include.glue.code import code_zip
from include.lake.frames import write_parquet
from include.lake.objects import list_objects, write_bytes, write_json
from infra.errors import SmokeError
from infra.smoke.scratch import Scratch
from infra.smoke.warehouse import KEYS
from infra.waiting import wait_until

POLL_SECONDS = 5
LONGEST_SECONDS = 15 * 60
ACTIVE_RUNS = ("STARTING", "RUNNING", "STOPPING", "WAITING")
ACTIVE_JOBS = ("InProgress", "Stopping")
COPIED = (
    "Role",
    "GlueVersion",
    "WorkerType",
    "NumberOfWorkers",
    "Timeout",
)
"""What the job of this run has of the stage's."""


def glue(
    scratch: Scratch, poll_seconds: float = POLL_SECONDS
) -> dict[str, Any]:
    """Run the ingestion's script, in the stage's role, on a folder without files: it must fail and say why."""
    api: Any = scratch.session.client("glue")
    scripts = scratch.use_folder(scratch.scripts)
    script = files("include.glue") / "s3_to_redshift.py"
    write_bytes(f"{scripts}job.py", script.read_bytes())
    write_bytes(f"{scripts}include.zip", code_zip())
    contract = scratch.contract.model_dump(mode="json")
    write_json(f"{scripts}contract.json", contract)
    stage_job = api.get_job(JobName=scratch.settings.glue.job)["Job"]
    scratch.cleaning.add(
        f"Glue job {scratch.run}", lambda: api.delete_job(JobName=scratch.run)
    )
    api.create_job(
        Name=scratch.run,
        Command={**stage_job["Command"], "ScriptLocation": f"{scripts}job.py"},
        DefaultArguments={"--extra-py-files": f"{scripts}include.zip"},
        **{name: stage_job[name] for name in COPIED},
    )
    run_id = api.start_job_run(
        JobName=scratch.run, Arguments=_arguments(scratch, scripts)
    )["JobRunId"]
    description: dict[str, Any] = {}

    def has_ended() -> bool:
        description.update(
            api.get_job_run(JobName=scratch.run, RunId=run_id)["JobRun"]
        )
        return description["JobRunState"] not in ACTIVE_RUNS

    _wait(has_ended, f"Glue run {run_id}", poll_seconds)
    message = description.get("ErrorMessage", "")
    return {
        "state": description["JobRunState"],
        "names what is missing": "no CSV objects under" in message,
    }


def training(
    scratch: Scratch, poll_seconds: float = POLL_SECONDS
) -> dict[str, Any]:
    """Run a training job on the stage's image, role, network and keys, which looks at its data and at MLflow."""
    api: Any = scratch.session.client("sagemaker")
    snapshot = scratch.use_folder(scratch.layout.snapshot(scratch.run))
    write_parquet(_keys(scratch), f"{snapshot}part.parquet")
    results = scratch.use_folder(scratch.layout.training_jobs(scratch.run))
    request = _request(scratch, snapshot)
    name = request["TrainingJobName"]
    scratch.cleaning.add(f"training job {name}", lambda: _stop(api, name))
    api.create_training_job(**request)
    description: dict[str, Any] = {}

    def has_ended() -> bool:
        description.update(api.describe_training_job(TrainingJobName=name))
        return description["TrainingJobStatus"] not in ACTIVE_JOBS

    _wait(has_ended, f"training job {name}", poll_seconds)
    if description["TrainingJobStatus"] != "Completed":
        raise SmokeError(
            f"{name} {description['TrainingJobStatus']}: {description.get('FailureReason', '')}"
        )
    archive = description["ModelArtifacts"]["S3ModelArtifacts"]
    return {
        "state": description["TrainingJobStatus"],
        "result": read_result(archive),
        **scratch.encryption(list_objects(results)),
    }


def _arguments(scratch: Scratch, scripts: str) -> dict[str, str]:
    """Return the arguments of a load of an empty folder, into folders of this run."""
    layout = scratch.layout
    run = scratch.run
    return {
        "--SOURCE_URI": f"{layout.raw}{run}/",
        "--CONTRACT_URI": f"{scripts}contract.json",
        "--LOAD_ID": run,
        "--OUTPUT_URI": layout.load(run),
        "--QUARANTINE_URI": scratch.use_folder(layout.quarantine(run)),
        "--METRICS_URI": layout.load_metrics(run),
    }


def _request(scratch: Scratch, snapshot: str) -> dict[str, Any]:
    """Return the request of the project's own training jobs, with another command and the role's ARN."""
    request = training_job(
        scratch.settings,
        scratch.layout,
        scratch.run,
        snapshot,
        parent_run_id="none",
        family="check",
        stage="none",
    )
    algorithm = {
        **request["AlgorithmSpecification"],
        "ContainerArguments": [CHECK],
    }
    return {
        **request,
        "AlgorithmSpecification": algorithm,
        "RoleArn": scratch.outputs["TrainingRoleArn"],
        "StoppingCondition": {"MaxRuntimeInSeconds": LONGEST_SECONDS},
    }


def _keys(scratch: Scratch) -> Any:
    import pandas as pd

    return pd.DataFrame({scratch.contract.key: list(KEYS)})


def _stop(api: Any, name: str) -> None:
    """Stop the job if it runs; SageMaker keeps its description for ever."""
    described = api.describe_training_job(TrainingJobName=name)
    if described["TrainingJobStatus"] == "InProgress":
        api.stop_training_job(TrainingJobName=name)


def _wait(has_ended: Any, what: str, poll_seconds: float) -> None:
    """Wait for a job. Raises SmokeError if it takes too long."""
    stop = tenacity.stop_after_delay(LONGEST_SECONDS)
    if not wait_until(has_ended, stop, poll_seconds):
        raise SmokeError(
            f"{what} runs longer than {LONGEST_SECONDS // 60} minutes"
        )
