"""The server as a whole: its seeds, big objects, unknown calls, and its end."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from localaws.account import Account
from localaws.errors import LocalAwsNotStartedError
from localaws.roles import LOCAL_API_KEY
from localaws.server import running


def test_the_guides_account_is_seeded(client):
    account = Account()
    assert (
        client("s3").get_bucket_location(Bucket=account.bucket)[
            "LocationConstraint"
        ]
        == account.region
    )
    trust = client("iam").get_role(RoleName=account.glue_role)["Role"][
        "AssumeRolePolicyDocument"
    ]
    assert trust["Statement"][0]["Principal"] == {
        "Service": ["glue.amazonaws.com"]
    }
    secret = json.loads(
        client("secretsmanager").get_secret_value(
            SecretId=account.warehouse_secret
        )["SecretString"]
    )
    assert len(secret["password"]) > 20
    keys = json.loads(
        client("secretsmanager").get_secret_value(
            SecretId=account.api_keys_secret
        )["SecretString"]
    )
    assert keys == {"local": sha256(LOCAL_API_KEY.encode()).hexdigest()}
    assert (
        client("glue").get_database(Name=account.glue_database)["Database"][
            "Name"
        ]
        == account.glue_database
    )


def test_the_health_page_answers(endpoint):
    with urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5) as answer:  # noqa: S310 - our own server
        assert answer.status == 200


def test_big_objects_travel_in_parts(s3, bucket, tmp_path):
    source, back = tmp_path / "model.bin", tmp_path / "back.bin"
    source.write_bytes(bytes(range(256)) * 4096 * 24)
    s3.upload_file(
        str(source),
        bucket,
        "model-artifacts/model.bin",
        Config=TransferConfig(multipart_threshold=8 << 20),
    )
    s3.download_file(bucket, "model-artifacts/model.bin", str(back))
    assert back.read_bytes() == source.read_bytes()


def test_many_clients_write_at_the_same_time(s3, bucket):
    def put(number: int) -> None:
        s3.put_object(
            Bucket=bucket, Key=f"many/{number:03d}", Body=str(number).encode()
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(60)))
    assert s3.list_objects_v2(Bucket=bucket, Prefix="many/")["KeyCount"] == 60


def test_a_call_that_nobody_implements_is_named_in_one_answer(client):
    with pytest.raises(
        ClientError,
        match=r"not supported by local AWS: The get_blueprint action",
    ):
        client("glue").get_blueprint(Name="x")


def test_the_process_ends_cleanly_on_sigterm(tmp_path):
    command = [
        sys.executable,
        "-m",
        "localaws",
        "serve",
        "--port",
        "0",
        "--data-dir",
        str(tmp_path),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
    )
    assert "ready at http://127.0.0.1:" in process.stdout.readline()
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_running_glue_job_ends_with_the_server():
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with running() as url:
        region = {
            "region_name": Account().region,
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }
        s3, glue, logs = (
            boto3.client(name, endpoint_url=url, **region)
            for name in ("s3", "glue", "logs")
        )
        s3.put_object(Bucket=Account().bucket, Key="x.py", Body=script.encode())
        command = {
            "Name": "glueetl",
            "ScriptLocation": f"s3://{Account().bucket}/x.py",
        }
        glue.create_job(Name="endless", Role="r", Command=command)
        run_id = glue.start_job_run(JobName="endless")["JobRunId"]
        events: list = []
        while not events:
            time.sleep(0.2)
            if (
                glue.get_job_run(JobName="endless", RunId=run_id)["JobRun"][
                    "JobRunState"
                ]
                == "RUNNING"
            ):
                found = logs.filter_log_events(
                    logGroupName="/aws-glue/jobs/output",
                    logStreamNames=[run_id],
                )
                events = found["events"]
        process = int(events[0]["message"])
        os.kill(process, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_server_that_cannot_start_says_why(endpoint):
    port = int(endpoint.rsplit(":", 1)[1])
    with (
        pytest.raises(
            LocalAwsNotStartedError, match="(?i)address already in use|in use"
        ),
        running(port=port),
    ):
        pass
