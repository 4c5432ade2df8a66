"""The MWAA environment of a stage: its state, its update, and whether it runs the DAGs that were deployed."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.uploads import Deployment

log = logging.getLogger(__name__)

READY = ("AVAILABLE", "UPDATE_FAILED")
"""UPDATE_FAILED has gone back to its former state and takes updates, says MWAA's API: the time to roll back."""
BROKEN = ("CREATE_FAILED", "UNAVAILABLE", "DELETING", "DELETED")
"""Nothing comes after these by itself."""
CHANGING = ("CREATING", "CREATING_SNAPSHOT", "PENDING", "UPDATING", "ROLLING_BACK", "MAINTENANCE")
PATIENCE = 90 * 60
PARSE_PATIENCE = 15 * 60
PAGE = 100
Dags = dict[str, dict[str, str]]
"""`fileloc`, below dags/, and `schedule` of every DAG by id."""
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
        if found["Status"] not in READY:
            way_out = "look at it in MWAA's console" if found["Status"] in BROKEN else "wait until it is AVAILABLE"
            raise EnvironmentBusyError(f"{self.name} is {found['Status']}: {way_out}, then deploy again")
        return found

    def runs(self, deployment: Deployment) -> bool:
        """Whether the environment has a deployment's plugins, requirements and startup script."""
        return _runs(self.describe(), deployment)

    def update(self, deployment: Deployment) -> None:
        """Start the update to a deployment's object versions and wait for its end. Raises UpdateFailedError."""
        before = self.describe().get("LastUpdate", {})
        versions = {VERSIONS[key]: deployment.files[key] for key in VERSIONS if key in deployment.files}
        paths = {PATHS[key]: key for key in PATHS if key in deployment.files}
        self._mwaa.update_environment(Name=self.name, **paths, **versions)
        give_up = time.monotonic() + PATIENCE
        while not _settled(found := self.describe(), deployment, before):
            if found["Status"] in BROKEN or time.monotonic() > give_up:
                raise UpdateFailedError(f"{self.name} is {found['Status']}: {_reason(found)}")
            log.info("%s is %s", self.name, found["Status"])
            self._sleep(60)
        if not _runs(found, deployment):
            raise UpdateFailedError(f"{self.name} went back to its former state: {_reason(found)}")

    def taken(self, dags: Dags, gone: Iterable[str] = ()) -> list[str]:
        """DAGs that another file of the environment defines already: Airflow would let the second in silence.

        Args:
            dags: what is about to be deployed.
            gone: keys of files that the deployment deletes; a DAG may move from one file to another.
        """
        found, leaving = self._dags(), [key.removeprefix("dags/") for key in gone]
        return [
            f"{dag_id} of dags/{wanted['fileloc']} is in {other['fileloc']} already: rename it, or delete that file"
            for dag_id, wanted in dags.items()
            if (other := found.get(dag_id)) and not other["is_stale"]
            if not any(_is(other["fileloc"], file) for file in [wanted["fileloc"], *leaving])
        ]

    def verify(self, dags: Dags, since: datetime, gone: Iterable[str] = ()) -> None:
        """Wait until every DAG has been parsed from the new files. Raises NotVerifiedError with what is wrong.

        Args:
            dags: what was deployed, as parsed before the upload.
            since: when the environment had the files at the latest.
            gone: keys of files that were deleted; no DAG may still run from one.
        """
        give_up = time.monotonic() + PARSE_PATIENCE
        while problems := self._problems(dags, since, tuple(gone)):
            if time.monotonic() > give_up:
                raise NotVerifiedError(f"{self.name}:\n" + "\n".join(problems))
            self._sleep(30)

    def _problems(self, dags: Dags, since: datetime, gone: tuple[str, ...]) -> list[str]:
        try:
            errors, found = self._all("/importErrors", "import_errors"), self._dags()
        except ClientError as error:
            return [f"Airflow does not answer: {error}"]
        problems = [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]
        for dag_id, wanted in dags.items():
            problems += [f"{dag_id}: {what}" for what in _differences(wanted, found.get(dag_id), since)]
        left = [dag for dag_id, dag in found.items() if dag_id not in dags and not dag["is_stale"]]
        deleted = [key.removeprefix("dags/") for key in gone]
        still = [dag for dag in left if any(_is(dag["fileloc"], file) for file in deleted)]
        return problems + [f"{dag['dag_id']}: still there, from the deleted {dag['fileloc']}" for dag in still]

    def _dags(self) -> dict[str, dict[str, Any]]:
        return {dag["dag_id"]: dag for dag in self._all("/dags", "dags", exclude_stale=False)}

    def _all(self, path: str, name: str, **query: Any) -> list[dict[str, Any]]:
        """Every page of a listing of Airflow's API."""
        found: list[dict[str, Any]] = []
        while True:
            asked = query | {"limit": PAGE, "offset": len(found)}
            answer = self._mwaa.invoke_rest_api(Name=self.name, Path=path, Method="GET", QueryParameters=asked)
            page = answer["RestApiResponse"]
            found += page[name]
            if not page[name] or len(found) >= page["total_entries"]:
                return found


def _runs(found: dict[str, Any], deployment: Deployment) -> bool:
    return all(found.get(VERSIONS[key]) == deployment.files[key] for key in VERSIONS if key in deployment.files)


def _settled(found: dict[str, Any], deployment: Deployment, before: dict[str, Any]) -> bool:
    """Whether an update has come to its end; just after the request MWAA may still tell of the update before it."""
    last = found.get("LastUpdate", {})
    failed = last.get("Status") == "FAILED" and last.get("CreatedAt") != before.get("CreatedAt")
    return found["Status"] in READY and (failed or _runs(found, deployment))


def _is(fileloc: str, file: str) -> bool:
    """Whether a place on the environment is that of a file below dags/."""
    return fileloc.endswith(f"/dags/{file}")


def _differences(wanted: dict[str, str], found: dict[str, Any] | None, since: datetime) -> list[str]:
    """What is wrong with one DAG on the environment."""
    if found is None:
        return ["not there"]
    parsed = datetime.fromisoformat(found["last_parsed_time"] or "1970-01-01T00:00:00+00:00")
    checks = {
        f"its file is {found['fileloc']}": not _is(found["fileloc"], wanted["fileloc"]),
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
