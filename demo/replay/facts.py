"""What happened to one batch, read from where a user would read it: warehouse, tasks' results, registry, inbox."""

from dataclasses import dataclass
from typing import Any

import httpx

from demo.replay.airflow import Airflow, Run
from include.contract import Contract
from include.settings import Settings
from include.warehouse.client import Warehouse

BRANCHES = ("retrain", "no_action", "data_outage")


@dataclass(frozen=True)
class Facts:
    """One line of the closing table. Metrics are on the untouched holdout; None where there was no comparison."""

    batch: str
    arrived: int
    rows: int
    verdict: str
    drifted_share: float
    branch: str
    challenger: dict[str, float] | None
    champion: dict[str, float] | None
    decision: str
    reasons: tuple[str, ...]
    champion_version: str
    alerts: tuple[str, ...]
    seconds: float


def read_facts(
    airflow: Airflow,
    master: Run,
    batch: str,
    arrived: int,
    table_rows: int,
    alerts: list[dict[str, Any]],
    seconds: float,
) -> Facts:
    """The facts of a finished master run, `alerts` being those that came while the batch was processed."""
    analysis = airflow.returned(master, "analyse_drift") or {}
    compared = airflow.returned(master, "champion_challenger") or []
    gate = compared[0] if compared else {}
    metrics = gate.get("metrics") or {}
    done = {task["task_id"] for task in airflow.tasks(master) if task["state"] == "success"}
    return Facts(
        batch=batch,
        arrived=arrived,
        rows=table_rows,
        verdict=str(analysis.get("verdict", "")),
        drifted_share=float(analysis.get("drifted_share") or 0),
        branch=branch_taken(done),
        challenger=metrics.get("challenger"),
        champion=metrics.get("champion"),
        decision="promote" if "promote" in done else str(gate.get("verdict", "")),
        reasons=tuple(gate.get("reasons") or ()),
        champion_version=_champion_after(gate, done),
        alerts=tuple(f"{alert['channel']}: {alert['subject']}" for alert in alerts),
        seconds=seconds,
    )


def branch_taken(succeeded: set[str]) -> str:
    """Which of the master's three branches has tasks that succeeded (`retrain` is a task group)."""
    return next((name for name in BRANCHES if any(task.split(".")[0] == name for task in succeeded)), "none")


def _champion_after(gate: dict[str, Any], succeeded: set[str]) -> str:
    version = gate.get("version") if "promote" in succeeded else gate.get("champion_version")
    return str(version or "")


def table_rows(settings: Settings, contract: Contract) -> int:
    """How many leads the warehouse holds, asked through the Redshift Data API."""
    table = f"{settings.redshift.schema_name}.{contract.names.table}"
    return int(Warehouse(settings).query(f"SELECT COUNT(*) AS leads FROM {table}")[0]["leads"])  # noqa: S608


def alerts_so_far(inbox: str) -> list[dict[str, Any]]:
    """Every alert that the inbox has received, oldest first."""
    return list(httpx.get(f"{inbox}/api/alerts", timeout=10).raise_for_status().json())
