"""What a bad delivery does to a real ingestion run: it stops with the reason, and the warehouse stays as it was."""

from typing import Any

import pytest

from include.contract import Contract
from include.lake.objects import read_json, write_bytes
from include.settings import settings
from include.warehouse.templates import render


@pytest.fixture(scope="module", autouse=True)
def bootstrapped(platform: Any, airflow_db: None) -> None:
    assert platform.run("bootstrap_platform").state == "success"


def row(contract: Contract, **changes: str) -> dict[str, str]:
    """A lead by business header: numbers 1, yes/no No, first level of every category."""
    plain = {"integer": "1", "number": "1", "yes_no": "No", "string": "x"}
    cells = {
        column.field: plain.get(column.type) or (*column.allowed, *column.order, "x")[0] for column in contract.columns
    }
    return {contract.column(field).name: cell for field, cell in (cells | changes).items()}


def csv_of(rows: list[dict[str, str]]) -> bytes:
    lines = [",".join(f'"{name}"' for name in rows[0]), *(",".join(f'"{cell}"' for cell in r.values()) for r in rows)]
    return ("\n".join(lines) + "\n").encode()


def deliver(platform: Any, name: str, content: bytes) -> str:
    folder = f"{platform.layout.raw}{name}/"
    write_bytes(f"{folder}leads.csv", content)
    return folder


def leads(platform: Any) -> int:
    return int(platform.query(f"SELECT COUNT(*) AS n FROM public.{platform.contract.names.table}")[0]["n"])


def test_a_missing_column_stops_at_the_gate_which_names_it_and_nothing_is_lost(
    platform: Any,
) -> None:
    before, contract = leads(platform), platform.contract
    missing = contract.columns[7].name
    lead = row(contract, **{contract.key: "missing-column"})
    del lead[missing]
    run = platform.run("ingest_leads", {"prefix": deliver(platform, "missing-column", csv_of([lead]))})
    assert run.states["quality_gate"] == "failed"
    assert run.states["merge_leads"] == "upstream_failed"
    assert leads(platform) == before
    metrics = read_json(platform.layout.load_metrics(run.key))
    assert metrics["missing_columns"] == [missing]
    assert metrics["quarantined_rows"] == metrics["input_rows"] == 1


def test_no_file_at_all_ends_the_sensor_which_says_where_it_looked(platform: Any) -> None:
    folder = f"{platform.layout.raw}nowhere/"
    run = platform.run("ingest_leads", {"prefix": folder, "sensor_timeout": 1})
    assert run.state == "failed"
    assert run.states["wait_for_files"] == "failed"
    told = [alert["text"] for alert in platform.alerts() if "failed" in alert["subject"]]
    assert [text for text in told if f"{folder}*.csv" in text], told


def test_an_object_deleted_between_crawl_and_job_fails_the_job_and_loads_nothing(platform: Any) -> None:
    before = leads(platform)
    run = platform.run(
        "ingest_leads", {"prefix": f"{platform.layout.raw}deleted/"}, mark_success_pattern="wait_for_files|crawl"
    )
    assert run.states["type_and_quarantine"] == "failed"
    assert run.states["copy_into_staging"] == "upstream_failed"
    assert leads(platform) == before


def test_a_failing_redshift_statement_fails_the_run_and_leaves_the_leads_alone(platform: Any) -> None:
    contract = platform.contract
    good = deliver(platform, "good", csv_of([row(contract, **{contract.key: "good"})]))
    assert platform.run("ingest_leads", {"prefix": good}).state == "success"
    before = leads(platform)
    platform.query(f"DROP TABLE public.{contract.names.table}_staging")
    late = deliver(platform, "late", csv_of([row(contract, **{contract.key: "late"})]))
    run = platform.run("ingest_leads", {"prefix": late})
    platform.query(render("create_staging"))
    assert run.states["copy_into_staging"] == "failed"
    assert run.states["merge_leads"] == "upstream_failed"
    assert leads(platform) == before
    assert platform.run("ingest_leads", {"prefix": late}).state == "success"
    assert leads(platform) == before + 1


def test_mlflow_down_while_training_fails_with_its_address(
    platform: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lead = row(platform.contract, **{platform.contract.key: "for a snapshot", platform.contract.label: "1"})
    assert platform.run("ingest_leads", {"prefix": deliver(platform, "snapshot", csv_of([lead]))}).state == "success"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:9")
    settings.cache_clear()
    run = platform.run("train_models")
    settings.cache_clear()
    assert run.states["train.start_training"] == "failed"
    assert "MLflow does not answer at http://localhost:9" in capfd.readouterr().out
