"""The MLflow server as its machine runs it: its own packages, accounts from secrets, TLS with its own certificate."""

import json
import os
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import mlflow
import pytest
import requests
from mlflow.exceptions import MlflowException

from include.registry.access import CERTIFICATE, PASSWORD, USERNAME
from include.registry.registry import champion, promote
from include.registry.tracking import connect
from include.settings import settings
from infra.package import ROOT
from tests.infra.test_mlflow_server import LOCAL, Machine, file_of

pytestmark = pytest.mark.slow
PATIENCE = 180
LOCK = ROOT / "docker" / "mlflow-requirements.txt"
RUNS = "api/2.0/mlflow/runs"
MODELS = "api/2.0/mlflow/registered-models"


def secret(name: str) -> None:
    """A secret as the template has CloudFormation make it."""
    account = json.dumps({"username": name, "password": f"{name}-password-1"})
    boto3.client("secretsmanager").create_secret(
        Name=f"mlflow/{name}", SecretString=account
    )


def access(bucket: str) -> str:
    """What makes the accounts and publishes the certificate, with the stack's values in it."""
    values = {
        "AWS::Region": "ap-south-1",
        "Writer": "mlflow/writer",
        "Reader": "mlflow/reader",
        "Bucket": bucket,
        "ArtifactsPrefix": "model-artifacts",
    }
    text = file_of("ACCESS")
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    return text


@contextmanager
def serving(machine: Machine, port: int, bucket: str) -> Iterator[None]:
    """Run the unit's own command, on another port and with one worker."""
    unit = machine.moved(file_of("UNIT"))
    start = re.search(r"^ExecStart=((?:.*\\\n)*.*)$", unit, re.M)
    assert start
    command = shlex.split(start[1].replace("\\\n", " "))
    text = shlex.join(command).replace("5000", str(port))
    text = text.replace("0.0.0.0", LOCAL).replace("--workers 2", "--workers 1")  # noqa: S104 - what the unit says
    text = text.replace("${Bucket}/${ArtifactsPrefix}", f"{bucket}/a")
    variables = re.findall(r"^Environment=(.*)$", unit, re.M)
    pairs = [pair for line in variables for pair in line.split()]
    environment = dict(pair.split("=", 1) for pair in pairs)
    environment |= {
        "AWS_DEFAULT_REGION": "ap-south-1",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this machine",
    }
    log = machine.root / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            shlex.split(text),
            cwd=machine.home,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while not _answers(port, machine):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            yield
        finally:
            server.terminate()
            server.wait(timeout=30)


def _answers(port: int, machine: Machine) -> bool:
    certificate = machine.home / f"tls/{LOCAL}.pem"
    try:
        return requests.get(
            f"https://{LOCAL}:{port}/health",
            verify=str(certificate),
            timeout=2,
        ).ok
    except requests.exceptions.RequestException:
        return False


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    clean_environment: Callable[..., Path],
    use_bucket: Callable[[pytest.MonkeyPatch], str],
) -> Iterator[Any]:
    """The server behind its boot's own scripts; address, certificate and the machine."""
    python = clean_environment(LOCK)
    with pytest.MonkeyPatch.context() as patch:
        bucket = use_bucket(patch)
        for name in ("writer", "reader"):
            secret(name)
        folder = tmp_path_factory.mktemp("machine")
        machine = Machine(folder, str(python), access(bucket))
        machine.start("3.17.2")
        with socket.socket() as probe:
            probe.bind((LOCAL, 0))
            port = probe.getsockname()[1]
        with serving(machine, port, bucket):
            yield SimpleNamespace(
                address=f"https://{LOCAL}:{port}",
                certificate=f"s3://{bucket}/model-artifacts/mlflow-tls/certificate.pem",
                trusted=str(machine.home / f"tls/{LOCAL}.pem"),
                machine=machine,
            )
    settings.cache_clear()


@pytest.fixture
def log_in_as(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Connects as the project's code does on AWS, with the secret of an account."""
    for name in (USERNAME, PASSWORD, CERTIFICATE):
        monkeypatch.setenv(name, "")
    before = mlflow.get_tracking_uri()

    def connected(name: str) -> mlflow.MlflowClient:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
        monkeypatch.setenv("LEADS_MLFLOW_SECRET", f"mlflow/{name}")
        monkeypatch.setenv("LEADS_MLFLOW_CERTIFICATE", server.certificate)
        settings.cache_clear()
        return connect(settings().mlflow)

    yield connected
    mlflow.set_tracking_uri(before)
    settings.cache_clear()


def ask(server: Any, path: str, account: Any = None, **body: Any) -> int:
    return requests.post(
        f"{server.address}/{path}",
        json=body,
        auth=account,
        verify=server.trusted,
        timeout=30,
    ).status_code


def test_nobody_is_let_in_without_a_login_or_with_a_wrong_one(
    server: Any,
) -> None:
    search = {"experiment_ids": ["0"]}
    assert ask(server, f"{RUNS}/search", **search) == 401
    wrong = ("writer", "wrong-password-1")
    assert ask(server, f"{RUNS}/search", wrong, **search) == 401
    legacy = ("admin", "password1234")
    assert ask(server, f"{RUNS}/search", legacy, **search) == 401


def test_a_client_that_does_not_know_the_certificate_and_one_without_tls_are_refused(
    server: Any,
) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{server.address}/health", timeout=10)
    plain = server.address.replace("https", "http")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{plain}/health", timeout=10)


def test_the_writer_writes_and_the_reader_reads_and_is_refused_every_write_to_it(
    server: Any, log_in_as: Any
) -> None:
    writer = log_in_as("writer")
    writer.create_registered_model("m")
    run = writer.create_run("0")
    for _ in range(2):
        writer.create_model_version("m", f"{run.info.artifact_uri}/m", run_id=run.info.run_id)  # fmt: skip
    promote(writer, "m", "1")
    reader = log_in_as("reader")
    present = champion(reader, "m")
    assert present is not None
    assert present.version == "1"
    writes: list[Callable[[], Any]] = [
        lambda: reader.set_registered_model_alias("m", "champion", "2"),
        lambda: reader.delete_registered_model_alias("m", "champion"),
        lambda: reader.set_model_version_tag("m", "1", "files_sha256", "x"),
        lambda: reader.delete_model_version("m", "1"),
        lambda: reader.create_model_version("m", "s3://elsewhere/m"),
        lambda: reader.rename_registered_model("m", "n"),
        lambda: reader.create_run("0"),
        lambda: reader.log_text(run.info.run_id, "text", "file.txt"),
        lambda: promote(reader, "m", "2"),
    ]
    for write in writes:
        with pytest.raises((MlflowException, requests.HTTPError), match="403"):
            write()
    present = champion(reader, "m")
    assert present is not None
    assert present.version == "1"


def test_the_reader_makes_no_account_and_no_administrator(server: Any) -> None:
    reader = ("reader", "reader-password-1")
    users = "api/2.0/mlflow/users"
    body = {"username": "mallory", "password": "a-long-password-1"}
    assert ask(server, f"{users}/create", reader, **body) == 403
    answer = requests.patch(
        f"{server.address}/{users}/update-admin",
        json={"username": "reader", "is_admin": True},
        auth=reader,
        verify=server.trusted,
        timeout=30,
    )
    assert answer.status_code == 403


def test_a_password_that_was_changed_in_the_secret_counts_from_the_next_start_on(
    server: Any,
) -> None:
    account = json.dumps({"username": "reader", "password": "another-one-22"})
    boto3.client("secretsmanager").put_secret_value(
        SecretId="mlflow/reader", SecretString=account
    )
    server.machine.start("3.17.2")
    search = {"experiment_ids": ["0"]}
    old, new = ("reader", "reader-password-1"), ("reader", "another-one-22")
    assert ask(server, f"{RUNS}/search", old, **search) == 401
    assert ask(server, f"{RUNS}/search", new, **search) == 200
