"""Training jobs of a few lines of Python."""

import io
import json
import tarfile
import time
import uuid
from typing import Any

import pytest

from localaws.account import Account
from tests.localaws.conftest import SCRIPT_CONTAINER
from tests.localaws.sagemaker.script_container import VARIABLE

ENDED = {"Completed", "Failed", "Stopped"}


class TrainingJobs:
    """Creates jobs whose container runs a script, and waits for them."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self.api, self.s3, self.logs = (
            client("sagemaker"),
            client("s3"),
            client("logs"),
        )
        self.bucket, self.prefix = bucket, prefix

    def put(self, name: str, body: bytes = b"x") -> None:
        self.s3.put_object(
            Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=body
        )

    def request(self, script: str | None, **changes: Any) -> dict[str, Any]:
        algorithm: dict[str, Any] = {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
        }
        if script is not None:
            algorithm |= {
                "ContainerEntrypoint": ["python", "-m", SCRIPT_CONTAINER],
                "ContainerArguments": ["train"],
            }
        environment = {VARIABLE: script} if script is not None else {}
        environment |= changes.pop("Environment", {})
        return {
            "TrainingJobName": f"job-{uuid.uuid4().hex[:8]}",
            "AlgorithmSpecification": algorithm,
            "RoleArn": f"arn:aws:iam::123456789012:role/{Account().training_role}",
            "OutputDataConfig": {
                "S3OutputPath": f"s3://{self.bucket}/{self.prefix}/out"
            },
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "Environment": environment,
            **changes,
        }

    def channel(
        self, name: str, prefix: str = "in/", **changes: Any
    ) -> dict[str, Any]:
        source = {
            "S3DataType": "S3Prefix",
            "S3Uri": f"s3://{self.bucket}/{self.prefix}/{prefix}",
        }
        return {
            "ChannelName": name,
            "DataSource": {"S3DataSource": source | changes},
        }

    def start(self, script: str | None, **changes: Any) -> str:
        request = self.request(script, **changes)
        self.api.create_training_job(**request)
        return request["TrainingJobName"]

    def wait(self, name: str, *states: str) -> dict[str, Any]:
        for _ in range(1200):
            job = self.api.describe_training_job(TrainingJobName=name)
            if {job["TrainingJobStatus"], job["SecondaryStatus"]} & (
                set(states) or ENDED
            ):
                return job
            time.sleep(0.05)
        raise TimeoutError(job)

    def run(self, script: str | None, **changes: Any) -> dict[str, Any]:
        return self.wait(self.start(script, **changes))

    def model(self, job: dict[str, Any]) -> dict[str, str]:
        """Texts of the model archive's files by name."""
        bucket, _, key = (
            job["ModelArtifacts"]["S3ModelArtifacts"]
            .removeprefix("s3://")
            .partition("/")
        )
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return {
                item.name: archive.extractfile(item).read().decode()
                for item in archive
                if item.isfile()
            }

    def seen(self, **changes: Any) -> Any:
        """What a script that sets `seen` found in its container."""
        script = changes.pop("script")
        job = self.run(
            f"{HEAD}{script}\n(root / 'model' / 'seen.json').write_text(json.dumps(seen))",
            **changes,
        )
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        return json.loads(self.model(job)["seen.json"])

    def output(self, name: str) -> list[str]:
        group = "/aws/sagemaker/TrainingJobs"
        found = self.logs.describe_log_streams(
            logGroupName=group, logStreamNamePrefix=f"{name}/algo-1-"
        )
        streams = [stream["logStreamName"] for stream in found["logStreams"]]
        if not streams:
            return []
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNames=streams
        )
        return [event["message"] for page in pages for event in page["events"]]


HEAD = """
import json, os, pathlib, sys
root = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
"""


@pytest.fixture
def training(client, bucket) -> TrainingJobs:
    return TrainingJobs(client, bucket, f"sagemaker/{uuid.uuid4().hex[:8]}")
