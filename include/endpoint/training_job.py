"""A family's training as a SageMaker training job: what the job is asked to do, and what it hands back."""

import hashlib
import json
import re
import tarfile
from io import BytesIO
from typing import Any

from include.endpoint.encryption import output_key, volume_key
from include.endpoint.errors import NoResultError
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import read_bytes
from include.settings import Settings, environment_of

CHANNEL = "snapshot"
CONTRACT_TAG = "lead-conversion-contract"
"""By which the bill tells contracts apart, once it is activated as a cost allocation tag."""
RESULT = "result.json"
ENTRY_POINT = ["python", "-m", "include.endpoint.training_container"]
COMMAND = ["train"]
MAX_SECONDS = 90 * 60
"""Less than the timeout of the Airflow task that waits, so that no job outlives its task by long."""
NAME_LENGTH = 63
SUFFIX_LENGTH = 11
"""Dash and ten digits, which Airflow's operator adds to a name that is taken (the job of an earlier try)."""


def training_job(
    settings: Settings,
    layout: Layout,
    run: str,
    snapshot_uri: str,
    parent_run_id: str,
    family: str,
    stage: str,
    outcome: str = "",
) -> dict[str, Any]:
    """Return the request of CreateTrainingJob that runs `try_family` in a container.

    Args:
        settings: image, role, instance and network of the job; what is set of them in this process is so in the job.
        layout: where the job leaves its result.
        run: key of the Airflow run.
        snapshot_uri: S3 folder of the training snapshot, which becomes the job's channel.
        parent_run_id: what `start_training` returned.
        family: a name in FAMILIES.
        stage: capture, engagement or contact.
        outcome: that is predicted; "" means the main one.
    """
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": snapshot_uri,
        "S3DataDistributionType": "FullyReplicated",
    }
    parameters = {
        "family": family,
        "stage": stage,
        "parent_run_id": parent_run_id,
    }
    model = stage
    if outcome:
        parameters["outcome"] = outcome
        model = f"{outcome}-{stage}"
    channel = {"ChannelName": CHANNEL, "DataSource": {"S3DataSource": source}}
    return {
        "TrainingJobName": job_name(run, family, model),
        "AlgorithmSpecification": {
            "TrainingImage": settings.training.image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ENTRY_POINT,
            "ContainerArguments": COMMAND,
        },
        "RoleArn": settings.training.role,
        "HyperParameters": parameters,
        "InputDataConfig": [channel],
        "OutputDataConfig": {
            "S3OutputPath": layout.training_jobs(run),
            **output_key(settings.training.kms_key),
        },
        "ResourceConfig": {
            "InstanceType": settings.training.instance,
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
            **volume_key(
                "VolumeKmsKeyId",
                settings.training.kms_key,
                settings.training.instance,
            ),
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_SECONDS},
        "Environment": environment(settings),
        "Tags": [
            {"Key": "run", "Value": _tag(run)},
            {"Key": CONTRACT_TAG, "Value": layout.contract.contract},
        ],
        **_network(settings),
    }


def job_name(run: str, family: str, stage: str) -> str:
    """Return the job's name: the run's key, shortened and with a digest of the whole, then family and stage.

    SageMaker takes 63 letters, digits and dashes; those left free are for the suffix of a second try.
    """
    digest = hashlib.sha256(run.encode()).hexdigest()[:8]
    end = _words(f"{digest}-{family}-{stage}")
    longest_begin = NAME_LENGTH - SUFFIX_LENGTH - len(end) - 1
    begin = _words(run)[:longest_begin].strip("-")
    return f"{begin}-{end}".lstrip("-")


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables by which a job gets the settings that are set in this process."""
    # One thread, as everywhere: the same figures as in an Airflow task, and no threads that wait for each other.
    return environment_of(settings) | {
        "LEADS_MLFLOW_TRACKING_URI": settings.mlflow.tracking_uri,
        "OMP_NUM_THREADS": "1",
    }


def read_result(model_uri: str) -> dict[str, Any]:
    """Return what `try_family` returned inside the job, from the job's model.tar.gz.

    Raises:
        NoResultError: there is no archive, or no result in it.
    """
    result: dict[str, Any] = {}
    try:
        content = BytesIO(read_bytes(model_uri))
        with tarfile.open(fileobj=content) as archive:
            member = archive.extractfile(RESULT)
            if member:
                result = json.loads(member.read())
    except (ObjectMissingError, KeyError) as error:
        raise NoResultError(model_uri) from error
    return result


def _network(settings: Settings) -> dict[str, Any]:
    """Return where in a VPC the job runs; empty outside any."""
    if not settings.training.subnets:
        return {}
    return {
        "VpcConfig": {
            "Subnets": list(settings.training.subnets),
            "SecurityGroupIds": list(settings.training.security_groups),
        }
    }


def _words(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")


def _tag(text: str) -> str:
    return re.sub(r"[^\w .:/=+@-]+", "-", text)[:256]
