"""Run Glue jobs: the uploaded PySpark script as a process, its end as the run's state."""

import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import utcnow
from moto.glue.exceptions import ConcurrentRunsExceededException
from moto.glue.models import FakeJob, FakeJobRun

from localaws.errors import OutsideFolderError, UnsupportedJobError
from localaws.glue.run_errors import error_message
from localaws.glue.spark_env import spark_environment
from localaws.glue.staging import Staging
from localaws.paths import inside
from localaws.processes import LogStream, follow
from localaws.roles import OWNER, role_name
from localaws.runtime import Runtime

log = logging.getLogger(__name__)

ACTIVE = ("STARTING", "RUNNING", "STOPPING")
GROUP = "/aws-glue/jobs"
KINDS = ("glueetl", "pythonshell")
"""`Command.Name` of the jobs that run here: Spark, and plain Python."""
_RUN_SETTINGS = (
    "allocated_capacity",
    "max_capacity",
    "timeout",
    "worker_type",
    "security_configuration",
    "number_of_workers",
    "notification_property",
)
_DEFAULT_TIMEOUT_MINUTES = 480  # Glue's


class LocalJobRun(FakeJobRun):  # type: ignore[misc] # moto is untyped here
    """One run of a job in a process of its own.

    The process sees what a Glue script sees: `--JOB_NAME`, `--JOB_RUN_ID` and the arguments as `--KEY value`, with
    `s3://` values staged as `file://`, and `--extra-py-files` on its path. Not done: retries by Glue itself
    (MaxRetries), bookmarks, and `--additional-python-modules`, for which this interpreter's own packages stand.
    """

    runtime: Runtime
    glue_version = "5.0"
    role = OWNER
    error = ""
    _started: float | None = None
    _seconds: int | None = None

    @property
    def status(self) -> str:
        """Return STARTING, RUNNING, STOPPING, STOPPED, SUCCEEDED, FAILED or TIMEOUT.

        It says what happens, in place of moto's timetable.
        """
        return str(self._status)

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    @property
    def seconds(self) -> int:
        """Return how long the process has run."""
        if self._started is None:
            return 0
        if self._seconds is None:
            return int(time.monotonic() - self._started)
        return self._seconds

    def as_dict(self) -> dict[str, Any]:
        """Return GetJobRun's answer."""
        answer: dict[str, Any] = super().as_dict()
        answer["LogGroupName"] = GROUP
        answer["ExecutionTime"] = self.seconds
        answer["GlueVersion"] = self.glue_version
        if self.status in ACTIVE:
            answer.pop("CompletedOn")
        if self.error:
            answer["ErrorMessage"] = self.error
        return answer

    def start(self, command: Mapping[str, Any]) -> None:
        """Run the script of a job's `Command`; returns at once."""
        self._stop = Event()
        self.ended = Event()
        thread = Thread(
            target=self._run,
            args=(command,),
            name=f"glue-{self.job_run_id}",
            daemon=True,
        )
        thread.start()

    def stop(self) -> None:
        """Ask the process to end; the run is STOPPED once it has."""
        if self.status in ACTIVE:
            self.status = "STOPPING"
            self._stop.set()

    def _run(self, command: Mapping[str, Any]) -> None:
        try:
            jobs = self.runtime.data_dir / "glue"
            folder = inside(jobs, f"{self.job_name}/{self.job_run_id}")
        except OutsideFolderError as error:
            self._end("FAILED", str(error))
            self.ended.set()
            return
        try:
            folder.mkdir(parents=True)
            self._execute(script_of(command), folder)
        except (OutsideFolderError, UnsupportedJobError) as error:
            self._end("FAILED", str(error))
        except (ClientError, BotoCoreError) as error:
            self._end("FAILED", f"{type(error).__name__}: {error}")
        except Exception as error:
            log.exception(
                "Glue run %s", self.job_run_id
            )  # nobody above catches it, and the client must see an end
            self._end("FAILED", f"Internal service failure: {error!r}")
        finally:
            for scratch in ("s3", "scratch"):
                shutil.rmtree(folder / scratch, ignore_errors=True)
            self.ended.set()

    def _execute(self, script: str, folder: Path) -> None:
        """Stage the arguments, run the script, and bring its output back to S3."""
        staging = Staging(folder / "s3", self.runtime.client("s3", self.role))
        arguments = {
            name: str(value) for name, value in (self.arguments or {}).items()
        }
        python_files = arguments.pop("--extra-py-files", "")
        path = [
            str(staging.fetch(uri)) for uri in python_files.split(",") if uri
        ]
        arguments = {
            "--JOB_NAME": self.job_name,
            "--JOB_RUN_ID": self.job_run_id,
            **staging.localise(arguments),
        }
        command = [sys.executable, str(staging.fetch(script))]
        for name, value in arguments.items():
            command += [name, value]
        exit_code = self._wait(command, folder, path)
        if exit_code is None:
            self._end("STOPPED" if self._stop.is_set() else "TIMEOUT")
            return
        if exit_code:
            stderr = (folder / "error.log").read_text(errors="replace")
            self._end("FAILED", error_message(stderr, exit_code, command[1]))
            return
        for uri in staging.write_back():
            log.info("Glue run %s wrote %s", self.job_run_id, uri)
        self._end("SUCCEEDED")

    def _wait(
        self, command: list[str], folder: Path, path: list[str]
    ) -> int | None:
        """Run the command; return its exit code, or None if it was stopped or ran out of time."""
        logs = self.runtime.client("logs", self.role)
        streams = []
        for group in ("output", "error"):
            streams.append(
                LogStream(
                    logs,
                    f"{GROUP}/{group}",
                    self.job_run_id,
                    folder / f"{group}.log",
                )
            )
        environment = spark_environment(
            folder, path
        ) | self.runtime.environment(self.role)
        self._started = time.monotonic()
        with (
            (folder / "output.log").open("wb") as output,
            (folder / "error.log").open("wb") as errors,
        ):
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        if self.status == "STARTING":
            self.status = "RUNNING"
        limit = 60 * (self.timeout or _DEFAULT_TIMEOUT_MINUTES)
        exit_code = follow(process, self._stop, limit, streams)
        self._seconds = round(time.monotonic() - self._started)
        return exit_code

    def _end(self, status: str, error: str = "") -> None:
        log.info(
            "Glue run %s of %s: %s %s",
            self.job_run_id,
            self.job_name,
            status,
            error,
        )
        self.error = error
        self.completed_on = self.modified_on = utcnow()
        self.status = status


class LocalJob(FakeJob):  # type: ignore[misc] # moto is untyped here
    """A job whose runs are LocalJobRuns."""

    runtime: Runtime

    def start_job_run(self, **settings: Any) -> str:
        """Start a run with DefaultArguments, overlaid with the call's.

        Raises:
            ConcurrentRunsExceededException: as many runs as allowed (MaxConcurrentRuns) are active.
        """
        active = sum(run.status in ACTIVE for run in self.job_runs)
        if active >= self.execution_property.get("MaxConcurrentRuns", 1):
            raise ConcurrentRunsExceededException(
                f"Concurrent runs exceeded for {self.name}"
            )
        arguments = {
            **self.default_arguments,
            **(settings["arguments"] or {}),
            **(self.non_overridable_arguments or {}),
        }
        run_settings = {
            name: settings[name] or getattr(self, name)
            for name in _RUN_SETTINGS
        }
        run = LocalJobRun(
            job_name=self.name,
            job_run_id=settings["previous_run_id"],
            arguments=arguments,
            **run_settings,
        )
        run.runtime = self.runtime
        run.role = role_name(self.role)
        run.glue_version = self.glue_version or run.glue_version
        self.job_runs.insert(0, run)  # GetJobRuns gives the newest first
        run.start(self.command)
        return str(run.job_run_id)


def script_of(command: Mapping[str, Any]) -> str:
    """Return the S3 URI of the script of a job's `Command`.

    Raises:
        UnsupportedJobError: another kind of job than Spark or Python shell, or no script in S3.
    """
    kind = command.get("Name")
    if kind not in KINDS:
        raise UnsupportedJobError(
            f"Glue jobs of the kind {kind}; Command.Name is one of {' and '.join(KINDS)}"
        )
    script = str(command.get("ScriptLocation") or "")
    if not script.startswith("s3://"):
        raise UnsupportedJobError(
            f"Command.ScriptLocation {script!r}; it is the s3:// address of the script"
        )
    return script
