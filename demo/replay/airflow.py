"""Airflow's REST API (v2) as the replay needs it: start a run, follow it, read what its tasks returned."""

import time
from dataclasses import dataclass
from typing import Any

import httpx

FINAL = {"success", "failed", "skipped", "upstream_failed", "removed"}
LOG_LINES = 30


class AirflowError(RuntimeError):
    """Airflow refused a request or a DAG cannot be used; the message carries its answer."""


class RunFailedError(RuntimeError):
    """A DAG run did not succeed; the message carries the failed task, the end of its log and its address."""


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    dag_id: str
    run_id: str


class Airflow:
    """A client with a token of its own (all users are admins in the local SimpleAuthManager)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._http = httpx.Client(base_url=address, timeout=60)
        self._renew_token()

    def _renew_token(self) -> None:
        token = self._http.get("/auth/token").raise_for_status().json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._http.request(method, f"/api/v2{path}", **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._renew_token()
            answer = self._http.request(method, f"/api/v2{path}", **arguments)
        if answer.is_error:
            raise AirflowError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def require_dags(self, dag_ids: tuple[str, ...], patience: float = 180) -> None:
        """Waits until the DAG processor has parsed every DAG. Raises AirflowError with its import errors if not."""
        give_up = time.monotonic() + patience
        while missing := set(dag_ids) - {dag["dag_id"] for dag in self._call("GET", "/dags?limit=100")["dags"]}:
            errors = self._call("GET", "/importErrors")["import_errors"]
            if errors or time.monotonic() > give_up:
                traces = "\n".join(f"{error['filename']}: {error['stack_trace'][-1500:]}" for error in errors)
                raise AirflowError(f"DAGs not there: {', '.join(sorted(missing))}\n{traces or 'no import errors'}")
            time.sleep(1)

    def unpause(self, dag_id: str) -> None:
        """Lets the scheduler start runs of a DAG."""
        self._call("PATCH", f"/dags/{dag_id}", params={"update_mask": "is_paused"}, json={"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> Run:
        """Starts a run, as the trigger form would."""
        self._call("POST", f"/dags/{dag_id}/dagRuns", json={"dag_run_id": run_id, "logical_date": None, "conf": conf})
        return Run(dag_id, run_id)

    def state(self, run: Run) -> str:
        """State of a run: queued, running, success or failed."""
        return str(self._call("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}")["state"])

    def tasks(self, run: Run) -> list[dict[str, Any]]:
        """Task instances of a run as the API returns them, mapped ones each."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances?limit=200"
        return list(self._call("GET", path)["task_instances"])

    def returned(self, run: Run, task_id: str, map_index: int = -1) -> Any:
        """What a task returned (its XCom `return_value`), or None where it returned nothing or did not run."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        try:
            return self._call("GET", path, params={"map_index": map_index, "deserialize": True})["value"]
        except AirflowError:
            return None

    def page(self, run: Run) -> str:
        """Address of a run in the UI."""
        return f"{self.address}/dags/{run.dag_id}/runs/{run.run_id}"

    def failure(self, run: Run) -> RunFailedError:
        """Why a run failed: its first failed task, the end of that task's log, and where to look further."""
        failed = [task for task in self.tasks(run) if task["state"] == "failed"]
        if not failed:
            return RunFailedError(f"{run.dag_id} did not succeed, no task failed: {self.page(run)}")
        first = min(failed, key=lambda task: str(task["end_date"]))
        tail = "\n".join(self.log(run, first)[-LOG_LINES:])
        page = f"{self.page(run)}/tasks/{first['task_id']}"
        return RunFailedError(f"{run.dag_id}: task {first['task_id']} failed\n{tail}\n{page}")

    def log(self, run: Run, task: dict[str, Any]) -> list[str]:
        """Lines of the newest try of a task instance."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        try:
            content = self._call(
                "GET",
                path,
                params={"map_index": task["map_index"], "full_content": True},
                headers={"Accept": "application/json"},
            )["content"]
        except AirflowError as error:
            return [str(error)]
        return [log_line(event) for event in content]


def reason(lines: list[str]) -> str:
    """The last error among log lines, or the last line where none is marked as one; headings are none."""
    said = [line for line in reversed(lines) if not line.startswith("::")]
    errors = (line for line in said if line.startswith("error "))
    return next(errors, said[0] if said else "the task never wrote a log; the scheduler's log says why")


def log_line(event: Any) -> str:
    """One structured log event as text, the exception it carries included."""
    if not isinstance(event, dict):
        return str(event)
    errors = [f"{error.get('exc_type')}: {error.get('exc_value')}" for error in event.get("error_detail") or []]
    return " ".join([str(event.get("level", "")), str(event.get("event", "")), *errors]).strip()
