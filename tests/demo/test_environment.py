"""The environment of the local processes."""

import json
import re

import pytest

from demo.environment import ROOT, local_environment
from demo.ports import Ports
from include.settings import Settings
from lead_ops.host_guard import HOSTS_VARIABLE

PORTS = Ports(
    aws_port=14566,
    mlflow_port=15000,
    airflow_port=18080,
    inbox_port=18025,
    smtp_port=11025,
)


@pytest.fixture
def environment():
    return local_environment(PORTS, Settings())


def test_every_client_is_pointed_at_this_stacks_ports(environment):
    assert environment["AWS_ENDPOINT_URL"] == "http://localhost:14566"
    assert environment["MLFLOW_TRACKING_URI"] == "http://localhost:15000"
    assert (
        environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        == "http://localhost:18080/execution/"
    )


def test_alerts_go_to_the_inbox_of_this_stack(environment):
    slack, mail = (
        json.loads(environment[f"AIRFLOW_CONN_{name}_DEFAULT"])
        for name in ("SLACK", "SMTP")
    )
    assert slack["host"].startswith("http://localhost:18025/slack")
    assert (mail["host"], mail["port"]) == ("localhost", 11025)


def test_airflow_answers_to_this_machines_names_and_to_those_that_are_added(
    environment, monkeypatch
):
    assert environment[HOSTS_VARIABLE] == "localhost,127.0.0.1"
    monkeypatch.setenv(HOSTS_VARIABLE, "tunnel.example")
    added = local_environment(PORTS, Settings())[HOSTS_VARIABLE]
    assert added == "localhost,127.0.0.1,tunnel.example"


def test_the_users_own_aws_keys_never_reach_the_stack(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_PROFILE", "production")
    environment = local_environment(PORTS, Settings())
    assert environment["AWS_ACCESS_KEY_ID"] == "local"
    assert "AWS_PROFILE" not in environment


def test_airflow_keeps_its_files_inside_the_checkout(environment):
    assert environment["AIRFLOW_HOME"] == str(ROOT / ".local" / "airflow")
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(ROOT / "dags")


def test_every_variable_that_the_procfile_uses_is_set(environment):
    used = set(
        re.findall(
            r"\$([A-Z_]+)", (ROOT / "Procfile").read_text(encoding="utf-8")
        )
    )
    assert used
    assert used <= set(environment)


def test_mlflow_keeps_artifacts_where_nothing_else_lies(environment):
    folder = "s3://leadconversiondata/model-artifacts/mlflow"
    compose = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    assert environment["ARTIFACTS_URI"] == folder
    assert f"--artifacts-destination {folder}\n" in compose
