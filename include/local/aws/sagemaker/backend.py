"""SageMaker's API: moto's, with training jobs that run and the call that moto lacks."""

import re
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker import urls as moto_urls
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException, ResourceNotFound
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from include.local.aws.runtime import Runtime
from include.local.aws.sagemaker.folders import UnsupportedJobError, refuse_unsupported
from include.local.aws.sagemaker.jobs import ACTIVE, LocalTrainingJob

JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class LocalSageMakerBackend(SageMakerModelBackend):  # type: ignore[misc] # moto is untyped here
    """Training jobs, and moto's own of everything else, of one account and region."""

    runtime: ClassVar[Runtime]

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=moto_urls.url_bases, url_paths={"{0}/$": LocalSageMakerResponse.dispatch})

    def create_training_job(self, training_job_name: str, **settings: Any) -> LocalTrainingJob:
        """CreateTrainingJob, without the start.

        Raises:
            AWSValidationException: the name is not one that SageMaker takes.
            ResourceInUseException: a job of this name exists, ended or not.
        """
        if not JOB_NAME.fullmatch(training_job_name):
            raise AWSValidationException(
                f"Value '{training_job_name}' at 'trainingJobName' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {JOB_NAME.pattern}"
            )
        if taken := self.training_jobs.get(training_job_name):
            raise ResourceInUseException(
                "Training job names must be unique within an AWS account and region, and a training job with this "
                f"name already exists ({taken.arn})"
            )
        names = {"account_id": self.account_id, "region_name": self.region_name, "training_job_name": training_job_name}
        job = LocalTrainingJob(**names, **settings)
        job.runtime = self.runtime
        self.training_jobs[training_job_name] = job
        return job

    def stop_training_job(self, training_job_name: str) -> None:
        """StopTrainingJob; a job that has ended stays as it is. Raises ResourceNotFound."""
        if training_job_name not in self.training_jobs:
            raise ResourceNotFound("Requested resource not found.")
        self.training_jobs[training_job_name].stop()

    def stop_jobs(self) -> None:
        """End every running process (when the server stops)."""
        active = [job for job in self.training_jobs.values() if job.training_job_status in ACTIVE]
        for job in active:
            job.stop()
        for job in active:
            job.ended.wait(timeout=15)


class LocalSageMakerResponse(SageMakerResponse):  # type: ignore[misc] # moto is untyped here
    """Calls that differ from moto's; one method per action, named as moto looks them up."""

    def create_training_job(self) -> ActionResult:
        """CreateTrainingJob: moto reads the request, all but `Environment`."""
        request = {name: self._get_param(name) for name in ("AlgorithmSpecification", "ResourceConfig")}
        try:
            refuse_unsupported(request | {"InputDataConfig": self._get_param("InputDataConfig")})
        except UnsupportedJobError as error:
            raise AWSValidationException(str(error)) from error
        answer = super().create_training_job()
        job = self.sagemaker_backend.training_jobs[self._get_param("TrainingJobName")]
        job.start(self._get_param("Environment") or {})
        return answer

    def stop_training_job(self) -> ActionResult:
        """StopTrainingJob."""
        self.sagemaker_backend.stop_training_job(self._get_param("TrainingJobName"))
        return EmptyResult()
