"""Run training jobs: the container's command as a process on its own /opt/ml, its end as the job's status."""

import logging
import shutil
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

from localaws.errors import NoInputError, OutsideFolderError
from localaws.processes import LogStream, follow
from localaws.roles import role_name
from localaws.runtime import Runtime
from localaws.sagemaker.folders import JobFolders
from localaws.sagemaker.image import (
    CHECKOUT,
    GRACE_SECONDS,
    ROOT_VARIABLE,
    TRAIN,
    container_environment,
)

log = logging.getLogger(__name__)

GROUP = "/aws/sagemaker/TrainingJobs"
ACTIVE = ("InProgress", "Stopping")
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
_REASON_LIMIT = 1024  # characters that DescribeTrainingJob gives of a reason
_DEFAULT_SECONDS = 24 * 60 * 60  # SageMaker's


class LocalTrainingJob(FakeTrainingJob):  # type: ignore[misc] # moto is untyped here
    """One training job in a process of its own.

    The process sees what a container sees: its command, hyperparameters and inputs as files, `Environment`, and
    nothing of the settings of this server. Its /opt/ml is the folder named by SAGEMAKER_BASE_DIR. Not done: the image
    (the project's checkout stands for it), output/data, checkpoints, metrics, network isolation, retries.
    """

    runtime: Runtime

    def __init__(self, **settings: Any) -> None:
        definitions = settings["algorithm_specification"].get(
            "MetricDefinitions"
        )
        super().__init__(**settings)
        self.algorithm_specification["MetricDefinitions"] = definitions or []
        self.final_metric_data_list: list[Any] = []
        self.training_start_time = self.training_end_time = None
        self.failure_reason: str | None = None
        self.secondary_status_transitions: list[dict[str, Any]] = []
        self.training_job_status = "InProgress"
        self._role = role_name(self.role_arn)
        self.ended = Event()
        self._stop = Event()
        self._lock = RLock()
        self._move_to("Starting")

    @property
    def response_object(self) -> dict[str, Any]:
        """Return DescribeTrainingJob's answer; status and transitions are always of the same moment."""
        with self._lock:
            answer: dict[str, Any] = super().response_object
            transitions = [
                dict(transition)
                for transition in self.secondary_status_transitions
            ]
            return answer | {"SecondaryStatusTransitions": transitions}

    def start(self, environment: Mapping[str, str]) -> None:
        """Run the job with the `Environment` of its request; returns at once."""
        name = f"sagemaker-{self.training_job_name}"
        Thread(
            target=self._run, args=(environment,), name=name, daemon=True
        ).start()

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
        except (NoInputError, OutsideFolderError) as error:
            self._end("Failed", f"ClientError: {error}")
        except (ClientError, BotoCoreError) as error:
            self._end("Failed", f"ClientError: {type(error).__name__}: {error}")
        except Exception as error:
            # Nobody above catches it, and clients must see an end.
            log.exception("Training job %s", self.training_job_name)
            self._end(
                "Failed",
                f"InternalServerError: {type(error).__name__}: {error}",
            )
        finally:
            shutil.rmtree(folder / "ml", ignore_errors=True)
            self.ended.set()

    def _execute(
        self, folders: JobFolders, folder: Path, environment: Mapping[str, str]
    ) -> None:
        """Fetch the channels, run the command, and upload the model that it leaves."""
        s3 = self.runtime.client("s3", self._role)
        channels = self.input_data_config or []
        self._move_to("Downloading")
        folders.configure(
            self.hyper_parameters or {}, channels, self.resource_config
        )
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
        elif self._stop.is_set():
            self._end("Stopped")
        else:
            self._end("Stopped", secondary="MaxRuntimeExceeded")

    def _wait(
        self, folders: JobFolders, folder: Path, environment: Mapping[str, str]
    ) -> int | None:
        """Run the command; return its exit code, or None if it was stopped or ran out of time."""
        file = folder / "container.log"
        stream_name = f"{self.training_job_name}/algo-1-{int(time.time())}"
        stream = LogStream(
            self.runtime.client("logs", self._role), GROUP, stream_name, file
        )
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
        limit = self.stopping_condition.get(
            "MaxRuntimeInSeconds", _DEFAULT_SECONDS
        )
        return follow(process, self._stop, limit, [stream], GRACE_SECONDS)

    def _command(self) -> list[str]:
        algorithm = self.algorithm_specification
        entry_point = algorithm.get("ContainerEntrypoint")
        default_arguments = [] if entry_point else ["train"]
        arguments = algorithm.get("ContainerArguments") or default_arguments
        program, *options = entry_point or TRAIN
        if program in ("python", "python3"):
            program = sys.executable
        return [program, *options, *arguments]

    def _environment(
        self, folders: JobFolders, requested: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the process's variables; those of the request come last and win."""
        return {
            **container_environment(),
            **self.runtime.environment(self._role),
            ROOT_VARIABLE: str(folders.root),
            "TRAINING_JOB_NAME": self.training_job_name,
            "TRAINING_JOB_ARN": self.arn,
            **requested,
        }

    def _move_to(self, secondary: str) -> None:
        # Messages differ from each other: the provider's wait takes a job for unchanged as long as its message is.
        moment = utcnow()
        transition = {
            "Status": secondary,
            "StartTime": moment,
            "StatusMessage": MESSAGES[secondary],
        }
        with self._lock:
            if self.secondary_status_transitions:
                self.secondary_status_transitions[-1]["EndTime"] = moment
            self.secondary_status_transitions.append(transition)
            self.secondary_status = secondary
            self.last_modified_time = moment

    def _end(
        self,
        status: str,
        reason: str | None = None,
        secondary: str | None = None,
    ) -> None:
        log.info(
            "Training job %s: %s %s",
            self.training_job_name,
            status,
            reason or "",
        )
        with self._lock:
            self.failure_reason = reason[:_REASON_LIMIT] if reason else None
            self.training_end_time = utcnow()
            self._move_to(secondary or status)
            self.training_job_status = status
