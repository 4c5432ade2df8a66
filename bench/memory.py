"""Peak memory of every task of the lifecycle, on a local stack of its own: `python -m bench.memory --json`.

Starts the local stack, ingests the whole file at once, trains both default stages on it, scores open leads, looks for
drift, collects feedback and judges a version by hand. While it runs, the kernel's own high-water mark (VmHWM) of every
task's process and of the supervisor above it is read ten times a second; a task counts with its largest instance.
A Celery worker of MWAA holds the same two processes a running task. Linux only; nothing else may use the ports.
"""

import argparse
import os
import re
from collections import defaultdict
from pathlib import Path
from threading import Event, Thread

import psutil
from rich.console import Console
from rich.progress import Progress

from bench._services import free_port
from bench._table import last_line, show
from bench._training import add_leads_argument
from include.contract import load_contract
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.local import stack
from include.local.environment import client_environment
from include.local.ports import Ports
from include.local.replay.airflow import Airflow, Run
from include.local.replay.follow import run_to_success
from include.local.synthetic import synthetic_leads
from include.local.up import up
from include.settings import settings

OPEN_LEADS, EVERY = 300, 0.1
TASK = re.compile(r"airflow worker -- ([0-9a-f-]{36})")
SUPERVISOR = re.compile(r"airflow worker -- LocalExecutor.*: ([0-9a-f-]{36})")
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
            for process in psutil.process_iter(["cmdline"]):
                title = " ".join(process.info["cmdline"] or ())
                for pattern, found in ((TASK, self.tasks), (SUPERVISOR, self.supervisors)):
                    if match := pattern.fullmatch(title.strip()):
                        found[match[1]] = max(found[match[1]], high_water_mark(process.pid))


def high_water_mark(pid: int) -> float:
    """The most memory in MB that a process has ever had resident; 0 for one that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def lifecycle(leads: bytes, progress: Progress) -> tuple[Airflow, list[Run]]:
    """Every DAG that computes anything, once; returns its runs."""
    ports = Ports()
    contract, layout = load_contract(settings().contract), Layout(settings(), load_contract(settings().contract))
    label = contract.column(contract.label).name
    still_open = synthetic_leads(OPEN_LEADS, seed=7).assign(**{label: ""}).to_csv(index=False).encode()
    for name, content in (("all", leads), ("open", still_open)):
        write_bytes(f"{layout.raw}{name}/leads.csv", content)
    steps = (
        ("bootstrap_platform", {}),
        ("ingest_leads", {"prefix": f"{layout.raw}all/"}),
        ("data_drift_redshift_retrain", {}),
        ("ingest_leads", {"prefix": f"{layout.raw}open/"}),
        ("score_leads", {}),
        ("monitor_drift", {}),
        ("collect_feedback", {}),
        ("promote_model", {"version": "1"}),
    )
    airflow = Airflow(ports.airflow)
    airflow.require_dags(tuple({dag_id for dag_id, _ in steps}))
    runs = []
    for number, (dag_id, conf) in enumerate(steps):
        airflow.unpause(dag_id)
        runs.append(run_to_success(airflow, progress, dag_id, f"memory-{number}", conf, str(number)))
    return airflow, runs


def by_task(airflow: Airflow, runs: list[Run], peaks: Peaks) -> dict[tuple[str, str], float]:
    """The largest instance's peak by DAG and task, in the order in which they ran."""
    found: dict[tuple[str, str], float] = {}
    for run in runs:
        for task in sorted(airflow.tasks(run), key=lambda one: str(one["start_date"])):
            place = (run.dag_id, task["task_id"])
            if peak := peaks.get(task["id"]):
                found[place] = max(found.get(place, 0.0), peak)
    return found


def main() -> None:
    """Measures and prints the table, largest task first."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_leads_argument(parser)
    parser.add_argument("--json", action="store_true", help="end with one JSON object on the last line")
    arguments = parser.parse_args()
    os.environ |= {f"LEADS_{name.upper()}": str(free_port()) for name in Ports.model_fields}
    os.environ |= client_environment(Ports(), settings())
    settings.cache_clear()
    console = Console(stderr=True)
    try:
        up(console)
        with Watch() as watch, Progress(console=console) as progress:
            airflow, runs = lifecycle(arguments.leads.read_bytes(), progress)
        peaks = by_task(airflow, runs, watch.tasks)
    finally:
        stack.stop()
    supervisor = max(watch.supervisors.values())
    rows = [(dag, task, round(peak)) for (dag, task), peak in sorted(peaks.items(), key=lambda one: -one[1])]
    show("Peak memory of a task's process, MB", ("DAG", "task", "MB"), rows)
    show("And of the supervisor above it, MB", ("largest",), [(round(supervisor),)])
    tasks = [{"dag": dag, "task": task, "peak_mb": peak} for dag, task, peak in rows]
    last_line({"supervisor_mb": round(supervisor), "tasks": tasks}, arguments.json)


if __name__ == "__main__":
    main()
