"""Answer Glue's API: moto's, with crawlers and jobs that run and the calls that moto lacks."""

from types import SimpleNamespace
from typing import Any, ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.glue import urls as moto_urls
from moto.glue.exceptions import (
    CrawlerAlreadyExistsException,
    JobRunNotFoundException,
)
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse

from localaws.glue.crawler import LocalCrawler
from localaws.glue.jobs import ACTIVE, LocalJob, LocalJobRun
from localaws.runtime import Runtime

_JOB_MEMBERS = (
    "role",
    "command",
    "description",
    "log_uri",
    "execution_property",
    "default_arguments",
    "non_overridable_arguments",
    "connections",
    "max_retries",
    "allocated_capacity",
    "timeout",
    "max_capacity",
    "security_configuration",
    "tags",
    "notification_property",
    "glue_version",
    "number_of_workers",
    "worker_type",
    "code_gen_configuration_nodes",
    "execution_class",
    "source_control_details",
)


class LocalGlueBackend(GlueBackend):  # type: ignore[misc] # moto is untyped here
    """Crawlers, jobs and the Data Catalog of one account and region."""

    runtime: ClassVar[Runtime]

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(
            url_bases=moto_urls.url_bases,
            url_paths={"{0}/$": LocalGlueResponse.dispatch},
        )

    def create_crawler(self, name: str, **settings: Any) -> None:
        """Do CreateCrawler."""
        if name in self.crawlers:
            raise CrawlerAlreadyExistsException
        crawler = LocalCrawler(name, backend=self, **settings)
        crawler.runtime = self.runtime
        self.crawlers[name] = crawler

    def create_job(self, name: str, **settings: Any) -> None:
        """Do CreateJob; also UpdateJob, which replaces the definition and keeps the runs."""
        job = LocalJob(name, backend=self, **settings)
        job.runtime = self.runtime
        if name in self.jobs:
            former = self.jobs[name]
            job.job_runs = former.job_runs
            job.created_on = former.created_on
            job.last_modified_on = utcnow()
        self.jobs[name] = job

    def runs(self, job_name: str) -> dict[str, LocalJobRun]:
        """Return the runs of a job by id."""
        return {run.job_run_id: run for run in self.get_job(job_name).job_runs}

    def stop_runs(self) -> None:
        """End every running process (when the server stops)."""
        active: list[LocalJobRun] = []
        for name in self.jobs:
            active += [
                run for run in self.runs(name).values() if run.status in ACTIVE
            ]
        for run in active:
            run.stop()
        for run in active:
            run.ended.wait(timeout=10)


class LocalGlueResponse(GlueResponse):  # type: ignore[misc] # moto is untyped here
    """The calls that moto's Glue lacks; one method per action, named as moto looks them up."""

    def get_crawler_metrics(self) -> ActionResult:
        """Answer GetCrawlerMetrics: of the crawlers named, or all."""
        names = self.parameters.get("CrawlerNameList") or list(
            self.glue_backend.crawlers
        )
        metrics = [
            self.glue_backend.get_crawler(name).metrics() for name in names
        ]
        return ActionResult({"CrawlerMetricsList": metrics})

    def update_crawler(self) -> ActionResult:
        """Answer UpdateCrawler."""
        self.glue_backend.get_crawler(self.parameters["Name"]).change(
            self.parameters
        )
        return EmptyResult()

    def update_job(self) -> ActionResult:
        """Answer UpdateJob: the definition in the request replaces the old one."""
        name = self.parameters["JobName"]
        update = self.parameters["JobUpdate"]
        self.glue_backend.get_job(name)  # raises for a job that is not there
        members = {
            member: update.get(_request_name(member)) for member in _JOB_MEMBERS
        }
        self.glue_backend.create_job(name, **members)
        return ActionResult({"JobName": name})

    def batch_stop_job_run(self) -> ActionResult:
        """Answer BatchStopJobRun: end the processes."""
        name = self.parameters["JobName"]
        runs = self.glue_backend.runs(name)
        stopped = []
        errors = []
        for run_id in self.parameters["JobRunIds"]:
            entry = {"JobName": name, "JobRunId": run_id}
            if run_id in runs:
                runs[run_id].stop()
                stopped.append(entry)
            else:
                message = JobRunNotFoundException(run_id).message
                detail = {
                    "ErrorCode": "EntityNotFoundException",
                    "ErrorMessage": message,
                }
                errors.append({**entry, "ErrorDetail": detail})
        return ActionResult(
            {"SuccessfulSubmissions": stopped, "Errors": errors}
        )


def _request_name(member: str) -> str:
    """Return the name that a member has in a request, such as `MaxRetries` for `max_retries`."""
    return "".join(word.title() for word in member.split("_"))
