"""One Airflow home and one metadata database for the whole session, set before anything imports Airflow."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

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
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
    }
    os.environ["AIRFLOW_HOME"] = str(home)
    os.environ.update({f"AIRFLOW__{name}": value for name, value in options.items()})
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Airflow's metadata database, migrated; only tests that run DAGs need it."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
