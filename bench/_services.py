"""Start what a load on the scoring API needs: an MLflow server that can go away and come back, champions, the API."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import pandas as pd
import psutil
import requests
import tenacity

from demo.leads.synthetic import synthetic_leads
from include.contract import KnownAt, decisions_of, load_contract
from include.features.calibration import Calibration, Decision
from include.registry.packaging import log_pipeline
from include.registry.registry import register
from include.registry.tracking import connect
from include.settings import settings
from include.training.pipeline import build_pipeline, deployable
from localaws.server import running

DECISION = Decision("f1", 0.4, (("A", 70), ("B", 40), ("C", 20), ("D", 0)))
PATIENCE = 120
"""Seconds until a server has to be healthy."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """Run a server that is started, waited for and ended; `start` again starts it with the same data."""

    command: list[str]
    health: str
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is healthy."""
        with self.log.open("a") as log:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command,
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
            )
        self._running = process
        wait = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda settled: not settled),
            stop=tenacity.stop_after_delay(PATIENCE),
            wait=tenacity.wait_fixed(0.2),
            retry_error_callback=lambda state: None,
        )
        wait(lambda: self.healthy() or process.poll() is not None)
        if not self.healthy():
            raise SystemExit(
                f"{self.command[2]} did not start:\n{self.log.read_text()[-2000:]}"
            )

    def healthy(self) -> bool:
        """Return whether it answers its health address."""
        try:
            return requests.get(self.health, timeout=2).ok
        except requests.exceptions.RequestException:
            return False

    def stop(self) -> None:
        """Kill it and everything it has started."""
        if self._running is None:
            return
        for process in self._all():
            process.kill()
        self._running.wait(timeout=30)
        self._running = None

    def memory_mb(self) -> float:
        """Return the resident memory of the process and of what it has started."""
        sizes = [process.memory_info().rss for process in self._all()]
        return sum(sizes) / 2**20

    def processor_seconds(self) -> float:
        """Return the seconds that processors have worked for the process and for what it has started."""
        times = [process.cpu_times() for process in self._all()]
        return sum(each.user + each.system for each in times)

    def _all(self) -> list[psutil.Process]:
        if self._running is None:
            return []
        first = psutil.Process(self._running.pid)
        return [*first.children(recursive=True), first]


@contextmanager
def lake(folder: Path) -> Iterator[None]:
    """Run a local AWS, where the API looks for the ledger of champions: it has none, so that the alias counts."""
    with running(data_dir=folder / "aws") as endpoint:
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": settings().region,
        }
        yield


def registry(folder: Path) -> Process:
    """Return an MLflow server whose data stay in `folder`; the settings point at it from now on."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--serve-artifacts",
    ]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
    settings.cache_clear()
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return Process(
        command, f"http://127.0.0.1:{port}/health", folder / "mlflow.log", quiet
    )


def api(folder: Path) -> tuple[Process, int]:
    """Return the scoring API on the settings' registry, and its port; neither keys nor rates limit it."""
    port = free_port()
    command = [sys.executable, "-m", "include.api", "--port", str(port)]
    environment = {
        "LEADS_API_AUTH": "off",
        "LEADS_API_REQUESTS_PER_SECOND": "0",
        "OMP_NUM_THREADS": "1",
    }
    process = Process(
        command,
        f"http://127.0.0.1:{port}/readyz",
        folder / "api.log",
        environment,
    )
    return process, port


def leads(rows: int, seed: int) -> pd.DataFrame:
    """Return synthetic leads as contract fields."""
    contract = load_contract(settings().contract)
    frame = synthetic_leads(rows, seed).rename(
        columns={column.name: column.field for column in contract.columns}
    )
    frame = frame.astype(object).mask(frame.isin(contract.null_tokens), None)
    numbers = [column.field for column in contract.columns if column.numeric]
    return frame.assign(**frame[numbers].apply(pd.to_numeric))


def register_versions(
    family: str, rows: int, count: int, say: Callable[[str], None]
) -> list[str]:
    """Register `count` versions of the contact stage's model, each trained on other leads; promote none."""
    contract = load_contract(settings().contract)
    client = connect(settings().mlflow.tracking_uri)
    mlflow.set_experiment(contract.names.experiment)
    model = contract.model_name(KnownAt.CONTACT)
    versions = []
    for seed in range(count):
        frame = leads(rows, seed)
        pipeline = build_pipeline(
            decisions_of(settings(), contract),
            contract,
            family,
            KnownAt.CONTACT,
        )
        fitted = pipeline.fit(frame, frame[contract.label].astype(int))
        with mlflow.start_run() as run:
            logged = log_pipeline(
                deployable(fitted, Calibration(), DECISION), frame
            )
        registered = register(
            client,
            model,
            logged.model_uri,
            run.info.run_id,
            {},
            logged.model_id,
        )
        versions.append(str(registered.version))
        say(f"registered version {registered.version} of {model}")
    return versions
