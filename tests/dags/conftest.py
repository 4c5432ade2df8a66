"""The DAGs as the DAG processor sees them, loaded once."""

from pathlib import Path

import pytest

DAGS = Path(__file__).resolve().parents[2] / "dags"


@pytest.fixture(scope="session")
def dag_files() -> list[Path]:
    return sorted(DAGS.glob("*.py"))


@pytest.fixture(scope="session")
def dag_bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS)


@pytest.fixture(scope="session")
def dags(dag_bag):
    return dag_bag.dags


@pytest.fixture(scope="session")
def tasks(dags):
    return [task for dag in dags.values() for task in dag.tasks]
