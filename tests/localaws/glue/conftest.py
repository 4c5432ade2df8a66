"""Waiting for crawls and job runs."""

import time
import uuid
from typing import Any

import pytest

from localaws.account import Account

ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}


@pytest.fixture
def prefix(request) -> str:
    """A folder of S3 for this test alone."""
    return f"raw-data/{request.node.name[:30].replace('[', '-')}-{uuid.uuid4().hex[:6]}".lower()


@pytest.fixture
def crawl(glue, bucket, prefix):
    def run(
        path: str | None = None,
        database: str = Account().glue_database,
        targets: dict[str, Any] | None = None,
        **settings: Any,
    ) -> dict[str, Any]:
        name = f"crawler-{uuid.uuid4().hex[:8]}"
        folder = {"Path": path or f"s3://{bucket}/{prefix}"}
        if targets is None:
            targets = {"S3Targets": [folder]}
        glue.create_crawler(
            Name=name,
            Role="glueaccessrole",
            DatabaseName=database,
            Targets=targets,
            **settings,
        )
        glue.start_crawler(Name=name)
        for _ in range(500):
            crawler = glue.get_crawler(Name=name)["Crawler"]
            if crawler["State"] == "READY":
                return crawler
            time.sleep(0.02)
        raise TimeoutError(crawler)

    return run


class Jobs:
    """Creates a job of a script's text and runs it."""

    def __init__(self, glue: Any, s3: Any, bucket: str, prefix: str) -> None:
        self.glue, self.s3, self.bucket, self.prefix = glue, s3, bucket, prefix
        self.name = f"job-{uuid.uuid4().hex[:8]}"

    def create(self, script: str, **settings: Any) -> str:
        key = f"scripts/{self.name}.py"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=script.encode())
        command = {
            "Name": "glueetl",
            "ScriptLocation": f"s3://{self.bucket}/{key}",
            "PythonVersion": "3",
        }
        self.glue.create_job(
            Name=self.name,
            Role="glueaccessrole",
            Command=command,
            GlueVersion="5.0",
            **settings,
        )
        return self.name

    def start(self, **arguments: str) -> str:
        named = {f"--{name}": value for name, value in arguments.items()}
        return self.glue.start_job_run(JobName=self.name, Arguments=named)[
            "JobRunId"
        ]

    def state(self, run_id: str) -> dict[str, Any]:
        return self.glue.get_job_run(JobName=self.name, RunId=run_id)["JobRun"]

    def wait(self, run_id: str, *states: str) -> dict[str, Any]:
        for _ in range(1200):
            run = self.state(run_id)
            if run["JobRunState"] in (states or ENDED):
                return run
            time.sleep(0.05)
        raise TimeoutError(run)

    def put(self, name: str, body: str) -> str:
        self.s3.put_object(
            Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=body.encode()
        )
        return self.uri(name)

    def uri(self, name: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}/{name}"

    def text(self, name: str) -> str:
        return (
            self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")[
                "Body"
            ]
            .read()
            .decode()
        )

    def keys(self, name: str = "") -> list[str]:
        listed = self.s3.list_objects_v2(
            Bucket=self.bucket, Prefix=f"{self.prefix}/{name}"
        )
        return [
            item["Key"].removeprefix(f"{self.prefix}/")
            for item in listed.get("Contents", [])
        ]


@pytest.fixture
def jobs(glue, s3, bucket, prefix) -> Jobs:
    return Jobs(glue, s3, bucket, prefix)
