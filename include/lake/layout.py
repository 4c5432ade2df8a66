"""Where everything lies in S3: one place that knows the prefixes."""

from dataclasses import dataclass

from include.contract import Contract
from include.settings import Settings

OUTCOME_FOLDER = "outcome="
"""Begins the name of a folder of what belongs to an outcome beside the main one."""


@dataclass(frozen=True)
class Layout:
    """S3 URIs of one contract's data. Every URI of a folder ends with a slash.

    What is made for an outcome beside the main one lies in a folder `outcome=<name>/` below that of its kind, so that
    rules about a kind of files hold for it too.
    """

    settings: Settings
    contract: Contract

    def for_outcome(self, name: str) -> "Layout":
        """Return where everything of one outcome lies; "" means the main one. Raises ContractError."""
        return Layout(self.settings, self.contract.for_outcome(name))

    def _folder(self, prefix: str, *parts: str) -> str:
        """Return a folder below one of the settings' prefixes."""
        bucket = f"s3://{self.settings.s3.bucket}"
        path = "/".join((f"{self.contract.names.prefix}{prefix}", *parts))
        return f"{bucket}/{path}/"

    def _own(self, prefix: str, kind: str, *parts: str) -> str:
        """Return a folder of what belongs to one outcome."""
        if self.contract.outcome:
            parts = (f"{OUTCOME_FOLDER}{self.contract.outcome}", *parts)
        return self._folder(prefix, kind, *parts)

    def _processed(self, kind: str, *parts: str) -> str:
        return self._own(self.settings.s3.processed_prefix, kind, *parts)

    def _quarantine(self, *parts: str) -> str:
        return self._folder(self.settings.s3.quarantine_prefix, *parts)

    def _reports(self, kind: str, *parts: str) -> str:
        return self._own(self.settings.s3.reports_prefix, kind, *parts)

    def _artifacts(self, kind: str, *parts: str) -> str:
        return self._own(self.settings.s3.artifacts_prefix, kind, *parts)

    def _scripts(self, name: str) -> str:
        return self._folder(self.settings.s3.scripts_prefix) + name

    @property
    def raw(self) -> str:
        """Return the folder where raw CSV files land."""
        return self._folder(self.settings.s3.raw_prefix)

    @property
    def raw_folders(self) -> list[str]:
        """Return the folders in which files of one kind lie: that of each source, or `raw` without sources."""
        sources = self.contract.unify.get("sources", ())
        folders = [f"{self.raw}{source['prefix']}" for source in sources]
        return folders or [self.raw]

    def load(self, load_id: str) -> str:
        """Return the folder of the typed Parquet files of one load."""
        return self._processed(f"load={load_id}")

    def load_published(self, load_id: str) -> str:
        """Return what one load says of all leads together (JSON, packed with gzip), beside its Parquet files."""
        return self._processed(f"load={load_id}-published") + "rates.json.gz"

    @property
    def published(self) -> str:
        """Return the same of the last load that has passed the gate, for features of one lead."""
        return self._processed("published") + "current.json.gz"

    @property
    def published_leads(self) -> str:
        """Return the leads of that load (Parquet), with their features."""
        return self._processed("published") + "leads.parquet"

    def quarantine(self, load_id: str) -> str:
        """Return the folder of the rows of one load that could not be typed (JSON lines)."""
        return self._quarantine(f"load={load_id}")

    def load_metrics(self, load_id: str) -> str:
        """Return the JSON file with the counts of one load."""
        return self._reports("loads", load_id) + "metrics.json"

    @property
    def snapshots(self) -> str:
        """Return the folder of all training snapshots."""
        return self._processed("snapshots")

    def snapshot(self, run_id: str) -> str:
        """Return the folder of a training snapshot: Parquet files and `manifest.json`."""
        return self._processed("snapshots", run_id)

    def window(self, run_id: str) -> str:
        """Return the folder of the current window that one drift analysis looked at."""
        return self._processed("windows", run_id)

    def matured(self, run_id: str) -> str:
        """Return the folder of the leads with a final outcome on which one drift analysis judged the champion."""
        return self._processed("matured", run_id)

    def open_leads(self, run_id: str) -> str:
        """Return the folder of the open leads that one scoring run reads."""
        return self._processed("open", run_id)

    def scores(self, run_id: str) -> str:
        """Return the folder of the scores that one scoring run writes (Parquet)."""
        return self._processed("scores", run_id)

    def champions(self, run_id: str) -> str:
        """Return the archive of the champions that one scoring run hands to Spark."""
        return self._processed("champions", run_id) + "model.tar.gz"

    def desk(self, run_id: str) -> str:
        """Return the folder of the open leads that one scoring run unloads for the lead desk (Parquet)."""
        return self._processed("desk", run_id)

    @property
    def desk_list(self) -> str:
        """Return the list that the lead desk shows (JSON, packed with gzip)."""
        return self._processed("desk") + "current.json.gz"

    @property
    def feedback(self) -> str:
        """Return the folder of what the sales team says of scores, one JSON object each.

        That of the main outcome holds the folders of the others.
        """
        folders = []
        if self.contract.outcome:
            folders.append(f"{OUTCOME_FOLDER}{self.contract.outcome}")
        return self._folder(self.settings.s3.feedback_prefix, *folders)

    def endpoint_model(self, run_id: str) -> str:
        """Return the archive of the champions that one deployment brings onto the endpoint."""
        return self._artifacts("endpoint", run_id) + "model.tar.gz"

    @property
    def endpoint_capture(self) -> str:
        """Return the folder of the requests and answers that the endpoint keeps."""
        return self._processed("endpoint-capture")

    def collected_feedback(self, run_id: str) -> str:
        """Return the folder of the feedback that one collecting run found new (Parquet)."""
        return self._processed("feedback", run_id)

    @property
    def feedback_quarantine(self) -> str:
        """Return the folder of what lay among the feedback and is none, one JSON object each, with the reason."""
        return self._quarantine("feedback")

    def votes(self, run_id: str) -> str:
        """Return the folder of the outcomes that reps report, one row per lead, as one snapshot counted them."""
        return self._processed("votes", run_id)

    def training_jobs(self, run_id: str) -> str:
        """Return the folder of what one run's SageMaker training jobs hand back (`<job>/output/model.tar.gz`)."""
        return self._artifacts("sagemaker", run_id)

    @property
    def agreement(self) -> str:
        """Return the JSON file with the newest figures on how far reps and models agree."""
        return self._reports("feedback") + "latest.json"

    @property
    def ledger(self) -> str:
        """Return the folder of the ledger of champions: one JSON object a model (`include.registry.ledger`)."""
        return self._reports("champions")

    def report(self, kind: str, run_id: str) -> str:
        """Return the folder of one run's reports of a kind (drift, gate, eda)."""
        return self._reports(kind, run_id)

    @property
    def job_script(self) -> str:
        """Return the script of the Glue job that ingests."""
        return self._scripts("s3_to_redshift.py")

    @property
    def scoring_script(self) -> str:
        """Return the script of the Glue job that scores."""
        return self._scripts("score_leads.py")

    @property
    def job_code(self) -> str:
        """Return the zip of the project's own code that the Glue jobs import."""
        return self._scripts("include.zip")

    @property
    def scoring_requirements(self) -> str:
        """Return the packages that the scoring job installs."""
        return self._scripts("score_leads.requirements.txt")

    @property
    def job_contract(self) -> str:
        """Return the contract as JSON, as the Glue job reads it."""
        return self._scripts(f"{self.contract.contract}.json")
