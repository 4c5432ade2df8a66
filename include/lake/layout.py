"""Where everything lies in S3: one place that knows the prefixes."""

from dataclasses import dataclass

from include.contract import Contract
from include.settings import Settings


@dataclass(frozen=True)
class Layout:
    """S3 URIs of one contract's data. Every URI of a folder ends with a slash."""

    settings: Settings
    contract: Contract

    def _folder(self, prefix: str, *parts: str) -> str:
        return "/".join((f"s3://{self.settings.s3.bucket}/{self.contract.names.prefix}{prefix}", *parts)) + "/"

    @property
    def raw(self) -> str:
        """Folder where raw CSV files land."""
        return self._folder(self.settings.s3.raw_prefix)

    def load(self, load_id: str) -> str:
        """Folder of the typed Parquet files of one load."""
        return self._folder(self.settings.s3.processed_prefix, f"load={load_id}")

    def quarantine(self, load_id: str) -> str:
        """Folder of the rows of one load that could not be typed (JSON lines)."""
        return self._folder(self.settings.s3.quarantine_prefix, f"load={load_id}")

    def load_metrics(self, load_id: str) -> str:
        """JSON file with the counts of one load."""
        return self._folder(self.settings.s3.reports_prefix, "loads", load_id) + "metrics.json"

    def snapshot(self, run_id: str) -> str:
        """Folder of a training snapshot: Parquet files and `manifest.json`."""
        return self._folder(self.settings.s3.processed_prefix, "snapshots", run_id)

    def window(self, run_id: str) -> str:
        """Folder of the current window that one drift analysis looked at."""
        return self._folder(self.settings.s3.processed_prefix, "windows", run_id)

    def matured(self, run_id: str) -> str:
        """Folder of the leads with a final outcome on which one drift analysis judged the champion."""
        return self._folder(self.settings.s3.processed_prefix, "matured", run_id)

    def open_leads(self, run_id: str) -> str:
        """Folder of the open leads that one scoring run reads."""
        return self._folder(self.settings.s3.processed_prefix, "open", run_id)

    def scores(self, run_id: str) -> str:
        """Folder of the scores that one scoring run writes (Parquet)."""
        return self._folder(self.settings.s3.processed_prefix, "scores", run_id)

    def champions(self, run_id: str) -> str:
        """Archive of the champions that one scoring run hands to Spark."""
        return self._folder(self.settings.s3.processed_prefix, "champions", run_id) + "model.tar.gz"

    def desk(self, run_id: str) -> str:
        """Folder of the open leads that one scoring run unloads for the lead desk (Parquet)."""
        return self._folder(self.settings.s3.processed_prefix, "desk", run_id)

    @property
    def desk_list(self) -> str:
        """The list that the lead desk shows (JSON, packed with gzip)."""
        return self._folder(self.settings.s3.processed_prefix, "desk") + "current.json.gz"

    @property
    def feedback(self) -> str:
        """Folder of what the sales team says of scores, one JSON object each."""
        return self._folder(self.settings.s3.feedback_prefix)

    def endpoint_model(self, run_id: str) -> str:
        """Archive of the champions that one deployment brings onto the endpoint."""
        return self._folder(self.settings.s3.artifacts_prefix, "endpoint", run_id) + "model.tar.gz"

    @property
    def endpoint_capture(self) -> str:
        """Folder of the requests and answers that the endpoint keeps."""
        return self._folder(self.settings.s3.processed_prefix, "endpoint-capture")

    def collected_feedback(self, run_id: str) -> str:
        """Folder of the feedback that one collecting run found new (Parquet)."""
        return self._folder(self.settings.s3.processed_prefix, "feedback", run_id)

    @property
    def feedback_quarantine(self) -> str:
        """Folder of what lay among the feedback and is none, one JSON object each, with the reason."""
        return self._folder(self.settings.s3.quarantine_prefix, "feedback")

    def votes(self, run_id: str) -> str:
        """Folder of what the sales team says became of leads, one row per lead, as one snapshot counted it."""
        return self._folder(self.settings.s3.processed_prefix, "votes", run_id)

    def training_jobs(self, run_id: str) -> str:
        """Folder of what one run's SageMaker training jobs hand back (`<job>/output/model.tar.gz`)."""
        return self._folder(self.settings.s3.artifacts_prefix, "sagemaker", run_id)

    @property
    def agreement(self) -> str:
        """JSON file with the newest figures on how far reps and models agree."""
        return self._folder(self.settings.s3.reports_prefix, "feedback") + "latest.json"

    def report(self, kind: str, run_id: str) -> str:
        """Folder of one run's reports of a kind (drift, gate, eda)."""
        return self._folder(self.settings.s3.reports_prefix, kind, run_id)

    @property
    def job_script(self) -> str:
        """The Glue job's script."""
        return self._folder(self.settings.s3.scripts_prefix) + "s3_to_redshift.py"

    @property
    def scoring_script(self) -> str:
        """The script of the Glue job that scores."""
        return self._folder(self.settings.s3.scripts_prefix) + "score_leads.py"

    @property
    def job_code(self) -> str:
        """Return the zip of the project's own code that the Glue jobs import."""
        return self._folder(self.settings.s3.scripts_prefix) + "include.zip"

    @property
    def scoring_requirements(self) -> str:
        """The packages that the scoring job installs."""
        return self._folder(self.settings.s3.scripts_prefix) + "score_leads.requirements.txt"

    @property
    def job_contract(self) -> str:
        """The contract as JSON, as the Glue job reads it."""
        return self._folder(self.settings.s3.scripts_prefix) + f"{self.contract.contract}.json"
