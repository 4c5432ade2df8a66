"""Starts a DAG run and shows its tasks until it has succeeded."""

import time
from collections import Counter
from typing import Any

from rich.progress import Progress

from demo.replay.airflow import FINAL, Airflow, Run, RunFailedError, reason

POLL_SECONDS = 1.5
PATIENCE = 900


def run_to_success(
    airflow: Airflow, progress: Progress, dag_id: str, run_id: str, conf: dict[str, Any], title: str
) -> Run:
    """Triggers a run and waits for its end.

    Args:
        airflow: client.
        progress: display that gets one line for this run.
        dag_id: of an unpaused DAG.
        run_id: unique among the DAG's runs.
        conf: values of the trigger form.
        title: what the line says before the tasks' names.

    Raises:
        RunFailedError: the run ended otherwise, or no task changed its state for PATIENCE seconds, since a busy machine
            may take its time but not stand still; names task, log and address.
    """
    line = progress.add_task(f"{title} · {dag_id}", total=None)
    run, moved, before = airflow.trigger(dag_id, run_id, conf), time.monotonic(), Counter[tuple[str, str | None]]()
    told: set[tuple[str, int]] = set()
    while (state := airflow.state(run)) in ("queued", "running"):
        tasks = airflow.tasks(run)
        _tell_retries(airflow, progress, run, tasks, told)
        progress.update(
            line,
            description=f"{title} · {dag_id} [dim]{working_on(tasks)}[/]",
            total=len(tasks) or None,
            completed=sum(task["state"] in FINAL for task in tasks),
        )
        if (now := Counter((task["task_id"], task["state"]) for task in tasks)) != before:
            moved, before = time.monotonic(), now
        elif time.monotonic() - moved > PATIENCE:
            still = f"{dag_id} is {state}, and no task has moved for {PATIENCE} s: {working_on(tasks)}"
            raise RunFailedError(f"{still}\n{airflow.page(run)}")
        time.sleep(POLL_SECONDS)
    if state != "success":
        progress.update(line, description=f"[red]{title} · {dag_id} {state}[/]")
        raise airflow.failure(run)
    progress.update(line, description=f"{title} · {dag_id}", total=1, completed=1)
    if not progress.console.is_terminal:
        progress.console.print(f"{title} · {dag_id} success after {progress.tasks[line].elapsed or 0:.0f} s")
    return run


def _tell_retries(
    airflow: Airflow, progress: Progress, run: Run, tasks: list[dict[str, Any]], told: set[tuple[str, int]]
) -> None:
    """Prints each failed try as soon as it is known: the wait before a retry can be minutes."""
    for task in tasks:
        attempt = (task["task_id"], task["try_number"])
        if task["state"] == "up_for_retry" and attempt not in told:
            told.add(attempt)
            why = reason(airflow.log(run, task))
            text = f"{run.dag_id}: try {attempt[1]} of {attempt[0]} failed, will be retried: {why}"
            progress.console.print(text, style="yellow", markup=False)


def working_on(tasks: list[dict[str, Any]]) -> str:
    """The tasks that are under way, with their states."""
    active = [task for task in tasks if task["state"] and task["state"] not in FINAL]
    return ", ".join(f"{task['task_id']} {task['state']}" for task in active[:3])
