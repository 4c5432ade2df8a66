"""Scores by both ways and the endpoint, as their DAGs run on a whole platform."""

from collections.abc import Iterator
from typing import Any

import mlflow
import pandas as pd
import pytest

from demo.leads.synthetic import synthetic_leads
from include.contract import KnownAt
from include.decisions import Decisions
from include.endpoint import deployment
from include.features.calibration import Calibration, Decision
from include.lake.objects import write_bytes
from include.registry.ledger import ChampionLedger
from include.registry.packaging import log_pipeline
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.settings import settings
from include.training.pipeline import build_pipeline, deployable

OPEN = 300


@pytest.fixture(scope="module")
def ready(platform: Any, airflow_db: None) -> Iterator[Any]:
    """A platform with leads, some of them open."""
    contract = platform.contract
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lifecycle.endpoint.POKE_SECONDS", 2)
        leads = synthetic_leads(1000, seed=3)
        leads.loc[: OPEN - 1, contract.column(contract.label).name] = ""
        folder = f"{platform.layout.raw}serving/"
        write_bytes(f"{folder}leads.csv", leads.to_csv(index=False).encode())
        assert platform.run("bootstrap_platform").state == "success"
        assert (
            platform.run("ingest_leads", {"prefix": folder}).state == "success"
        )
        yield platform
    settings.cache_clear()


@pytest.fixture(scope="module")
def versions(ready: Any) -> list[str]:
    """Two versions of the contact stage's model, with reasons and tiers; the first one is the champion."""
    numbers = register_two(ready.contract)
    promote(
        connect(settings().mlflow.tracking_uri),
        ready.contract.model_name(),
        numbers[0],
        ledger=ChampionLedger.of(settings(), ready.contract),
    )
    return numbers


def register_two(contract: Any) -> list[str]:
    client, rows = (
        connect(settings().mlflow.tracking_uri),
        training_rows(contract),
    )
    outcome, decision = (
        rows[contract.label].astype(int),
        Decision("f1", 0.4, (("A", 80), ("B", 40), ("D", 0))),
    )
    mlflow.set_experiment(contract.names.experiment)
    numbers = []
    for family in ("logistic_regression", "decision_tree"):
        fitted = build_pipeline(
            Decisions(), contract, family, KnownAt.CONTACT
        ).fit(rows, outcome)
        with mlflow.start_run() as run:
            logged = log_pipeline(
                deployable(fitted, Calibration(), decision), rows
            )
        version = register(
            client,
            contract.model_name(),
            logged.model_uri,
            run.info.run_id,
            {},
            logged.model_id,
        )
        numbers.append(str(version.version))
    return numbers


def training_rows(contract: Any) -> pd.DataFrame:
    frame = synthetic_leads(1500, seed=0).rename(
        columns={column.name: column.field for column in contract.columns}
    )
    frame = frame.astype(object).mask(frame.isin(contract.null_tokens), None)
    numbers = [column.field for column in contract.columns if column.numeric]
    return frame.assign(**frame[numbers].apply(pd.to_numeric))


def scores_of(platform: Any, run: Any) -> dict[str, tuple[Any, ...]]:
    """Everything but run and moment, by key."""
    names, key = platform.contract.names, platform.contract.key
    columns = f"{key}, score, probability, prediction, tier, reasons, stage, model_version"
    rows = platform.query(
        f"SELECT {columns} FROM public.{names.scores_table} WHERE run_id = '{run.key}'"
    )
    return {row.pop(key): tuple(row.values()) for row in rows}


def test_both_ways_of_scoring_leave_the_same_rows(
    ready: Any, versions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = ready.run("score_leads")
    assert (
        alone.state,
        alone.states["score"],
        alone.states["score_with_spark"],
    ) == ("success", "success", "skipped")
    monkeypatch.setenv("LEADS_SPARK_SCORING_THRESHOLD", str(OPEN - 1))
    settings.cache_clear()
    spark = ready.run("score_leads")
    settings.cache_clear()
    assert (
        spark.state,
        spark.states["score"],
        spark.states["score_with_spark"],
    ) == ("success", "skipped", "success")
    assert len(scores_of(ready, alone)) == OPEN
    assert scores_of(ready, spark) == scores_of(ready, alone)
    current = ready.query(
        f"SELECT run_id FROM public.{ready.contract.names.scores_table}_current"
    )
    assert [row["run_id"] for row in current] == [spark.key] * OPEN


def test_the_champion_is_deployed_once_replaced_and_taken_back_when_the_check_fails(
    ready: Any, versions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ready.run("deploy_endpoint")
    assert first.state == "success"
    served = deployment.present(settings())
    assert served == {
        "config": first.returned("plan_deployment")["name"],
        "status": "InService",
    }

    again = ready.run("deploy_endpoint")
    assert (
        again.state,
        again.states["plan_deployment"],
        again.states["deploy"],
    ) == ("success", "skipped", "skipped")

    promote(
        connect(settings().mlflow.tracking_uri),
        ready.contract.model_name(),
        versions[1],
        ledger=ChampionLedger.of(settings(), ready.contract),
    )
    monkeypatch.setattr(
        deployment,
        "_versions_by_model",
        lambda contract, versions: {"another": "model"},
    )
    failed = ready.run("deploy_endpoint")
    assert (
        failed.state,
        failed.states["verify"],
        failed.states["roll_back"],
    ) == ("failed", "failed", "success")
    assert failed.states["wait_until_rolled_back"] == "success"
    assert deployment.present(settings()) == served
    monkeypatch.undo()

    second = ready.run("deploy_endpoint")
    assert second.state == "success"
    assert second.returned("verify")["versions"] == f"contact-{versions[1]}"
    titles = {alert["subject"] for alert in ready.alerts()}
    assert any(
        "goes back to what it served before" in title for title in titles
    )
    deployment.roll_back(settings(), None)
