"""Talk to Airflow's REST API (v2) as the replay needs it: start a run, follow it, read what its tasks returned."""

from dataclasses import dataclass
from typing import Any

import httpx

from demo.errors import AirflowError, RunFailedError
from demo.waiting import wait_until

FINAL = {"success", "failed", "skipped", "upstream_failed", "removed"}
LOG_LINES = 30


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Return its path in the API."""
        return f"/dags/{self.dag_id}/dagRuns/{self.run_id}"


class Airflow:
    """A client with a token of its own (all users are admins in the local SimpleAuthManager)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._http = httpx.Client(base_url=address, timeout=60)
        self._renew_token()

    def _renew_token(self) -> None:
        token = (
            self._http.get("/auth/token")
            .raise_for_status()
            .json()["access_token"]
        )
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._http.request(method, f"/api/v2{path}", **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._renew_token()
            answer = self._http.request(method, f"/api/v2{path}", **arguments)
        if answer.is_error:
            raise AirflowError(
                f"{method} {path}: {answer.status_code} {answer.text[:500]}"
            )
        return answer.json()

    def require_dags(
        self, dag_ids: tuple[str, ...], patience: float = 180
    ) -> None:
        """Wait until the DAG processor has parsed every DAG.

        Raises:
            AirflowError: it has not, with its import errors.
        """

        def missing() -> list[str]:
            present = {
                dag["dag_id"]
                for dag in self._call("GET", "/dags?limit=100")["dags"]
            }
            return sorted(set(dag_ids) - present)

        def is_settled() -> bool:
            return not missing() or bool(self._import_errors())

        wait_until(is_settled, patience, poll_seconds=1)
        missing_ids = missing()
        if missing_ids:
            errors = self._import_errors()
            traces = "\n".join(
                f"{error['filename']}: {error['stack_trace'][-1500:]}"
                for error in errors
            )
            raise AirflowError(
                f"DAGs not there: {', '.join(missing_ids)}\n{traces or 'no import errors'}"
            )

    def _import_errors(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "/importErrors")["import_errors"])

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler start runs of a DAG."""
        self._call(
            "PATCH",
            f"/dags/{dag_id}",
            params={"update_mask": "is_paused"},
            json={"is_paused": False},
        )

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> Run:
        """Start a run, as the trigger form would."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)
        return Run(dag_id, run_id)

    def state(self, run: Run) -> str:
        """Return the state of a run: queued, running, success or failed."""
        return str(self._call("GET", run.path)["state"])

    def tasks(self, run: Run) -> list[dict[str, Any]]:
        """Return the task instances of a run as the API has them, mapped ones each."""
        return list(
            self._call("GET", f"{run.path}/taskInstances?limit=200")[
                "task_instances"
            ]
        )

    def returned(self, run: Run, task_id: str, map_index: int = -1) -> Any:
        """Return a task's XCom `return_value`, or None where it returned nothing or did not run."""
        path = f"{run.path}/taskInstances/{task_id}/xcomEntries/return_value"
        try:
            return self._call(
                "GET",
                path,
                params={"map_index": map_index, "deserialize": True},
            )["value"]
        except AirflowError:
            return None

    def page(self, run: Run) -> str:
        """Return the address of a run in the UI."""
        return f"{self.address}/dags/{run.dag_id}/runs/{run.run_id}"

    def failure(self, run: Run) -> RunFailedError:
        """Say why a run failed: its first failed task, the end of that task's log, and where to look further."""
        failed = [task for task in self.tasks(run) if task["state"] == "failed"]
        if not failed:
            return RunFailedError(
                f"{run.dag_id} did not succeed, no task failed: {self.page(run)}"
            )
        first = min(failed, key=lambda task: str(task["end_date"]))
        tail = "\n".join(self.log(run, first)[-LOG_LINES:])
        page = f"{self.page(run)}/tasks/{first['task_id']}"
        return RunFailedError(
            f"{run.dag_id}: task {first['task_id']} failed\n{tail}\n{page}"
        )

    def log(self, run: Run, task: dict[str, Any]) -> list[str]:
        """Return the lines of a task instance's newest try."""
        path = f"{run.path}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
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
    """Return the last error among log lines, or the last line where none is marked as an error.

    Lines that begin with `::` are headings.
    """
    newest_first = [
        line for line in reversed(lines) if not line.startswith("::")
    ]
    for line in newest_first:
        if line.startswith("error "):
            return line
    if newest_first:
        return newest_first[0]
    return "the task never wrote a log; the scheduler's log says why"


def log_line(event: Any) -> str:
    """Return a structured log event as text, with the exception that it carries.

    Control characters are left out: a log may quote a lead, and a terminal obeys them.
    """
    if not isinstance(event, dict):
        return _printable(str(event))
    words = [str(event.get("level", "")), str(event.get("event", ""))]
    for error in event.get("error_detail") or []:
        words.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
    return _printable(" ".join(words).strip())


def _printable(text: str) -> str:
    """Return the text with its line ends, and without what no line shows."""
    return "".join(
        letter for letter in text if letter.isprintable() or letter in "\n\t"
    )
