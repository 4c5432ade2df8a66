"""Answer SageMaker's API: moto's, with training jobs that run, endpoints that serve, and calls that moto lacks."""

import re
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker import urls as moto_urls
from moto.sagemaker.exceptions import (
    AWSValidationException,
    ResourceInUseException,
    ResourceNotFound,
)
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from localaws.errors import UnsupportedJobError
from localaws.runtime import Runtime
from localaws.sagemaker.endpoints import LocalEndpoint
from localaws.sagemaker.folders import refuse_unsupported
from localaws.sagemaker.image import require_checkout
from localaws.sagemaker.jobs import ACTIVE, LocalTrainingJob
from localaws.sagemaker.model_request import containers_of, one_container
from localaws.sagemaker.programs import (
    refuse_foreign_program,
    refuse_foreign_variables,
)

JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class LocalSageMakerBackend(SageMakerModelBackend):  # type: ignore[misc] # moto is untyped here
    """Training jobs, endpoints, and moto's own of everything else, of one account and region."""

    runtime: ClassVar[Runtime]

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(
            url_bases=moto_urls.url_bases,
            url_paths={"{0}/$": LocalSageMakerResponse.dispatch},
        )

    def create_training_job(
        self, training_job_name: str, **settings: Any
    ) -> LocalTrainingJob:
        """Do CreateTrainingJob, without the start.

        Raises:
            AWSValidationException: the name is not one that SageMaker takes.
            ResourceInUseException: a job of this name exists, ended or not.
        """
        if not JOB_NAME.fullmatch(training_job_name):
            raise AWSValidationException(
                f"Value '{training_job_name}' at 'trainingJobName' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {JOB_NAME.pattern}"
            )
        namesake = self.training_jobs.get(training_job_name)
        if namesake:
            raise ResourceInUseException(
                "Training job names must be unique within an AWS account and region, and a training job with this "
                f"name already exists ({namesake.arn})"
            )
        job = LocalTrainingJob(
            account_id=self.account_id,
            region_name=self.region_name,
            training_job_name=training_job_name,
            **settings,
        )
        job.runtime = self.runtime
        self.training_jobs[training_job_name] = job
        return job

    def stop_training_job(self, training_job_name: str) -> None:
        """Do StopTrainingJob; a job that has ended stays as it is. Raises ResourceNotFound."""
        if training_job_name not in self.training_jobs:
            raise ResourceNotFound("Requested resource not found.")
        self.training_jobs[training_job_name].stop()

    def create_model(self, model_name: str, **settings: Any) -> Any:
        """Do CreateModel.

        Raises:
            AWSValidationException: the name is in use, `Environment` has variables that are not the project's, or the
                model is none that an endpoint of local AWS can serve.
        """
        try:
            require_checkout()
            for container in containers_of(settings):
                refuse_foreign_variables(container.get("Environment"))
            one_container(settings)
        except UnsupportedJobError as error:
            raise AWSValidationException(str(error)) from error
        namesake = self._models.get(model_name)
        if namesake:
            raise AWSValidationException(
                f'Cannot create already existing model "{namesake.arn}".'
            )
        return super().create_model(model_name, **settings)

    def create_endpoint_config(
        self, endpoint_config_name: str, **settings: Any
    ) -> Any:
        """Do CreateEndpointConfig of one variant. Raises AWSValidationException for a name that is in use."""
        namesake = self.endpoint_configs.get(endpoint_config_name)
        if namesake:
            raise AWSValidationException(
                f'Cannot create already existing endpoint configuration "{namesake.endpoint_config_arn}".'
            )
        if len(settings["production_variants"]) != 1:
            raise AWSValidationException(
                "not supported by local AWS: an endpoint config of several variants"
            )
        return super().create_endpoint_config(endpoint_config_name, **settings)

    def create_endpoint(
        self, endpoint_name: str, endpoint_config_name: str, tags: Any
    ) -> LocalEndpoint:
        """Do CreateEndpoint: its container starts, and it is in service once that answers."""
        namesake = self.endpoints.get(endpoint_name)
        if namesake:
            raise AWSValidationException(
                f'Cannot create already existing endpoint "{namesake.arn}".'
            )
        config = self._config(endpoint_config_name)
        endpoint = LocalEndpoint(
            account_id=self.account_id,
            region_name=self.region_name,
            endpoint_name=endpoint_name,
            endpoint_config_name=endpoint_config_name,
            production_variants=config.production_variants,
            data_capture_config=config.data_capture_config,
            tags=tags,
        )
        endpoint.runtime = self.runtime
        self.endpoints[endpoint_name] = endpoint
        endpoint.start(config, self._model_of(config), "Creating")
        return endpoint

    def update_endpoint(
        self, endpoint_name: str, endpoint_config_name: str
    ) -> LocalEndpoint:
        """Do UpdateEndpoint: the container in service stays until the new one answers."""
        self.describe_endpoint(endpoint_name)
        endpoint: LocalEndpoint = self.endpoints[endpoint_name]
        if endpoint.endpoint_status != "InService":
            raise AWSValidationException(
                f'Cannot update in-progress or failed endpoint "{endpoint.arn}".'
            )
        config = self._config(endpoint_config_name)
        endpoint.start(config, self._model_of(config), "Updating")
        return endpoint

    def delete_endpoint(self, endpoint_name: str) -> None:
        """Do DeleteEndpoint; its container is ended."""
        self.describe_endpoint(endpoint_name)
        self.endpoints[endpoint_name].stop()
        super().delete_endpoint(endpoint_name)

    def _config(self, name: str) -> Any:
        self.describe_endpoint_config(
            name
        )  # raises for a config that is not there
        return self.endpoint_configs[name]

    def _model_of(self, config: Any) -> Any:
        return self._models[config.production_variants[0]["ModelName"]]

    def stop_jobs(self) -> None:
        """End every running process (when the server stops)."""
        for endpoint in self.endpoints.values():
            endpoint.stop()
        active = [
            job
            for job in self.training_jobs.values()
            if job.training_job_status in ACTIVE
        ]
        for job in active:
            job.stop()
        for job in active:
            job.ended.wait(timeout=15)


class LocalSageMakerResponse(SageMakerResponse):  # type: ignore[misc] # moto is untyped here
    """Calls that differ from moto's; one method per action, named as moto looks them up."""

    def create_training_job(self) -> ActionResult:
        """Answer CreateTrainingJob: moto reads the request, all but `Environment`."""
        members = (
            "AlgorithmSpecification",
            "ResourceConfig",
            "InputDataConfig",
        )
        try:
            refuse_unsupported(
                {name: self._get_param(name) for name in members}
            )
            refuse_foreign_program(
                self._get_param("AlgorithmSpecification").get(
                    "ContainerEntrypoint"
                ),
                self.sagemaker_backend.runtime.modules,
            )
            refuse_foreign_variables(self._get_param("Environment"))
        except UnsupportedJobError as error:
            raise AWSValidationException(str(error)) from error
        answer = super().create_training_job()
        job = self.sagemaker_backend.training_jobs[
            self._get_param("TrainingJobName")
        ]
        job.start(self._get_param("Environment") or {})
        return answer

    def update_endpoint(self) -> ActionResult:
        """Answer UpdateEndpoint."""
        endpoint = self.sagemaker_backend.update_endpoint(
            self._get_param("EndpointName"),
            self._get_param("EndpointConfigName"),
        )
        return ActionResult({"EndpointArn": endpoint.arn})

    def stop_training_job(self) -> ActionResult:
        """Answer StopTrainingJob."""
        self.sagemaker_backend.stop_training_job(
            self._get_param("TrainingJobName")
        )
        return EmptyResult()
