"""What `astro dev parse` runs in its image, and `make test` here: DAG files import, DAGs keep the conventions.

The Astro CLI looks for this file by its name. A file listed in dag_integrity_exceptions.txt is let pass.
"""

import os
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
OWNER, PROJECT_TAG, MOST_RETRIES = "mlops", "lead-conversion", 3

# Airflow reads these once, when it is first imported; the image and tests/conftest.py have set them already.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
os.environ.setdefault("AIRFLOW__CORE__DAGS_FOLDER", str(PROJECT / "dags"))
os.environ.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(PROJECT / "plugins"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")


def exceptions(text: str) -> set[str]:
    """Paths in the exceptions file, comments and empty lines left out."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {line for line in lines if line}


EXEMPT = exceptions(
    (HERE / "dag_integrity_exceptions.txt").read_text(encoding="utf-8")
)
FILES = [
    path
    for path in sorted((PROJECT / "dags").glob("*.py"))
    if f"dags/{path.name}" not in EXEMPT
]
WITHOUT_DAG = ("contracts.py",)
"""Checks the contracts; what is wrong with one is its import error."""


@pytest.fixture(scope="module")
def bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(PROJECT / "dags")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"dags/{file.name}")
def test_a_dag_file_imports_and_defines_a_dag(bag, file):
    assert {
        path: error
        for path, error in bag.import_errors.items()
        if Path(path).name == file.name
    } == {}
    dag_ids = [
        dag_id
        for dag_id, dag in bag.dags.items()
        if Path(dag.fileloc).name == file.name
    ]
    assert dag_ids or file.name in WITHOUT_DAG, "no DAG in this file"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"dags/{file.name}")
def test_a_dag_is_owned_tagged_and_retried_as_all_are(bag, file):
    for dag in (
        dag for dag in bag.dags.values() if Path(dag.fileloc).name == file.name
    ):
        assert {task.owner for task in dag.tasks} == {OWNER}, dag.dag_id
        assert PROJECT_TAG in dag.tags, (
            f"{dag.dag_id} lacks the tag {PROJECT_TAG}"
        )
        assert len(dag.tags) > 1, f"{dag.dag_id} has no tag of its own"
        over = {
            task.task_id: task.retries
            for task in dag.tasks
            if not 0 <= task.retries <= MOST_RETRIES
        }
        assert over == {}, f"{dag.dag_id}: retries beyond {MOST_RETRIES}"


def test_an_exception_is_a_path_and_comments_are_none():
    assert exceptions("# none\n\ndags/old.py  # until it is gone\n") == {
        "dags/old.py"
    }


def test_every_exception_names_a_file_that_is_there():
    assert [path for path in EXEMPT if not (PROJECT / path).is_file()] == []
