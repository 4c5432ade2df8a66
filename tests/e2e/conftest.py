"""The whole platform: real services as processes, and Airflow in this one.

Files on the guide's account share one; a file that builds its own account has a platform of its own.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from demo.environment import ROOT, local_environment
from demo.leads.synthetic import synthetic_leads
from demo.ports import Ports
from demo.services import services
from demo.up import DEADLINE
from include.contract import Contract, load_contract
from include.lake import aws
from include.lake.layout import Layout
from include.settings import Settings, settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements
from infra.policies import compare, names_on_local_aws, read_calls
from localaws.roles import MLFLOW_ROLE, MWAA_ROLE
from localaws.server import CALLS, running
from tests.fixtures.dag_runs import share_between_tasks


class Platform:
    """What an e2e test works with: the addresses of real services, and DAG runs in this process."""

    def __init__(self, ports: Ports, calls: Path) -> None:
        self.ports = ports
        self.calls = calls

    @property
    def settings(self) -> Settings:
        return settings()

    @property
    def contract(self) -> Contract:
        return load_contract(self.settings.contract)

    @property
    def layout(self) -> Layout:
        return Layout(self.settings, self.contract)

    @property
    def statements(self) -> Statements:
        return Statements(self.settings, self.contract)

    def query(self, sql: str) -> list[dict[str, Any]]:
        return Warehouse(self.settings).query(sql)

    def make(self, name: str) -> None:
        """Runs the statement that makes a table, in the role of the DAGs: a table belongs to the role that made it."""
        with acting_as(MWAA_ROLE):
            Warehouse(self.settings).query(self.statements.render(name))

    def alerts(self) -> list[dict[str, Any]]:
        return list(
            httpx.get(f"{self.ports.inbox}/api/alerts")
            .raise_for_status()
            .json()
        )

    def run(
        self, dag_id: str, conf: dict[str, Any] | None = None, **options: Any
    ) -> "Run":
        """Runs a DAG as `airflow dags test` does: real operators, hooks and deferrals, no scheduler."""
        from airflow.dag_processing.dagbag import DagBag

        from lead_ops.contracts import name_of

        bag = DagBag(dag_folder=str(ROOT / "dags" / f"{name_of(dag_id)}.py"))
        assert bag.import_errors == {}
        dag = bag.dags[dag_id]
        for task in dag.tasks:
            task.retries = 0  # a retry waits a minute here; that retries are set is checked in tests/dags
        with acting_as(MWAA_ROLE), parsing_context(dag_id):
            return Run(dag.test(run_conf=conf, **options))


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """Calls of this process are made in a role; clients that the project keeps are made anew for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", role)
        aws._client.cache_clear()
        try:
            yield
        finally:
            aws._client.cache_clear()


@contextmanager
def parsing_context(dag_id: str) -> Iterator[None]:
    """Take back what a run leaves in this process: Airflow names the DAG in the environment and does not clear it.

    DAG files that are read later in this process would make this DAG's contract alone.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
        patch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "")
        yield


class Run:
    """A finished DAG run."""

    def __init__(self, dag_run: Any) -> None:
        from lifecycle.names import run_key

        self._dag_run = dag_run
        self.key, self.run_id = run_key(dag_run), str(dag_run.run_id)
        self.state = str(dag_run.state)
        self.states = {
            ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()
        }

    def returned(self, task_id: str) -> Any:
        """What a task handed on through XCom."""
        return self._dag_run.get_task_instance(task_id).xcom_pull(
            task_ids=task_id
        )


@pytest.fixture(scope="session")
def leads_file() -> bytes:
    """The real leads where they are at hand, else synthetic ones."""
    path = Path(
        os.environ.get(
            "LEADS_CSV", ROOT.parent / "shared" / "data" / "Leads.csv"
        )
    )
    if path.is_file():
        return path.read_bytes()
    return synthetic_leads(9240, seed=0).to_csv(index=False).encode()


@pytest.fixture(scope="module")
def build_account() -> Callable[[], None] | None:
    """What a test file does to an empty account before anything else starts; None: the guide's account is seeded."""
    return None


@pytest.fixture(scope="session")
def seeded_platform(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """The services on the guide's account, started once for all files that do not build an account of their own."""
    with seeded(tmp_path_factory.mktemp("platform")) as platform:
        yield platform


@pytest.fixture(scope="module")
def platform(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    build_account: Callable[[], None] | None,
) -> Iterator[Platform]:
    """The whole platform, which this process calls for as long as the file's tests last."""
    if build_account is None:
        seeded: Platform = request.getfixturevalue("seeded_platform")
        with environment_of(seeded.ports):
            yield seeded
            denials, _ = compare(read_calls(seeded.calls), names_on_local_aws())
            assert denials == [], (
                "the policies in infra/templates refuse what these files' runs have done"
            )
        return
    folder, ports = tmp_path_factory.mktemp("platform"), _free_ports()
    with (
        running(ports.aws_port, folder / "aws", seeded=False),
        environment_of(ports),
    ):
        build_account()
        with started(ports, folder):
            yield Platform(ports, folder / "aws" / CALLS)


@contextmanager
def seeded(folder: Path) -> Iterator[Platform]:
    """Start the services on the guide's account; `environment_of` points this process at them."""
    ports = _free_ports()
    with running(ports.aws_port, folder / "aws"), ExitStack() as ends_later:
        with environment_of(ports):
            ends_later.enter_context(started(ports, folder))
        yield Platform(ports, folder / "aws" / CALLS)


@contextmanager
def environment_of(ports: Ports) -> Iterator[None]:
    """Point this process, and what it starts, at the services; Airflow here asks them often."""
    airflows_own = {name for name in os.environ if name.startswith("AIRFLOW")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local_environment(ports, settings()).items():
            if (
                name not in airflows_own
            ):  # Airflow reads its own when it is imported; tests/conftest.py has set them
                patch.setenv(name, value)
        settings.cache_clear()
        share_between_tasks(patch)
        _ask_often(patch)
        yield
    settings.cache_clear()


@contextmanager
def started(ports: Ports, folder: Path) -> Iterator[None]:
    """Start MLflow and the alert inbox in the present environment, wait until both are healthy, and end them."""
    processes = [
        _start(command, folder) for command in _commands(ports, folder)
    ]
    try:
        for part in services(ports):
            if part.name in ("mlflow", "inbox"):
                _wait(part.healthy, part.title)
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait(timeout=30)


def _ask_often(patch: pytest.MonkeyPatch) -> None:
    """Operators ask AWS every 2 to 5 seconds whether a job or a statement is done; local AWS mostly is at once."""
    import botocore.waiter
    from airflow.providers.amazon.aws.hooks import glue, redshift_data

    impatient = SimpleNamespace(
        sleep=lambda seconds: time.sleep(min(seconds, 0.2))
    )
    for module in (botocore.waiter, glue, redshift_data):
        patch.setattr(module, "time", impatient)


def _commands(ports: Ports, folder: Path) -> list[list[str]]:
    mlflow = [
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(ports.mlflow_port),
        "--workers",
        "1",
    ]
    mlflow += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--serve-artifacts",
    ]
    mlflow += ["--artifacts-destination", os.environ["ARTIFACTS_URI"]]
    return [mlflow, ["demo.inbox"]]


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{command[0]}.log").open("w") as log:
        own = {**os.environ, "AWS_ACCESS_KEY_ID": MLFLOW_ROLE}
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=own,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _wait(healthy: Callable[[], bool], title: str) -> None:
    give_up = time.monotonic() + DEADLINE
    while not healthy():
        assert time.monotonic() < give_up, (
            f"{title} is not healthy after {DEADLINE} s"
        )
        time.sleep(
            1
        )  # asking costs httpx a TLS context each time, which the starting service could use


def _free_ports() -> Ports:
    return Ports(**{name: _free_port() for name in Ports.model_fields})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
