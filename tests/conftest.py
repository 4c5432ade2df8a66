"""One Airflow home and one metadata database for the whole session, set before anything imports Airflow."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Points Airflow at this checkout and at a home of this (worker) process."""
    home = Path(tempfile.mkdtemp(prefix="airflow-home-"))
    options = {
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__UNIT_TEST_MODE": "False",
        "CORE__FERNET_KEY": "",  # workers share one database's beginning
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
    }
    os.environ["AIRFLOW_HOME"] = str(home)
    os.environ.update(
        {f"AIRFLOW__{name}": value for name, value in options.items()}
    )
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def once_for_all_workers(
    tmp_path_factory: pytest.TempPathFactory, testrun_uid: str
) -> Callable[[str, Callable[[Path], None]], Path]:
    """Let the first worker that asks make a file, and give it to all: `once_for_all_workers(name, make)`."""
    folder = tmp_path_factory.getbasetemp().parent / f"shared-{testrun_uid}"
    folder.mkdir(exist_ok=True)

    def path_of(name: str, make: Callable[[Path], None]) -> Path:
        path = folder / name
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                unfinished = folder / f"{name}.unfinished"
                make(unfinished)
                unfinished.rename(path)
        return path

    return path_of


@pytest.fixture(scope="session")
def airflow_db(
    once_for_all_workers: Callable[[str, Callable[[Path], None]], Path],
) -> None:
    """Airflow's metadata database, migrated; only tests that run DAGs need it."""
    migrated = once_for_all_workers("airflow.db", _migrate)
    shutil.copy(migrated, Path(os.environ["AIRFLOW_HOME"]) / "airflow.db")


def _migrate(path: Path) -> None:
    address = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{path}"}
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=os.environ | address,
        check=True,
        capture_output=True,
    )


@pytest.fixture(autouse=True, scope="module")
def search_path() -> Iterator[None]:
    """Puts the search path back, in which MLflow leaves the code of each model that a test has loaded by it."""
    path = list(sys.path)
    yield
    sys.path[:] = path


@pytest.fixture(scope="session")
def register_challenger() -> Callable[..., tuple[str, str]]:
    """Leaves behind what a training does, without its plots: `register_challenger(run_id, leads, held_out)`.

    The leads become the run's snapshot in the settings' lake; a logistic regression fitted on them becomes the contact
    stage's challenger. Returns the snapshot's URI and the version.
    """
    return _register_challenger


LOGGED: dict[tuple[str, str, str], tuple[str, str, str, str]] = {}
"""Server, contract and leads to the model that was fitted on them: URI, run, id and digest. Logging takes seconds."""


def digest_of(leads: Any) -> str:
    """Return the same text for frames with the same cells, columns and index."""
    import pandas as pd

    rows = pd.util.hash_pandas_object(leads.astype(str)).to_numpy()
    return sha256(rows.tobytes() + str(list(leads)).encode()).hexdigest()


def _register_challenger(
    run_id: str, leads: Any, held_out: Any = "drawn"
) -> tuple[str, str]:
    import mlflow

    from include.contract import KnownAt, load_contract
    from include.decisions import Decisions
    from include.features.calibration import Calibration, Decision
    from include.lake.frames import write_parquet
    from include.lake.layout import Layout
    from include.registry.model_files import logged_digest
    from include.registry.packaging import log_pipeline
    from include.registry.registry import CHALLENGER, register
    from include.registry.tracking import connect
    from include.registry.versions import DIGEST_TAG
    from include.settings import settings
    from include.training.data.dataset import load_dataset
    from include.training.data.snapshot import write_manifest
    from include.training.data.splits import HELD_OUT_TAG
    from include.training.pipeline import build_pipeline, deployable

    contract = load_contract(settings().contract)
    client, uri, model = (
        connect(settings().mlflow.tracking_uri),
        Layout(settings(), contract).snapshot(run_id),
        contract.model_name(),
    )
    write_parquet(leads, f"{uri}0000_part_00.parquet")
    write_manifest(settings(), contract, run_id, "UNLOAD …")
    data = load_dataset(uri, contract, KnownAt.CONTACT, held_out)
    rows_and_sides = f"{digest_of(leads)} {held_out}"
    key = (client.tracking_uri, contract.contract, rows_and_sides)
    if key not in LOGGED:
        rows, outcome = data.part("train", "validation")
        fitted = build_pipeline(
            Decisions(), contract, "logistic_regression", KnownAt.CONTACT
        ).fit(rows, outcome)
        mlflow.set_experiment(contract.names.experiment)
        with mlflow.start_run() as run:
            logged = log_pipeline(
                deployable(fitted, Calibration(), Decision("f1", 0.5, ())), rows
            )
        LOGGED[key] = (
            logged.model_uri,
            run.info.run_id,
            logged.model_id,
            logged_digest(logged.model_uri),
        )
    model_uri, model_run, model_id, digest = LOGGED[key]
    tags = {
        "threshold": "0.5",
        "snapshot_uri": uri,
        HELD_OUT_TAG: held_out,
        DIGEST_TAG: digest,
    }
    made = register(client, model, model_uri, model_run, tags, model_id)
    client.set_registered_model_alias(model, CHALLENGER, made.version)
    return uri, str(made.version)
