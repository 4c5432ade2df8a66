"""Measure how long new leads take from a file in S3 to their scores on the lead desk, on the running demo.

`python -m bench.freshness --json`, after `make demo`: 1,000 leads nobody has seen are written to `raw-data/`, then
`ingest_leads` and `score_leads` run, since nothing is scheduled locally. `seconds` ends when the list that the desk
reads has one of them. `tasks` has the seconds of each task, and `waiting` those in which no task ran: scheduling,
starting processes, and this program's own looking.
"""

import argparse
import os
import time
from datetime import UTC, datetime
from typing import Any

from bench._table import last_line, show
from demo.environment import client_environment
from demo.leads.synthetic import synthetic_leads
from demo.ports import Ports
from demo.replay.airflow import Airflow, Run
from demo.replay.lifecycle import INGEST, SCORE
from demo.waiting import wait_until
from include.api.desk.listing import read_listing
from include.contract import Contract, load_contract
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.settings import settings

LEADS = 1000
LIMIT_SECONDS = 600
POLL_SECONDS = 0.5
RUNNING = ("queued", "running")


def fresh_leads(contract: Contract, mark: str) -> bytes:
    """Return a CSV of leads that no run before has brought, without an outcome."""
    leads = synthetic_leads(LEADS, seed=int(time.time()))
    key = contract.column(contract.key).name
    leads[key] = [f"fresh-{mark}-{number:04d}" for number in range(LEADS)]
    leads[contract.column(contract.label).name] = None
    return leads.to_csv(index=False).encode()


def measure(ports: Ports, contract: Contract) -> dict[str, Any]:
    """Bring leads in and return the figures. Raises RuntimeError where they do not reach the desk."""
    airflow = Airflow(ports.airflow)
    layout = Layout(settings(), contract)
    mark = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    folder = f"{layout.raw}fresh-{mark}/"
    content = fresh_leads(contract, mark)
    airflow.unpause(INGEST)
    airflow.unpause(SCORE)

    started = time.monotonic()
    write_bytes(f"{folder}leads.csv", content)
    ingestion = _run(airflow, INGEST, mark, {"prefix": folder})
    scoring = _run(airflow, SCORE, mark, {})
    listed = _listed(layout, contract, mark)
    seconds = time.monotonic() - started
    if not listed:
        raise RuntimeError("the desk lists none of the leads after both runs")

    tasks = _task_seconds(airflow, ingestion) | _task_seconds(airflow, scoring)
    return {
        "leads": LEADS,
        "listed": listed,
        "seconds": round(seconds, 1),
        "tasks": tasks,
        "waiting": round(seconds - sum(tasks.values()), 1),
    }


def _run(airflow: Airflow, dag_id: str, mark: str, conf: dict[str, Any]) -> Run:
    """Run a DAG to its end. Raises RunFailedError where it does not succeed."""
    run = airflow.trigger(dag_id, f"fresh-{mark}", conf)
    has_ended = wait_until(
        lambda: airflow.state(run) not in RUNNING, LIMIT_SECONDS, POLL_SECONDS
    )
    if not has_ended or airflow.state(run) != "success":
        raise airflow.failure(run)
    return run


def _listed(layout: Layout, contract: Contract, mark: str) -> int:
    """Return how many of the new leads are on the desk, which lists the best ones only."""
    keys = read_listing(layout).leads[contract.key]
    return int(keys.str.startswith(f"fresh-{mark}-").sum())


def _task_seconds(airflow: Airflow, run: Run) -> dict[str, float]:
    """Return the seconds of each task that ran, by name."""
    seconds: dict[str, float] = {}
    for task in airflow.tasks(run):
        duration = task["duration"]
        # A clock that was set back in between makes a duration negative.
        if duration and duration > 0 and task["state"] == "success":
            seconds[f"{run.dag_id}.{task['task_id']}"] = round(duration, 1)
    return seconds


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON at the end"
    )
    arguments = parser.parse_args()
    ports = Ports()
    os.environ.update(client_environment(ports, settings()))
    figures = measure(ports, load_contract(settings().contract))
    rows = [(name, value) for name, value in figures.items() if name != "tasks"]
    rows += figures["tasks"].items()
    show("From a file to the desk", ("figure", "value"), rows)
    last_line(figures, arguments.json)


if __name__ == "__main__":
    main()
