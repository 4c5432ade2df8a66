"""Build the environment variables of every local process in one place.

The project's code is the same here and on MWAA: what makes a run local is only what stands below.
"""

import json
import os
import sys
from pathlib import Path

from demo.ports import Ports
from include.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".local"
LOGS = STATE / "logs"
HOSTS_VARIABLE = "LEADS_AIRFLOW_HOSTS"
OWN_HOSTS = ("localhost", "127.0.0.1")
OTHER_PROJECTS = ("AWS_", "AIRFLOW", "MLFLOW_")
"""How the names of variables begin that may belong to another project of the caller."""


def local_environment(ports: Ports, settings: Settings) -> dict[str, str]:
    """Return this process's environment with everything the local stack needs on top.

    The caller's own AWS_*, AIRFLOW* and MLFLOW_* variables are left out: a profile or a home of another project would
    point the stack's processes elsewhere.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OTHER_PROJECTS)
    }
    return {
        **inherited,
        **_general(ports, settings),
        **client_environment(ports, settings),
        **_airflow(ports),
        **_connections(ports),
        "NO_PROXY": _without_proxy("NO_PROXY"),
        "no_proxy": _without_proxy("no_proxy"),
    }


def _general(ports: Ports, settings: Settings) -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {
        **ports.variables(),
        # Everybody is admin of this Airflow: it answers to these names only (plugins/lead_ops/host_guard.py).
        HOSTS_VARIABLE: _own_hosts(),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(
            ROOT
        ),  # on MWAA the DAGs folder holds include/ and is on sys.path
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",  # several OpenMP processes on two cores wait for each other
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight more processes that nothing here uses
        "LEADS_LABEL_MATURITY_DAYS": "0",  # the replay's outcomes arrive with the leads, and its weeks last minutes
        "ARTIFACTS_URI": f"s3://{settings.s3.bucket}/{settings.s3.artifacts_prefix}/mlflow",
    }


def client_environment(ports: Ports, settings: Settings) -> dict[str, str]:
    """Return what a boto3 or MLflow client needs to talk to the stack."""
    return {
        "AWS_ENDPOINT_URL": ports.aws,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "MLFLOW_TRACKING_URI": ports.mlflow,
    }


def _airflow(ports: Ports) -> dict[str, str]:
    home = STATE / "airflow"
    options = {
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"{ports.airflow}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(ports.airflow_port),
        "API__BASE_URL": ports.airflow,
        "API__WORKERS": "1",  # several starve each other at start on two cores
        "WORKERS__EXECUTION_API_TIMEOUT": "60",  # a first task's call took 35 s on a busy machine, and 5 are allowed
        # Runs start by hand or by the replay. Otherwise unpausing a DAG starts its last scheduled run, which waits for
        # files, and each DAG runs once at a time. This turns off the schedule by asset as well.
        "SCHEDULER__USE_JOB_SCHEDULE": "False",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "15",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",  # a changed file is parsed at once all the same
    }
    return {"AIRFLOW_HOME": str(home)} | {
        f"AIRFLOW__{name}": value for name, value in options.items()
    }


def _connections(ports: Ports) -> dict[str, str]:
    mail = {
        "disable_tls": True,
        "disable_ssl": True,
        "from_email": "airflow@example.com",
    }
    connections = {
        "AWS_DEFAULT": {
            "conn_type": "aws"
        },  # endpoint, keys and region come from boto3's own variables
        "SLACK_DEFAULT": {
            "conn_type": "slackwebhook",
            "host": f"{ports.inbox}/slack",
            "password": "local",
        },
        "SMTP_DEFAULT": {
            "conn_type": "smtp",
            "host": "localhost",
            "port": ports.smtp_port,
            "extra": mail,
        },
    }
    return {
        f"AIRFLOW_CONN_{name}": json.dumps(content)
        for name, content in connections.items()
    }


def _own_hosts() -> str:
    """Return the names of this machine, and those that the caller's environment adds, such as that of a tunnel."""
    added = os.environ.get(HOSTS_VARIABLE, "")
    return ",".join([*OWN_HOSTS, *filter(None, added.split(","))])


def _without_proxy(name: str) -> str:
    hosts = [os.environ.get(name, ""), "localhost", "127.0.0.1"]
    return ",".join(host for host in hosts if host)
