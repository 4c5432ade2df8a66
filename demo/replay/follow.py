"""Start a DAG run and show its tasks until it has succeeded."""

import time
from collections import Counter
from typing import Any

from rich.progress import Progress

from demo.errors import RunFailedError
from demo.replay.airflow import FINAL, Airflow, Run, reason
from demo.waiting import wait_until

POLL_SECONDS = 1.5
PATIENCE = 900
RUNNING = ("queued", "running")


def run_to_success(
    airflow: Airflow,
    progress: Progress,
    dag_id: str,
    run_id: str,
    conf: dict[str, Any],
    title: str,
) -> Run:
    """Trigger a run and wait for its end.

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
    run = airflow.trigger(dag_id, run_id, conf)
    followed = FollowedRun(airflow, progress, run, title)
    wait_until(followed.has_ended, seconds=None, poll_seconds=POLL_SECONDS)
    followed.require_success()
    return run


class FollowedRun:
    """One run with its line in the display."""

    def __init__(
        self, airflow: Airflow, progress: Progress, run: Run, title: str
    ) -> None:
        self._airflow = airflow
        self._progress = progress
        self._run = run
        self._title = f"{title} · {run.dag_id}"
        self._line = progress.add_task(self._title, total=None)
        self._state = ""
        self._task_states: Counter[tuple[str, str | None]] = Counter()
        self._last_move = time.monotonic()
        self._shown_retries: set[tuple[str, int]] = set()

    def has_ended(self) -> bool:
        """Look once and show what is under way. Raises RunFailedError if no task has moved for PATIENCE seconds."""
        self._state = self._airflow.state(self._run)
        if self._state not in RUNNING:
            return True
        tasks = self._airflow.tasks(self._run)
        self._show_retries(tasks)
        self._progress.update(
            self._line,
            description=f"{self._title} [dim]{working_on(tasks)}[/]",
            total=len(tasks) or None,
            completed=sum(task["state"] in FINAL for task in tasks),
        )
        self._require_movement(tasks)
        return False

    def require_success(self) -> None:
        """Close the line. Raises RunFailedError with the failed task if the run did not succeed."""
        if self._state != "success":
            self._progress.update(
                self._line, description=f"[red]{self._title} {self._state}[/]"
            )
            raise self._airflow.failure(self._run)
        self._progress.update(
            self._line, description=self._title, total=1, completed=1
        )
        console = self._progress.console
        if not console.is_terminal:
            seconds = self._progress.tasks[self._line].elapsed or 0
            console.print(f"{self._title} success after {seconds:.0f} s")

    def _require_movement(self, tasks: list[dict[str, Any]]) -> None:
        task_states = Counter(
            (task["task_id"], task["state"]) for task in tasks
        )
        if task_states != self._task_states:
            self._task_states = task_states
            self._last_move = time.monotonic()
        elif time.monotonic() - self._last_move > PATIENCE:
            raise RunFailedError(
                f"{self._run.dag_id} is {self._state}, and no task has moved for {PATIENCE} s: {working_on(tasks)}\n"
                f"{self._airflow.page(self._run)}"
            )

    def _show_retries(self, tasks: list[dict[str, Any]]) -> None:
        """Print each failed try as soon as Airflow shows it: the wait before a retry can be minutes."""
        for task in tasks:
            attempt = (task["task_id"], task["try_number"])
            if (
                task["state"] != "up_for_retry"
                or attempt in self._shown_retries
            ):
                continue
            self._shown_retries.add(attempt)
            task_id, number = attempt
            cause = reason(self._airflow.log(self._run, task))
            text = f"{self._run.dag_id}: try {number} of {task_id} failed, will be retried: {cause}"
            self._progress.console.print(text, style="yellow", markup=False)


def working_on(tasks: list[dict[str, Any]]) -> str:
    """Return the tasks that are under way, with their states."""
    active = [
        task for task in tasks if task["state"] and task["state"] not in FINAL
    ]
    words = [f"{task['task_id']} {task['state']}" for task in active[:3]]
    return ", ".join(words)
