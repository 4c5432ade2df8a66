"""A real registry with a champion for each stage, for the benchmarks of serving."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import joblib
import mlflow
import pandas as pd
from sklearn.pipeline import Pipeline

from include.contract import Contract
from include.features.calibration import Decision
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.serving.stages import STAGES
from include.settings import settings
from include.training.dataset import make_dataset
from include.training.fit import refit
from include.training.packaging import log_pipeline
from include.training.recipe import Recipe
from include.training.thresholds import TIERS

READY = (httpx.codes.OK, httpx.codes.NOT_FOUND)
"""A plain app has no address for health, but says that it does not know it."""


@contextmanager
def running(command: Sequence[str], health: str, log: Path, **variables: str) -> Iterator[None]:
    """A process that has answered at the address `health`; it is ended in the end."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow calls uvicorn by its name
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603 - the benchmarks' own commands
            [sys.executable, *command], stdout=output, stderr=output, env={**os.environ, "PATH": path, **variables}
        )
        try:
            _wait(health, process, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def registry(folder: Path) -> Iterator[None]:
    """An MLflow server over an empty folder, which is the settings' registry for as long as it runs."""
    port, artifacts = free_port(), folder / "artifacts"
    command = ["-m", "mlflow", "server", "--port", str(port), "--workers", "1", "--serve-artifacts"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(artifacts)]
    address = f"http://127.0.0.1:{port}"
    with running(command, f"{address}/health", folder / "mlflow.log", MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false"):
        os.environ["MLFLOW_TRACKING_URI"] = address
        settings.cache_clear()
        yield


def crown(leads: pd.DataFrame, contract: Contract, family: str, folder: Path) -> Mapping[str, Pipeline]:
    """Fits a model per stage and makes it champion; returns the pipelines, which are also saved as <stage>.joblib."""
    client, made = connect(), {}
    mlflow.set_experiment(contract.names.experiment)
    for stage in STAGES:
        data, recipe = make_dataset(leads, contract, stage, {}), Recipe(family, {}, "none", Decision("f1", 0.5, TIERS))
        made[str(stage)] = refit(recipe, data, data.split != "holdout", contract, stage)
        with mlflow.start_run() as run:
            logged = log_pipeline(made[str(stage)], leads)
        model = contract.model_name(stage)
        version = register(client, model, logged.model_uri, run.info.run_id, {"threshold": "0.5"}, logged.model_id)
        promote(model, str(version.version))
        joblib.dump(made[str(stage)], folder / f"{stage}.joblib")
    return made


def _wait(health: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(health, timeout=2).status_code in READY:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise RuntimeError(f"{health} does not answer:\n{log.read_text()[-2000:]}")
