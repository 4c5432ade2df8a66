"""Read what happened to a batch where a user would read it: warehouse, tasks' results, registry, inbox."""

from dataclasses import dataclass
from typing import Any

import httpx

from demo.replay.airflow import Airflow, Run
from include.contract import Contract
from include.settings import Settings
from include.warehouse.client import Warehouse

BRANCHES = ("retrain", "no_action", "data_outage")
SUBJECT_PREFIX = "[lead-conversion] "
ALERT_NAMES = {
    "drift_detected": "data drift detected",
    "data_outage": "a data outage",
    "retraining_started": "retraining started",
    "model_registered": "a challenger registered",
    "approval_asked": "a question asked",
    "rollback_asked": "a question asked about a rollback",
    "model_deployed": "a new champion",
    "champion_kept": "the champion stays",
    "endpoint_deployed": "the endpoint deployed",
    "endpoint_rolled_back": "the endpoint rolled back",
    "task_failed": "a task failed",
}
"""Event of an alert (plugins/lead_ops/alerts/content.py) to its name among others on one line."""


@dataclass(frozen=True)
class Facts:
    """One line of the closing table. Metrics are on the untouched holdout; None where there was no comparison.

    `alerts` names each event that people were told of, once, however many channels told it. The comparison is that of
    the main outcome; `further` holds other outcomes that were compared, each with its champion's version afterwards.
    """

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
    further: tuple[tuple[str, str], ...] = ()


def read_facts(
    airflow: Airflow,
    master: Run,
    batch: str,
    arrived: int,
    table_rows: int,
    alerts: list[dict[str, Any]],
    seconds: float,
) -> Facts:
    """Return the facts of a finished master run; `alerts` are those that came while the batch was processed."""
    analysis = airflow.returned(master, "analyse_drift") or {}
    comparisons = airflow.returned(master, "champion_challenger") or []
    gates = _first_of_each_outcome(comparisons)
    gate = gates.pop("", {})
    metrics = gate.get("metrics") or {}
    succeeded = {
        task["task_id"]
        for task in airflow.tasks(master)
        if task["state"] == "success"
    }
    return Facts(
        batch=batch,
        arrived=arrived,
        rows=table_rows,
        verdict=str(analysis.get("verdict", "")),
        drifted_share=float(analysis.get("drifted_share") or 0),
        branch=branch_taken(succeeded),
        challenger=metrics.get("challenger"),
        champion=metrics.get("champion"),
        decision=str(gate.get("verdict", "")),
        reasons=tuple(gate.get("reasons") or ()),
        champion_version=_champion_after(gate, succeeded),
        alerts=alert_names(alerts),
        seconds=seconds,
        further=tuple(
            (outcome, _champion_after(comparison, succeeded))
            for outcome, comparison in gates.items()
        ),
    )


def alert_names(alerts: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the name of every event among the messages of the inbox, in their order.

    The Slack message and the mail of one event have the same key; a message without a key counts by its subject.
    """
    names = {}
    for alert in alerts:
        subject = str(alert["subject"]).removeprefix(SUBJECT_PREFIX)
        key = alert.get("key") or subject
        names[key] = ALERT_NAMES.get(str(alert.get("event")), subject)
    return tuple(names.values())


def branch_taken(succeeded: set[str]) -> str:
    """Return the one of the master's three branches that has tasks that succeeded (`retrain` is a task group)."""
    groups = {task_id.split(".")[0] for task_id in succeeded}
    for branch in BRANCHES:
        if branch in groups:
            return branch
    return "none"


def _first_of_each_outcome(
    comparisons: list[dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Return outcome to the first of its comparisons, "" for the main one."""
    first: dict[str, dict[str, Any]] = {}
    for comparison in comparisons:
        first.setdefault(comparison.get("outcome", ""), comparison)
    return first


def _champion_after(gate: dict[str, Any], succeeded: set[str]) -> str:
    promoted = "promote" in succeeded and gate.get("verdict") == "promote"
    version = gate.get("version") if promoted else gate.get("champion_version")
    return str(version or "")


def table_rows(settings: Settings, contract: Contract) -> int:
    """Count the leads in the warehouse, through the Redshift Data API."""
    table = f"{settings.redshift.schema_name}.{contract.names.table}"
    rows = Warehouse(settings).query(f"SELECT COUNT(*) AS leads FROM {table}")  # noqa: S608 - the contract's own name
    return int(rows[0]["leads"])


def alerts_so_far(inbox: str) -> list[dict[str, Any]]:
    """Return every alert that the inbox has received, oldest first."""
    answer = httpx.get(f"{inbox}/api/alerts", timeout=10)
    return list(answer.raise_for_status().json())
