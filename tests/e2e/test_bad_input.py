"""What a bad delivery does to a real ingestion run: it stops with the reason, and the warehouse stays as it was."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from demo.leads.synthetic import synthetic_leads
from include.contract import Contract
from include.contract.derived.ddl import staging_columns
from include.lake.frames import write_parquet
from include.lake.objects import read_json, write_bytes
from include.registry.ledger import ChampionLedger
from include.registry.registry import champion, promote, register
from include.registry.tracking import connect
from include.settings import settings
from include.training.data.snapshot import write_manifest
from include.warehouse.client import Warehouse


@pytest.fixture(scope="module", autouse=True)
def bootstrapped(platform: Any, airflow_db: None) -> None:
    assert platform.run("bootstrap_platform").state == "success"


def row(contract: Contract, **changes: str) -> dict[str, str]:
    """A lead by business header: numbers 1, yes/no No, first level of every category."""
    plain = {"integer": "1", "number": "1", "yes_no": "No", "string": "x"}
    cells = {
        column.field: plain.get(column.type)
        or (*column.allowed, *column.order, "x")[0]
        for column in contract.columns
    }
    return {
        contract.column(field).name: cell
        for field, cell in (cells | changes).items()
    }


def csv_of(rows: list[dict[str, str]]) -> bytes:
    lines = [
        ",".join(f'"{name}"' for name in rows[0]),
        *(",".join(f'"{cell}"' for cell in r.values()) for r in rows),
    ]
    return ("\n".join(lines) + "\n").encode()


def deliver(platform: Any, name: str, content: bytes) -> str:
    folder = f"{platform.layout.raw}{name}/"
    write_bytes(f"{folder}leads.csv", content)
    return folder


def leads(platform: Any) -> int:
    return int(
        platform.query(
            f"SELECT COUNT(*) AS n FROM public.{platform.contract.names.table}"
        )[0]["n"]
    )


def test_a_missing_column_stops_at_the_gate_which_names_it_and_nothing_is_lost(
    platform: Any,
) -> None:
    before, contract = leads(platform), platform.contract
    missing = contract.columns[7].name
    lead = row(contract, **{contract.key: "missing-column"})
    del lead[missing]
    run = platform.run(
        "ingest_leads",
        {"prefix": deliver(platform, "missing-column", csv_of([lead]))},
    )
    assert run.states["quality_gate"] == "failed"
    assert run.states["merge_leads"] == "upstream_failed"
    assert leads(platform) == before
    metrics = read_json(platform.layout.load_metrics(run.key))
    assert metrics["missing_columns"] == [missing]
    assert metrics["quarantined_rows"] == metrics["input_rows"] == 1


def test_no_file_at_all_ends_the_sensor_which_says_where_it_looked(
    platform: Any,
) -> None:
    folder = f"{platform.layout.raw}nowhere/"
    run = platform.run("ingest_leads", {"prefix": folder, "sensor_timeout": 1})
    assert run.state == "failed"
    assert run.states["wait_for_files"] == "failed"
    told = [
        alert["text"]
        for alert in platform.alerts()
        if "failed" in alert["subject"]
    ]
    assert [text for text in told if f"{folder}*.csv" in text], told


def test_an_object_deleted_between_crawl_and_job_fails_the_job_and_loads_nothing(
    platform: Any,
) -> None:
    before = leads(platform)
    run = platform.run(
        "ingest_leads",
        {"prefix": f"{platform.layout.raw}deleted/"},
        mark_success_pattern="wait_for_files|crawl",
    )
    assert run.states["type_and_quarantine"] == "failed"
    assert run.states["merge_leads"] == "upstream_failed"
    assert leads(platform) == before


def test_a_failing_redshift_statement_fails_the_run_and_leaves_the_leads_alone(
    platform: Any,
) -> None:
    contract = platform.contract
    arrive(platform, "before", 20)
    before = leads(platform)
    platform.query(f"DROP TABLE public.{contract.names.table}_staging")
    late = deliver(
        platform, "late", csv_of([row(contract, **{contract.key: "late"})])
    )
    run = platform.run("ingest_leads", {"prefix": late})
    platform.make("create_staging")
    assert run.states["merge_leads"] == "failed"
    assert leads(platform) == before
    assert platform.run("ingest_leads", {"prefix": late}).state == "success"
    assert leads(platform) == before + 1


def test_mlflow_down_while_training_fails_with_its_address(
    platform: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    arrive(platform, "for a snapshot", 20)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:9")
    settings.cache_clear()
    run = platform.run("train_models")
    settings.cache_clear()
    assert run.states["train.start_training"] == "failed"
    assert (
        "MLflow does not answer at http://localhost:9" in capfd.readouterr().out
    )


@pytest.mark.parametrize(
    ("snapshot", "error"),
    [("kept", "ChampionUnreadableError"), ("deleted", "ReferenceMissingError")],
)
def test_a_champion_that_cannot_be_compared_is_reported_and_stays(
    platform: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    snapshot: str,
    error: str,
) -> None:
    monkeypatch.setenv("LEADS_MIN_DRIFT_ROWS", "20")
    settings.cache_clear()
    version = crown_without_artefact(platform, snapshot)
    arrive(platform, snapshot, 40)
    run = platform.run("monitor_drift")
    settings.cache_clear()
    assert run.states["analyse_drift"] == "failed"
    assert f"{error}: champion" in capfd.readouterr().out
    told = [alert for alert in platform.alerts() if run.run_id in alert["text"]]
    assert {
        alert["channel"]
        for alert in told
        if "A task has failed" in alert["subject"]
    } == {"slack", "email"}
    serving = champion(
        connect(settings().mlflow.tracking_uri), platform.contract.model_name()
    )
    assert serving is not None
    assert serving.version == version


def crown_without_artefact(platform: Any, snapshot: str) -> str:
    """Makes a champion that MLflow has no files of; its training snapshot is there or not."""
    contract, uri = (
        platform.contract,
        platform.layout.snapshot(f"training-{snapshot}"),
    )
    if snapshot == "kept":
        write_parquet(
            as_fields(synthetic_leads(600), contract), f"{uri}part.parquet"
        )
        write_manifest(platform.settings, contract, f"training-{snapshot}", "")
    client = connect(settings().mlflow.tracking_uri)
    run = client.create_run(client.create_experiment(f"broken {snapshot}")).info
    tags = {"threshold": "0.5", "snapshot_uri": uri}
    found = register(
        client,
        contract.model_name(),
        f"{run.artifact_uri}/model",
        run.run_id,
        tags,
    )
    promote(
        connect(settings().mlflow.tracking_uri),
        contract.model_name(),
        str(found.version),
        ledger=ChampionLedger.of(settings(), contract),
    )
    return str(found.version)


def arrive(platform: Any, load: str, count: int) -> None:
    """Puts synthetic leads into the warehouse that have arrived just now, without a Spark job."""
    types = {
        "INTEGER": pa.int32(),
        "DOUBLE PRECISION": pa.float64(),
        "TIMESTAMP": pa.timestamp("us"),
    }
    columns = staging_columns(platform.contract)
    schema = pa.schema(
        [(name, types.get(kind, pa.string())) for name, kind in columns]
    )
    frame = as_fields(
        synthetic_leads(count, seed=len(load)), platform.contract
    ).assign(source_file=load, source_changed_at=pd.Timestamp.now("UTC"))
    write_parquet(frame, f"{platform.layout.load(load)}part.parquet", schema)
    steps = (
        ("clear_staging", {}),
        ("copy_load", {"load_id": load}),
        ("merge_leads", {"ingested_at": datetime.now(UTC)}),
    )
    Warehouse(platform.settings).transaction(
        [platform.statements.render(name, **context) for name, context in steps]
    )


def as_fields(leads: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Text cells as the warehouse's types."""
    frame = leads.rename(
        columns={column.name: column.field for column in contract.columns}
    )[list(contract.fields)]
    frame = frame.mask(frame.isin(contract.null_tokens), None)
    return frame.assign(
        **frame[
            [column.field for column in contract.columns if column.numeric]
        ].apply(pd.to_numeric)
    )
