"""Peak memory of every task of the lifecycle, on a local stack of its own: `python -m bench.memory --json`.

Starts the local stack, ingests the whole file at once, trains both default stages on it, scores open leads, looks for
drift, collects feedback and judges a version by hand. While it runs, the kernel's own high-water mark (VmHWM) of every
task's process and of the supervisor above it is read three times a second; a task counts with its largest instance.
A Celery worker of MWAA holds the same two processes a running task. Linux only.

`--watch http://localhost:8080 --seconds 600` starts nothing and watches the tasks of an Airflow that runs on this
machine, while `make demo` or `make compose-test` plays.
"""

import argparse
import os
import re
import time
from collections import defaultdict
from pathlib import Path
from threading import Event, Thread

import psutil
from rich.console import Console
from rich.progress import Progress

from bench._services import free_port
from bench._table import last_line, show
from bench._training import add_leads_argument
from demo import stack
from demo.environment import client_environment
from demo.leads.synthetic import synthetic_leads
from demo.ports import Ports
from demo.replay.airflow import Airflow, Run
from demo.replay.follow import run_to_success
from demo.up import up
from include.contract import load_contract
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.settings import settings

OPEN_LEADS, EVERY = 300, 0.3
TASK = re.compile(r"airflow worker -- ([0-9a-f-]{36})")
Peaks = dict[str, float]


class Watch:
    """Samples the processes of tasks until it is left; peaks in MB by task instance id."""

    def __init__(self) -> None:
        self.tasks: Peaks = defaultdict(float)
        self.supervisors: Peaks = defaultdict(float)
        self._over = Event()
        self._thread = Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Watch":
        """Start sampling."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop it."""
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(EVERY):
            for process in psutil.process_iter(["cmdline", "ppid"]):
                title = " ".join(process.info["cmdline"] or ()).strip()
                if match := TASK.fullmatch(title):
                    self.tasks[match[1]] = max(
                        self.tasks[match[1]], high_water_mark(process.pid)
                    )
                    above = high_water_mark(process.info["ppid"])
                    self.supervisors[match[1]] = max(
                        self.supervisors[match[1]], above
                    )


def high_water_mark(pid: int) -> float:
    """The most memory in MB that a process has ever had resident; 0 for one that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def lifecycle(leads: bytes, airflow: Airflow, progress: Progress) -> None:
    """Runs every DAG that computes anything, once."""
    contract, layout = (
        load_contract(settings().contract),
        Layout(settings(), load_contract(settings().contract)),
    )
    label = contract.column(contract.label).name
    still_open = (
        synthetic_leads(OPEN_LEADS, seed=7)
        .assign(**{label: ""})
        .to_csv(index=False)
        .encode()
    )
    for name, content in (("all", leads), ("open", still_open)):
        write_bytes(f"{layout.raw}{name}/leads.csv", content)
    steps: tuple[tuple[str, dict[str, str]], ...] = (
        ("bootstrap_platform", {}),
        ("ingest_leads", {"prefix": f"{layout.raw}all/"}),
        ("data_drift_redshift_retrain", {}),
        ("ingest_leads", {"prefix": f"{layout.raw}open/"}),
        ("score_leads", {}),
        ("monitor_drift", {}),
        ("collect_feedback", {}),
        ("promote_model", {"version": "1"}),
    )
    airflow.require_dags(tuple({dag_id for dag_id, _ in steps}))
    for number, (dag_id, conf) in enumerate(steps):
        airflow.unpause(dag_id)
        run_to_success(
            airflow, progress, dag_id, f"memory-{number}", conf, str(number)
        )


def on_a_stack_of_its_own(
    leads: bytes,
) -> tuple[Watch, dict[str, tuple[str, str]]]:
    """Peaks, and DAG and task by instance id, of the lifecycle on ports that nobody uses."""
    os.environ |= {
        f"LEADS_{name.upper()}": str(free_port()) for name in Ports.model_fields
    }
    os.environ |= client_environment(Ports(), settings())
    settings.cache_clear()
    console = Console(stderr=True)
    try:
        up(console)
        airflow = Airflow(Ports().airflow)
        with Watch() as watch, Progress(console=console) as progress:
            lifecycle(leads, airflow, progress)
        return watch, instances(airflow)
    finally:
        stack.stop()


def instances(airflow: Airflow) -> dict[str, tuple[str, str]]:
    """DAG and task of every task instance by its id."""
    runs = [
        Run(dag["dag_id"], "~")
        for dag in airflow._call("GET", "/dags?limit=100")["dags"]
    ]
    return {
        task["id"]: (task["dag_id"], task["task_id"])
        for run in runs
        for task in airflow.tasks(run)
    }


def by_task(
    peaks: Peaks, named: dict[str, tuple[str, str]]
) -> list[tuple[str, str, int]]:
    """DAG, task and the peak of its largest instance in MB, largest first; instances of other Airflows are left out."""
    found: Peaks = defaultdict(float)
    for instance, peak in peaks.items():
        if instance in named:
            found["/".join(named[instance])] = max(
                found["/".join(named[instance])], peak
            )
    rows = sorted(found.items(), key=lambda one: -one[1])
    return [(*place.split("/"), round(peak)) for place, peak in rows]  # type: ignore[misc]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_leads_argument(parser)
    parser.add_argument(
        "--watch", help="address of an Airflow that runs already"
    )
    parser.add_argument(
        "--seconds", type=float, default=600, help="how long to watch it"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    arguments = parser.parse_args()
    if arguments.watch:
        with Watch() as watch:
            time.sleep(arguments.seconds)
        named = instances(Airflow(arguments.watch))
    else:
        watch, named = on_a_stack_of_its_own(arguments.leads.read_bytes())
    rows = by_task(watch.tasks, named)
    supervisor = round(
        max(
            (peak for one, peak in watch.supervisors.items() if one in named),
            default=0,
        )
    )
    show("Peak memory of a task's process, MB", ("DAG", "task", "MB"), rows)
    show("Of the supervisor above it, MB", ("largest",), [(supervisor,)])
    tasks = [
        {"dag": dag, "task": task, "peak_mb": peak} for dag, task, peak in rows
    ]
    last_line({"supervisor_mb": supervisor, "tasks": tasks}, arguments.json)


if __name__ == "__main__":
    main()
