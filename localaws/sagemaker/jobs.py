"""Training jobs that run: the container's command as a process on its own /opt/ml, its end as the job's status."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import utcnow
from moto.sagemaker.models import FakeTrainingJob

from localaws.glue.job_logs import LogStream
from localaws.roles import role_name
from localaws.runtime import Runtime
from localaws.sagemaker.folders import ROOT_VARIABLE, JobFolders, NoInputError

log = logging.getLogger(__name__)

GROUP = "/aws/sagemaker/TrainingJobs"
ACTIVE = ("InProgress", "Stopping")
# The image is this checkout: what `docker run <image> train` starts when a job names no entry point of its own.
ENTRY_POINT = ("python", "-m", "include.endpoint.training_container")
COMMAND = ("train",)
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds",
}
CHECKOUT = Path(__file__).parents[2]
NOT_INHERITED = ("AWS_", "AIRFLOW", "LEADS_", "MLFLOW_", "SM_", "SAGEMAKER_", "PYTHONPATH")
_REASON_LIMIT = 1024  # characters that DescribeTrainingJob gives of a reason
_POLL_SECONDS = 0.2
_SHIP_EVERY = 5
_GRACE_SECONDS = 3.0  # AWS gives 120 between SIGTERM and SIGKILL


class LocalTrainingJob(FakeTrainingJob):  # type: ignore[misc] # moto is untyped here
    """One training job in a process of its own.

    The process sees what a container sees: its command, hyperparameters and inputs as files, `Environment`, and
    nothing of the settings of this server. Its /opt/ml is the folder named by SAGEMAKER_BASE_DIR. Not done: the image
    (the project's checkout stands for it), output/data, checkpoints, metrics, network isolation, retries.
    """

    runtime: Runtime

    def __init__(self, **settings: Any) -> None:
        definitions = settings["algorithm_specification"].get("MetricDefinitions")
        super().__init__(**settings)
        self.algorithm_specification["MetricDefinitions"] = definitions or []
        self.final_metric_data_list: list[Any] = []
        self.training_start_time = self.training_end_time = None
        self.failure_reason: str | None = None
        self.secondary_status_transitions: list[dict[str, Any]] = []
        self.training_job_status = "InProgress"
        self._role = role_name(self.role_arn)
        self._stop, self.ended, self._lock = Event(), Event(), RLock()
        self._move_to("Starting")

    @property
    def response_object(self) -> dict[str, Any]:
        """DescribeTrainingJob's answer; status and transitions are always of the same moment."""
        with self._lock:
            transitions = [dict(transition) for transition in self.secondary_status_transitions]
            described: dict[str, Any] = super().response_object
            return described | {"SecondaryStatusTransitions": transitions}

    def start(self, environment: Mapping[str, str]) -> None:
        """Run the job with the `Environment` of its request; returns at once."""
        name = f"sagemaker-{self.training_job_name}"
        Thread(target=self._run, args=(environment,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Ask the process to end; the job is Stopped once it has."""
        with self._lock:
            if self.training_job_status == "InProgress":
                self.training_job_status = "Stopping"
                self._move_to("Stopping")
                self._stop.set()

    def _run(self, environment: Mapping[str, str]) -> None:
        folder = self.runtime.data_dir / "sagemaker" / self.training_job_name
        try:
            self._execute(JobFolders(folder / "ml"), folder, environment)
        except NoInputError as error:
            self._end("Failed", f"ClientError: {error}")
        except (ClientError, BotoCoreError) as error:
            self._end("Failed", f"ClientError: {type(error).__name__}: {error}")
        except Exception as error:
            log.exception("Training job %s", self.training_job_name)  # a thread's last stand: clients must see an end
            self._end("Failed", f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(folder / "ml", ignore_errors=True)
            self.ended.set()

    def _execute(self, folders: JobFolders, folder: Path, environment: Mapping[str, str]) -> None:
        s3, channels = self.runtime.client("s3", self._role), self.input_data_config or []
        self._move_to("Downloading")
        folders.configure(self.hyper_parameters or {}, channels, self.resource_config)
        for channel in channels:
            folders.stage(channel, s3)
        exit_code = self._wait(folders, folder, environment)
        if exit_code:
            reason = f"AlgorithmError: {folders.failure()}"
            ending = f", exit code: {exit_code % 256}"
            self._end("Failed", reason[: _REASON_LIMIT - len(ending)] + ending)
            return
        self._move_to("Uploading")
        folders.upload_model(self.model_artifacts["S3ModelArtifacts"], s3)
        if exit_code == 0:
            self._end("Completed")
        else:
            self._end("Stopped", secondary="Stopped" if self._stop.is_set() else "MaxRuntimeExceeded")

    def _wait(self, folders: JobFolders, folder: Path, environment: Mapping[str, str]) -> int | None:
        """The process's exit code; None if it was stopped or ran out of time."""
        file = folder / "container.log"
        stream_name = f"{self.training_job_name}/algo-1-{int(time.time())}"
        stream = LogStream(self.runtime.client("logs", self._role), GROUP, stream_name, file)
        with file.open("wb") as output:
            process = subprocess.Popen(
                self._command(),
                cwd=CHECKOUT,
                env=self._environment(folders, environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.training_start_time = utcnow()
        self._move_to("Training")
        deadline = time.monotonic() + self.stopping_condition.get("MaxRuntimeInSeconds", 24 * 60 * 60)
        polls = 0
        while process.poll() is None and not self._stop.wait(_POLL_SECONDS) and time.monotonic() < deadline:
            polls += 1
            if polls % _SHIP_EVERY == 0:
                stream.ship()
        exit_code = process.poll()
        end_group(process)
        stream.ship()
        return exit_code

    def _command(self) -> list[str]:
        asked = self.algorithm_specification
        entry_point = asked.get("ContainerEntrypoint")
        arguments = asked.get("ContainerArguments") or ([] if entry_point else COMMAND)
        program, *rest = entry_point or ENTRY_POINT
        return [sys.executable if program in ("python", "python3") else program, *rest, *arguments]

    def _environment(self, folders: JobFolders, asked: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        given = {
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONUNBUFFERED": "1",
            ROOT_VARIABLE: str(folders.root),
            "TRAINING_JOB_NAME": self.training_job_name,
            "TRAINING_JOB_ARN": self.arn,
        }
        return inherited | self.runtime.environment(self._role) | given | dict(asked)

    def _move_to(self, secondary: str) -> None:
        # Messages differ from each other: the provider's wait takes a job for unchanged as long as its message is.
        now, message = utcnow(), MESSAGES[secondary]
        with self._lock:
            if self.secondary_status_transitions:
                self.secondary_status_transitions[-1]["EndTime"] = now
            entered = {"Status": secondary, "StartTime": now, "StatusMessage": message}
            self.secondary_status_transitions.append(entered)
            self.secondary_status, self.last_modified_time = secondary, now

    def _end(self, status: str, reason: str | None = None, secondary: str | None = None) -> None:
        log.info("Training job %s: %s %s", self.training_job_name, status, reason or "")
        with self._lock:
            self.failure_reason = reason[:_REASON_LIMIT] if reason else None
            self.training_end_time = utcnow()
            self._move_to(secondary or status)
            self.training_job_status = status


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the process and its children to end, as AWS does, then make them."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_GRACE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()
