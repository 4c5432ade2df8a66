"""Glue jobs that run: the uploaded PySpark script as a process, its end as the run's state."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import utcnow
from moto.glue.exceptions import ConcurrentRunsExceededException
from moto.glue.models import FakeJob, FakeJobRun

from localaws.glue.job_logs import GROUP, LogStream, error_message
from localaws.glue.spark_env import spark_environment
from localaws.glue.staging import Staging
from localaws.roles import OWNER, role_name
from localaws.runtime import Runtime

log = logging.getLogger(__name__)

ACTIVE = ("STARTING", "RUNNING", "STOPPING")
_RUN_SETTINGS = (
    "allocated_capacity",
    "max_capacity",
    "timeout",
    "worker_type",
    "security_configuration",
    "number_of_workers",
    "notification_property",
)
_POLL_SECONDS = 0.2
_SHIP_EVERY = 5
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
    seconds = 0

    @property
    def status(self) -> str:
        """STARTING, RUNNING, STOPPING, STOPPED, SUCCEEDED, FAILED or TIMEOUT: what happened, not moto's timetable."""
        return str(self._status)

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    def as_dict(self) -> dict[str, Any]:
        """GetJobRun's answer."""
        described: dict[str, Any] = super().as_dict()
        described |= {"LogGroupName": GROUP, "ExecutionTime": self.seconds, "GlueVersion": self.glue_version}
        if self.status in ACTIVE:
            described.pop("CompletedOn")
        return described | ({"ErrorMessage": self.error} if self.error else {})

    def start(self, script: str) -> None:
        """Run the script at an S3 URI; returns at once."""
        self._stop, self.ended = Event(), Event()
        Thread(target=self._run, args=(script,), name=f"glue-{self.job_run_id}", daemon=True).start()

    def stop(self) -> None:
        """Ask the process to end; the run is STOPPED once it has."""
        if self.status in ACTIVE:
            self.status = "STOPPING"
            self._stop.set()

    def _run(self, script: str) -> None:
        folder = self.runtime.data_dir / "glue" / self.job_name / self.job_run_id
        try:
            folder.mkdir(parents=True)
            self._execute(script, folder)
        except (ClientError, BotoCoreError) as error:
            self._end("FAILED", f"{type(error).__name__}: {error}")
        except Exception as error:
            log.exception("Glue run %s", self.job_run_id)  # a thread's last stand: the client must see an end
            self._end("FAILED", f"Internal service failure: {error!r}")
        finally:
            for scratch in ("s3", "scratch"):
                shutil.rmtree(folder / scratch, ignore_errors=True)
            self.ended.set()

    def _execute(self, script: str, folder: Path) -> None:
        staging = Staging(folder / "s3", self.runtime.client("s3", self.role))
        wanted = {name: str(value) for name, value in (self.arguments or {}).items()}
        extra = [str(staging.fetch(uri)) for uri in wanted.pop("--extra-py-files", "").split(",") if uri]
        arguments = staging.localise(wanted)
        local_script = staging.fetch(script)
        given = {"--JOB_NAME": self.job_name, "--JOB_RUN_ID": self.job_run_id} | arguments
        command = [sys.executable, str(local_script), *(part for pair in given.items() for part in pair)]
        exit_code = self._wait(command, folder, extra)
        if exit_code is None:
            return
        if exit_code:
            text = (folder / "error.log").read_text(errors="replace")
            self._end("FAILED", error_message(text, exit_code))
            return
        for uri in staging.write_back():
            log.info("Glue run %s wrote %s", self.job_run_id, uri)
        self._end("SUCCEEDED")

    def _wait(self, command: list[str], folder: Path, path: list[str]) -> int | None:
        """The process's exit code; None if it was stopped or ran out of time."""
        logs = self.runtime.client("logs", self.role)
        streams = [
            LogStream(logs, f"{GROUP}/{group}", self.job_run_id, folder / f"{group}.log")
            for group in ("output", "error")
        ]
        environment = spark_environment(folder, path) | self.runtime.environment(self.role)
        began = time.monotonic()
        deadline = began + 60 * (self.timeout or _DEFAULT_TIMEOUT_MINUTES)
        with (folder / "output.log").open("wb") as output, (folder / "error.log").open("wb") as errors:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=errors, start_new_session=True
            )
        self._begin()
        polls = 0
        while process.poll() is None and not self._stop.wait(_POLL_SECONDS) and time.monotonic() < deadline:
            self.seconds = int(time.monotonic() - began)
            polls += 1
            if polls % _SHIP_EVERY == 0:
                for stream in streams:
                    stream.ship()
        exit_code = process.poll()
        _end_group(process)
        for stream in streams:
            stream.ship()
        self.seconds = round(time.monotonic() - began)
        if exit_code is None:
            self._end("STOPPED" if self._stop.is_set() else "TIMEOUT")
        return exit_code

    def _begin(self) -> None:
        if self.status == "STARTING":
            self.status = "RUNNING"

    def _end(self, status: str, error: str = "") -> None:
        log.info("Glue run %s of %s: %s %s", self.job_run_id, self.job_name, status, error)
        self.error = error
        self.completed_on = self.modified_on = utcnow()
        self.status = status


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the script and the Java process it started, which may outlive it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


class LocalJob(FakeJob):  # type: ignore[misc] # moto is untyped here
    """A job whose runs are LocalJobRuns."""

    runtime: Runtime

    def start_job_run(self, **settings: Any) -> str:
        """Start a run with DefaultArguments, overlaid with the call's; refuses more than MaxConcurrentRuns.

        Raises:
            ConcurrentRunsExceededException: as many runs as allowed are active.
        """
        active = sum(run.status in ACTIVE for run in self.job_runs)
        if active >= self.execution_property.get("MaxConcurrentRuns", 1):
            raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {self.name}")
        run = LocalJobRun(
            job_name=self.name,
            job_run_id=settings["previous_run_id"],
            arguments=self.default_arguments | (settings["arguments"] or {}) | (self.non_overridable_arguments or {}),
            **{name: settings[name] or getattr(self, name) for name in _RUN_SETTINGS},
        )
        run.runtime, run.role = self.runtime, role_name(self.role)
        run.glue_version = self.glue_version or run.glue_version
        self.job_runs.insert(0, run)  # GetJobRuns gives the newest first
        run.start(self.command["ScriptLocation"])
        return str(run.job_run_id)
