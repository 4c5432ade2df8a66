"""The files of the Astro CLI say what the local stack, the DAGs and the lock say; the CLI itself is not tested."""

import ast
import configparser
import json
import re
import shlex
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.environment import ROOT, client_environment, local_environment
from demo.ports import Ports
from include.settings import Settings

LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([\w-]+)==(\S+)$", LOCK, re.MULTILINE))
PORTS = Ports(
    aws_port=4566,
    mlflow_port=5000,
    airflow_port=8080,
    inbox_port=8025,
    smtp_port=1025,
)
HOSTS = {
    PORTS.aws: "http://aws:4566",
    PORTS.mlflow: "http://mlflow:5000",
    PORTS.inbox: "http://inbox:8025",
}
CONNECTION_KEYS = {
    "conn_id",
    "conn_type",
    "conn_host",
    "conn_password",
    "conn_port",
    "conn_extra",
}
"""Those of the CLI's settings.Connection that are used here; any other key it would skip without a word."""


@pytest.fixture(scope="module")
def airflow_settings() -> dict[str, Any]:
    return yaml.safe_load(
        (ROOT / "airflow_settings.yaml").read_text(encoding="utf-8")
    )["airflow"]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    folders = (ROOT / "dags", ROOT / "plugins")
    return {
        str(path): path.read_text(encoding="utf-8")
        for folder in folders
        for path in folder.rglob("*.py")
    }


def in_containers(value: str) -> str:
    """An address of this machine as the containers of the same services have it."""
    for here, there in HOSTS.items():
        value = value.replace(here, there)
    return "inbox" if value == "localhost" else value


def as_airflow_reads_it(connection: dict[str, Any]) -> dict[str, Any]:
    named = {
        key.removeprefix("conn_"): value
        for key, value in connection.items()
        if key != "conn_id"
    }
    return {"conn_type": named.pop("type"), **named}


def test_the_connections_are_those_of_the_local_stack(
    airflow_settings: dict[str, Any],
) -> None:
    assert {
        key for one in airflow_settings["connections"] for key in one
    } <= CONNECTION_KEYS
    found = {
        one["conn_id"]: as_airflow_reads_it(one)
        for one in airflow_settings["connections"]
    }
    local = {
        name.removeprefix("AIRFLOW_CONN_").lower(): json.loads(value)
        for name, value in local_environment(PORTS, Settings()).items()
        if name.startswith("AIRFLOW_CONN_")
    }
    wanted = {
        name: {
            key: in_containers(value) if key == "host" else value
            for key, value in one.items()
        }
        for name, one in local.items()
    }
    assert found == wanted


def test_every_pool_that_a_task_asks_for_is_there_and_no_other(
    airflow_settings: dict[str, Any], sources: dict[str, str]
) -> None:
    asked = {
        node.value.value
        for source in sources.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.keyword)
        and node.arg == "pool"
        and isinstance(node.value, ast.Constant)
    }
    assert asked == {pool["pool_name"] for pool in airflow_settings["pools"]}


def test_every_variable_that_a_dag_reads_is_there_and_no_other(
    airflow_settings: dict[str, Any], sources: dict[str, str]
) -> None:
    read = {
        name
        for text in sources.values()
        for name in re.findall(r"Variable\.get\(\s*[\"']([^\"']+)", text)
    }
    read |= {
        name
        for text in sources.values()
        for name in re.findall(r"var\.(?:value|json)\.(\w+)", text)
    }
    assert read == {
        variable["variable_name"] for variable in airflow_settings["variables"]
    }


def test_the_environment_file_is_the_local_stacks_at_the_services_names() -> (
    None
):
    text = (ROOT / ".astro" / "local.env").read_text(encoding="utf-8")
    found = dict(
        line.split("=", 1)
        for line in text.splitlines()
        if line and not line.startswith("#")
    )
    clients = {
        name: in_containers(value)
        for name, value in client_environment(PORTS, Settings()).items()
    }
    assert {name: found.get(name) for name in clients} == clients | {
        "AWS_ACCESS_KEY_ID": "mwaa-execution-role"
    }
    whole = local_environment(PORTS, Settings()) | {
        "LEADS_WEB_S3": PORTS.aws,
        "LEADS_WEB_MLFLOW": PORTS.mlflow,
    }
    assert {
        name: value
        for name, value in found.items()
        if name not in clients and value != whole.get(name)
    } == {}


def test_the_image_holds_the_locks_airflow_and_python() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    release, python = re.findall(
        r"^FROM \S+/runtime:(\d+\.\d+)-\d+-python-(\S+)$",
        dockerfile,
        re.MULTILINE,
    )[0]
    assert PINS["apache-airflow"].startswith(f"{release}.")
    assert f"holds Airflow {PINS['apache-airflow']}." in dockerfile
    assert f'">={python},' in (ROOT / "pyproject.toml").read_text(
        encoding="utf-8"
    )


def test_airflow_answers_where_the_local_stacks_does() -> None:
    config = yaml.safe_load(
        (ROOT / ".astro" / "config.yaml").read_text(encoding="utf-8")
    )
    assert (
        config["api-server"]["port"]
        == Ports.model_fields["airflow_port"].default
    )


def test_what_runs_in_the_image_imports_nothing_that_the_image_lacks() -> None:
    ini = configparser.ConfigParser()
    ini.read(ROOT / ".astro" / "pytest.ini")
    options = [
        word.partition("=")[::2]
        for word in shlex.split(ini["pytest"]["addopts"])
    ]
    left_out = {
        path
        for option, value in options
        if option.startswith("--ignore")
        for path in ROOT.glob(value)
    }
    run = [
        path
        for path in (ROOT / "tests").rglob("*.py")
        if not left_out & {path, *path.parents}
    ]
    missing = {path.name: _not_in_the_lock(path) for path in run}
    assert len(run) > 5
    assert {name: modules for name, modules in missing.items() if modules} == {}


def _not_in_the_lock(path: Path) -> list[str]:
    names = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else _plain(node)
        )
    }
    return sorted(name for name in names if not _can_import(name))


def _plain(node: ast.AST) -> list[str]:
    return (
        [alias.name for alias in node.names]
        if isinstance(node, ast.Import)
        else []
    )


def _can_import(module: str) -> bool:
    top = module.split(".")[0]
    if top in sys.stdlib_module_names | {
        "pytest",
        "lifecycle",
        "lead_ops",
        "airflow",
        "include",
    }:
        return True
    made_by = packages_distributions().get(top, [])
    return any(name.lower().replace("_", "-") in PINS for name in made_by)
