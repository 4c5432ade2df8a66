"""Watch and change an MWAA environment: its state, its update, and whether it runs the DAGs that were deployed."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import tenacity
from botocore.exceptions import ClientError

from infra.errors import (
    EnvironmentBusyError,
    NotVerifiedError,
    UpdateFailedError,
)
from infra.uploads import Deployment
from infra.waiting import wait_until

log = logging.getLogger(__name__)

READY = ("AVAILABLE", "UPDATE_FAILED")
"""UPDATE_FAILED has gone back to its former state and takes updates, says MWAA's API: the time to roll back."""
BROKEN = ("CREATE_FAILED", "UNAVAILABLE", "DELETING", "DELETED")
"""Nothing comes after these by itself."""
CHANGING = (
    "CREATING",
    "CREATING_SNAPSHOT",
    "PENDING",
    "UPDATING",
    "ROLLING_BACK",
    "MAINTENANCE",
)
REPLACEMENT = "GRACEFUL"
"""Workers end their tasks first, for up to 12 hours; FORCED, MWAA's default, stops them in the middle."""
PATIENCE = 13 * 60 * 60
POLL_SECONDS = 60
PARSE_PATIENCE = 15 * 60
PARSE_POLL_SECONDS = 30
PAGE = 100
Dags = dict[str, dict[str, str]]
"""`fileloc`, below dags/, and `schedule` of every DAG by id."""
Description = dict[str, Any]
"""MWAA's description of an environment."""
VERSIONS = {
    "plugins.zip": "PluginsS3ObjectVersion",
    "requirements.txt": "RequirementsS3ObjectVersion",
    "startup.sh": "StartupScriptS3ObjectVersion",
}
PATHS = {
    "plugins.zip": "PluginsS3Path",
    "requirements.txt": "RequirementsS3Path",
    "startup.sh": "StartupScriptS3Path",
}


class MwaaEnvironment:
    """One MWAA environment through its API."""

    def __init__(
        self, mwaa: Any, name: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`mwaa` is a boto3 client; `sleep` makes the pauses of a wait."""
        self._mwaa = mwaa
        self._sleep = sleep
        self.name = name

    def describe(self) -> Description:
        """Return MWAA's description."""
        description: Description = self._mwaa.get_environment(Name=self.name)[
            "Environment"
        ]
        return description

    def require_ready(self) -> None:
        """Raise EnvironmentBusyError for an environment that takes no update."""
        status = self.describe()["Status"]
        if status in READY:
            return
        way_out = (
            "look at it in MWAA's console"
            if status in BROKEN
            else "wait until it is AVAILABLE"
        )
        raise EnvironmentBusyError(
            f"{self.name} is {status}: {way_out}, then deploy again"
        )

    def runs(self, deployment: Deployment) -> bool:
        """Tell whether the environment has a deployment's plugins, requirements and startup script."""
        return _runs(self.describe(), deployment)

    def update(self, deployment: Deployment) -> None:
        """Start the update to a deployment's object versions and wait for its end. Raises UpdateFailedError."""
        former_update = self.describe().get("LastUpdate", {})
        files = [key for key in VERSIONS if key in deployment.files]
        versions = {VERSIONS[key]: deployment.files[key] for key in files}
        paths = {PATHS[key]: key for key in files}
        self._mwaa.update_environment(
            Name=self.name,
            WorkerReplacementStrategy=REPLACEMENT,
            **paths,
            **versions,
        )
        description: Description = {}

        def is_settled() -> bool:
            nonlocal description
            description = self.describe()
            if _is_settled(description, deployment, former_update):
                return True
            if description["Status"] in BROKEN:
                raise UpdateFailedError(
                    f"{self.name} is {description['Status']}: {_reason(description)}"
                )
            log.info("%s is %s", self.name, description["Status"])
            return False

        if not wait_until(
            is_settled,
            tenacity.stop_after_delay(PATIENCE),
            POLL_SECONDS,
            self._sleep,
        ):
            raise UpdateFailedError(
                f"{self.name} is {description['Status']}: {_reason(description)}"
            )
        if not _runs(description, deployment):
            raise UpdateFailedError(
                f"{self.name} went back to its former state: {_reason(description)}"
            )

    def name_conflicts(
        self, dags: Dags, deleted: Iterable[str] = ()
    ) -> list[str]:
        """Return DAGs that another file of the environment defines already: Airflow would let the second in silence.

        Args:
            dags: what is about to be deployed.
            deleted: keys of files that the deployment deletes; a DAG may move from one file to another.
        """
        present = self._dags()
        deleted_files = _below_dags(deleted)
        conflicts = []
        for dag_id, dag in dags.items():
            deployed = present.get(dag_id)
            if deployed is None or deployed["is_stale"]:
                continue
            if _is_one_of(
                deployed["fileloc"], [dag["fileloc"], *deleted_files]
            ):
                continue
            conflicts.append(
                f"{dag_id} of dags/{dag['fileloc']} is in {deployed['fileloc']} already: rename it, or delete that file"
            )
        return conflicts

    def verify(
        self, dags: Dags, since: datetime, deleted: Iterable[str] = ()
    ) -> None:
        """Wait until every DAG has been parsed from the new files. Raises NotVerifiedError with what is wrong.

        Args:
            dags: what was deployed, as parsed before the upload.
            since: when the environment had the files at the latest.
            deleted: keys of files that were deleted; no DAG may still run from one.
        """
        deleted_files = _below_dags(deleted)
        problems: list[str] = []

        def is_verified() -> bool:
            nonlocal problems
            problems = self._problems(dags, since, deleted_files)
            return not problems

        if not wait_until(
            is_verified,
            tenacity.stop_after_delay(PARSE_PATIENCE),
            PARSE_POLL_SECONDS,
            self._sleep,
        ):
            raise NotVerifiedError(f"{self.name}:\n" + "\n".join(problems))

    def _problems(
        self, dags: Dags, since: datetime, deleted_files: list[str]
    ) -> list[str]:
        """Return what is wrong with the DAGs of the environment; empty when all run from the new files."""
        try:
            errors = self._listed("/importErrors", "import_errors")
            present = self._dags()
        except ClientError as error:
            return [f"Airflow does not answer: {error}"]
        problems = []
        for import_error in errors:
            last_line = import_error["stack_trace"].strip().splitlines()[-1]
            problems.append(f"{import_error['filename']}: {last_line}")
        for dag_id, dag in dags.items():
            for difference in _differences(dag, present.get(dag_id), since):
                problems.append(f"{dag_id}: {difference}")
        for dag_id, dag in present.items():
            if (
                dag_id not in dags
                and not dag["is_stale"]
                and _is_one_of(dag["fileloc"], deleted_files)
            ):
                problems.append(
                    f"{dag_id}: still there, from the deleted {dag['fileloc']}"
                )
        return problems

    def _dags(self) -> dict[str, dict[str, Any]]:
        """Return the DAGs of the environment by id, stale ones too."""
        return {
            dag["dag_id"]: dag
            for dag in self._listed("/dags", "dags", exclude_stale=False)
        }

    def _listed(
        self, path: str, member: str, **query: Any
    ) -> list[dict[str, Any]]:
        """Return every page of a listing of Airflow's API."""
        entries: list[dict[str, Any]] = []
        while True:
            answer = self._mwaa.invoke_rest_api(
                Name=self.name,
                Path=path,
                Method="GET",
                QueryParameters={
                    **query,
                    "limit": PAGE,
                    "offset": len(entries),
                },
            )
            page = answer["RestApiResponse"]
            entries += page[member]
            if not page[member] or len(entries) >= page["total_entries"]:
                return entries


def _runs(description: Description, deployment: Deployment) -> bool:
    for key, member in VERSIONS.items():
        if (
            key in deployment.files
            and description.get(member) != deployment.files[key]
        ):
            return False
    return True


def _is_settled(
    description: Description,
    deployment: Deployment,
    former_update: dict[str, Any],
) -> bool:
    """Tell whether an update has come to its end.

    Just after the request MWAA may still tell of the update before it.
    """
    if description["Status"] not in READY:
        return False
    update = description.get("LastUpdate", {})
    is_new = update.get("CreatedAt") != former_update.get("CreatedAt")
    has_failed = update.get("Status") == "FAILED" and is_new
    return has_failed or _runs(description, deployment)


def _below_dags(keys: Iterable[str]) -> list[str]:
    return [key.removeprefix("dags/") for key in keys]


def _is_one_of(fileloc: str, files: list[str]) -> bool:
    """Tell whether a place on the environment is that of one of these files below dags/."""
    return any(fileloc.endswith(f"/dags/{file}") for file in files)


def _differences(
    deployed: dict[str, str], present: dict[str, Any] | None, since: datetime
) -> list[str]:
    """Return what is wrong with one DAG on the environment."""
    if present is None:
        return ["not there"]
    differences = []
    if not _is_one_of(present["fileloc"], [deployed["fileloc"]]):
        differences.append(f"its file is {present['fileloc']}")
    parsed = datetime.fromisoformat(
        present["last_parsed_time"] or "1970-01-01T00:00:00+00:00"
    )
    if parsed.astimezone(UTC) < since:
        differences.append(f"last parsed at {parsed}")
    if present["is_stale"]:
        differences.append("stale")
    if present["timetable_summary"] != deployed["schedule"]:
        differences.append(
            f"its schedule is {present['timetable_summary']}, not {deployed['schedule']}"
        )
    return differences


def _reason(description: Description) -> str:
    error = description.get("LastUpdate", {}).get("Error", {})
    return str(
        error.get("ErrorMessage")
        or "MWAA gives no reason; look at the requirements' log in CloudWatch"
    )
