"""The MWAA environment of a stage: its state, its update, and whether it runs the DAGs that were deployed."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from include.infra.uploads import Deployment

log = logging.getLogger(__name__)

READY = "AVAILABLE"
FAILED = ("UPDATE_FAILED", "CREATE_FAILED", "UNAVAILABLE", "DELETED")
PATIENCE = 90 * 60
PARSE_PATIENCE = 15 * 60
VERSIONS = {
    "plugins.zip": "PluginsS3ObjectVersion",
    "requirements.txt": "RequirementsS3ObjectVersion",
    "startup.sh": "StartupScriptS3ObjectVersion",
}
PATHS = {"plugins.zip": "PluginsS3Path", "requirements.txt": "RequirementsS3Path", "startup.sh": "StartupScriptS3Path"}


class EnvironmentBusyError(RuntimeError):
    """The environment cannot be changed now; nothing has been."""


class UpdateFailedError(RuntimeError):
    """MWAA did not take the new plugins, requirements or startup script, and has gone back to the old ones."""


class NotVerifiedError(RuntimeError):
    """The environment does not run what was deployed; the message lists what is wrong."""


class Environment:
    """One MWAA environment through its API."""

    def __init__(self, mwaa: Any, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """`mwaa` is a boto3 client."""
        self._mwaa, self.name, self._sleep = mwaa, name, sleep

    def describe(self) -> dict[str, Any]:
        """MWAA's description."""
        found: dict[str, Any] = self._mwaa.get_environment(Name=self.name)["Environment"]
        return found

    def require_ready(self) -> dict[str, Any]:
        """The description of an environment that takes updates. Raises EnvironmentBusyError for any other."""
        found = self.describe()
        if found["Status"] != READY:
            raise EnvironmentBusyError(f"{self.name} is {found['Status']}: wait until it is {READY}, then deploy again")
        return found

    def update(self, deployment: Deployment) -> None:
        """Start the update to a deployment's object versions and wait for its end. Raises UpdateFailedError."""
        versions = {VERSIONS[key]: deployment.files[key] for key in VERSIONS if key in deployment.files}
        paths = {PATHS[key]: key for key in PATHS if key in deployment.files}
        self._mwaa.update_environment(Name=self.name, **paths, **versions)
        give_up = time.monotonic() + PATIENCE
        while (found := self.describe())["Status"] != READY:
            if found["Status"] in FAILED or time.monotonic() > give_up:
                raise UpdateFailedError(f"{self.name} is {found['Status']}: {_reason(found)}")
            log.info("%s is %s", self.name, found["Status"])
            self._sleep(60)
        if found.get("LastUpdate", {}).get("Status") == "FAILED":
            raise UpdateFailedError(f"{self.name} went back to its former state: {_reason(found)}")

    def verify(self, dags: dict[str, dict[str, str]], since: datetime) -> None:
        """Wait until every DAG has been parsed from the new files. Raises NotVerifiedError with what is wrong.

        Args:
            dags: `fileloc` and `schedule` of every DAG by id, as parsed before the upload.
            since: when the upload was done.
        """
        give_up = time.monotonic() + PARSE_PATIENCE
        while problems := self._problems(dags, since):
            if time.monotonic() > give_up:
                raise NotVerifiedError(f"{self.name}:\n" + "\n".join(problems))
            self._sleep(30)

    def _problems(self, dags: dict[str, dict[str, str]], since: datetime) -> list[str]:
        errors = self._get("/importErrors")["import_errors"]
        found = {dag["dag_id"]: dag for dag in self._get("/dags", {"limit": 100, "exclude_stale": False})["dags"]}
        problems = [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]
        for dag_id, wanted in dags.items():
            problems += [f"{dag_id}: {what}" for what in _differences(wanted, found.get(dag_id), since)]
        return problems

    def _get(self, path: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._mwaa.invoke_rest_api(Name=self.name, Path=path, Method="GET", QueryParameters=query or {})
        response: dict[str, Any] = answer["RestApiResponse"]
        return response


def _differences(wanted: dict[str, str], found: dict[str, Any] | None, since: datetime) -> list[str]:
    """What is wrong with one DAG on the environment."""
    if found is None:
        return ["not there"]
    parsed = datetime.fromisoformat(found["last_parsed_time"] or "1970-01-01T00:00:00+00:00")
    checks = {
        f"its file is {found['fileloc']}": not found["fileloc"].endswith("/" + wanted["fileloc"].rsplit("/", 1)[-1]),
        f"last parsed at {parsed}": parsed.astimezone(UTC) < since,
        "stale": bool(found["is_stale"]),
        f"its schedule is {found['timetable_summary']}, not {wanted['schedule']}": (
            found["timetable_summary"] != wanted["schedule"]
        ),
    }
    return [what for what, wrong in checks.items() if wrong]


def _reason(found: dict[str, Any]) -> str:
    error = found.get("LastUpdate", {}).get("Error", {})
    return str(error.get("ErrorMessage") or "MWAA gives no reason; look at the requirements' log in CloudWatch")
