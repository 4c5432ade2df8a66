"""The way into an MLflow server that asks for a login and has signed its certificate itself."""

import json
import os
import re
import uuid
from pathlib import Path

import boto3
import pytest

from include.endpoint.training_job import environment
from include.lake.objects import write_text
from include.registry.access import (
    CERTIFICATE,
    PASSWORD,
    USERNAME,
    _certificate,
    _login,
    log_in,
    trusted,
)
from include.registry.errors import TrackingLoginError
from include.settings import MlflowSettings, Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    """MLflow's own variables are as before after each test, and nothing is remembered."""
    for name in (USERNAME, PASSWORD, CERTIFICATE):
        monkeypatch.setenv(name, "before")
        monkeypatch.delenv(name)
    _login.cache_clear()
    _certificate.cache_clear()


@pytest.fixture
def secret(bucket):
    name = f"mlflow-{uuid.uuid4().hex[:8]}"
    account = json.dumps({"username": "writer", "password": "of the writer"})
    boto3.client("secretsmanager").create_secret(
        Name=name, SecretString=account
    )
    return name


def test_on_a_laptop_nothing_is_looked_up_and_nothing_set():
    log_in(MlflowSettings())
    assert {USERNAME, PASSWORD, CERTIFICATE}.isdisjoint(os.environ)
    assert trusted() is True


def test_the_login_comes_from_the_secret(secret):
    log_in(MlflowSettings(secret=secret))
    assert os.environ[USERNAME] == "writer"
    assert os.environ[PASSWORD] == "of the writer"


def test_the_certificate_is_trusted_from_a_file_of_its_own(bucket):
    uri = f"s3://{bucket}/mlflow-tls/certificate.pem"
    write_text(uri, "a certificate")
    log_in(MlflowSettings(certificate=uri))
    path = Path(str(trusted()))
    assert path.read_text() == "a certificate"
    assert path.stat().st_mode & 0o077 == 0
    _certificate.cache_clear()
    log_in(MlflowSettings(certificate=uri))
    assert trusted() == str(path)


def test_a_secret_or_certificate_that_cannot_be_read_is_named(bucket, secret):
    with pytest.raises(TrackingLoginError, match="the secret missing"):
        log_in(MlflowSettings(secret="missing"))  # noqa: S106 - its name
    boto3.client("secretsmanager").put_secret_value(
        SecretId=secret, SecretString="not JSON"
    )
    with pytest.raises(TrackingLoginError, match=secret):
        log_in(MlflowSettings(secret=secret))
    with pytest.raises(TrackingLoginError, match="none.pem"):
        log_in(MlflowSettings(certificate=f"s3://{bucket}/none.pem"))


def test_what_runs_on_aws_connects_by_the_settings_and_not_by_the_address():
    """An address alone knows no login."""
    by_address = [
        path
        for path in [*ROOT.glob("include/**/*.py"), *ROOT.glob("dags/**/*.py")]
        if re.search(r"connect\([^)]*tracking_uri", path.read_text("utf-8"))
    ]
    assert by_address == []


def test_a_training_job_is_told_where_the_login_is(monkeypatch):
    monkeypatch.setenv("LEADS_MLFLOW_SECRET", "a/writer")
    monkeypatch.setenv("LEADS_MLFLOW_CERTIFICATE", "s3://b/certificate.pem")
    variables = environment(Settings())
    assert variables["LEADS_MLFLOW_SECRET"] == "a/writer"
    assert variables["LEADS_MLFLOW_CERTIFICATE"] == "s3://b/certificate.pem"
