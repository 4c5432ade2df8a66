"""The tests of this folder once more, as on Glue 5.0: Python 3.11, Spark 3.5.4, and the modules that it brings."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
GLUE = HERE / "glue-5.0.txt"
SPARK = HERE / "spark.txt"
TOOLS = HERE / "glue-tests.txt"
SCORING = ROOT / "include/glue/requirements.txt"
ALONE = ("-p", "tests.fixtures.examples", "--confcutdir", str(HERE))
"""This folder's fixtures and no others, which need the packages of the project."""


def run_tests(interpreter: Path, *arguments: str) -> str:
    command = [str(interpreter), "-m", "pytest", "-q", "-c", os.devnull]
    command += ["--rootdir", str(ROOT), "--import-mode", "importlib"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *ALONE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


@pytest.mark.slow
def test_the_ingestion_holds_with_what_glue_itself_brings(clean_environment):
    interpreter = clean_environment(GLUE, SPARK, TOOLS, python="3.11")
    # The zip of the code is made by Airflow, with MLflow, and not on Glue.
    elsewhere = [HERE / "test_score_leads.py", HERE / "test_code.py"]
    ignored = [*elsewhere, Path(__file__)]
    output = run_tests(
        interpreter, str(HERE), *(f"--ignore={path}" for path in ignored)
    )
    assert " passed" in output


@pytest.mark.slow
def test_the_scoring_job_holds_with_the_packages_that_it_installs(
    clean_environment,
):
    interpreter = clean_environment(SCORING, SPARK, TOOLS, python="3.11")
    output = run_tests(interpreter, str(HERE / "test_score_leads.py"))
    assert " passed" in output


def test_the_tests_run_on_glues_own_spark() -> None:
    pin = SPARK.read_text().splitlines()[-1]
    for lock in ("requirements-dev.txt", "demo/requirements.txt"):
        assert f"\n{pin} " in (ROOT / lock).read_text()
