"""Play the steps of the replay: the platform, then batch after batch through the DAGs, then scores."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.progress import Progress

from demo.ports import Ports
from demo.replay.airflow import Airflow, Run
from demo.replay.batches import Batch
from demo.replay.facts import Facts, alerts_so_far, read_facts, table_rows
from demo.replay.follow import run_to_success
from demo.replay.open_leads import (
    OpenFacts,
    OpenLeads,
    count_feedback,
    count_leads,
    first_on_desk,
    give_feedback,
    make_open_leads,
    read_scored,
)
from demo.replay.systems import Delivery, open_facts
from include.api.desk.listing import read_listing
from include.contract import Contract
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.settings import Settings

BOOTSTRAP = "bootstrap_platform"
INGEST = "ingest_leads"
MASTER = "data_drift_redshift_retrain"
SCORE = "score_leads"
FEEDBACK = "collect_feedback"
DAGS = (BOOTSTRAP, INGEST, MASTER, SCORE, FEEDBACK)


@dataclass(frozen=True)
class Replay:
    """One replay on a running platform.

    Attributes:
        airflow: client of the platform's Airflow.
        ports: where the platform's services listen.
        settings: those of the platform.
        contract: of the leads.
        mark: makes run ids unique among repeated replays.
        progress: display of the runs.
    """

    airflow: Airflow
    ports: Ports
    settings: Settings
    contract: Contract
    mark: str
    progress: Progress

    def run(self, batches: Sequence[Batch]) -> tuple[list[Facts], OpenFacts]:
        """Play every step; return what happened to each batch, and to the open leads at the end.

        Running it again merges the same leads and changes no count.

        Raises:
            RunFailedError: a DAG run did not succeed.
            AirflowError: Airflow refused a request or has no such DAG.
            httpx.HTTPError: the scoring API refused feedback.
        """
        self.prepare()
        outcomes = [self.play(batch) for batch in batches]
        open_leads = make_open_leads(batches[-1], self.contract)
        return outcomes, self.play_open(open_leads)

    def run_systems(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[list[Facts], OpenFacts]:
        """Play every step of a contract with several sources, as `run` does; the newest leads have no outcome yet."""
        self.prepare()
        outcomes = [self.play(delivery) for delivery in deliveries]
        return outcomes, self.play_newest()

    def prepare(self) -> None:
        """Let Airflow start the DAGs, and bootstrap the platform."""
        self.airflow.require_dags(DAGS)
        for dag_id in DAGS:
            self.airflow.unpause(dag_id)
        self._run_dag(BOOTSTRAP, "bootstrap", {}, "platform")

    def play(self, batch: Batch | Delivery) -> Facts:
        """Bring one batch in: CSV to S3, ingestion, master DAG."""
        started = time.monotonic()
        alerts_before = len(alerts_so_far(self.ports.inbox))
        form: Mapping[str, Any] = {}
        if isinstance(batch, Delivery):
            self._ingest_delivery(batch)
            form = batch.form
        else:
            self._ingest(batch)
        master = self._run_dag(MASTER, batch.name, form, batch.title)
        return read_facts(
            airflow=self.airflow,
            master=master,
            batch=batch.title,
            arrived=batch.rows,
            table_rows=table_rows(self.settings, self.contract),
            alerts=alerts_so_far(self.ports.inbox)[alerts_before:],
            seconds=time.monotonic() - started,
        )

    def play_open(self, leads: OpenLeads) -> OpenFacts:
        """Bring open leads in, score them, say what reps think of the scores, and bring late outcomes in."""
        self._ingest(leads.arriving)
        scored, leads_on_desk = self._score(leads.arriving.title)
        self._ingest(leads.outcomes)
        counts = count_leads(leads, self.settings, self.contract)
        return OpenFacts(
            arrived=leads.arriving.rows,
            scored=scored["scored"],
            explained=scored["explained"],
            on_desk=len(leads_on_desk),
            feedback=count_feedback(self.settings, self.contract),
            outcomes=counts["outcomes"],
            other_leads=counts["other_leads"],
            conversions=counts["conversions"],
            best=first_on_desk(leads_on_desk, self.contract),
        )

    def play_newest(self) -> OpenFacts:
        """Score the leads whose outcome is not known yet, and say what reps think of the scores."""
        scored, leads_on_desk = self._score("open leads")
        return open_facts(
            self.settings,
            self.contract,
            scored=scored,
            on_desk=len(leads_on_desk),
            feedback=count_feedback(self.settings, self.contract),
            best=first_on_desk(leads_on_desk, self.contract),
        )

    def _score(self, title: str) -> tuple[dict[str, int], pd.DataFrame]:
        """Score the open leads and give feedback; return the counts of scores, and the leads on the desk."""
        self._run_dag(SCORE, "scores", {}, title)
        scored = read_scored(self.settings, self.contract)
        layout = Layout(self.settings, self.contract)
        leads_on_desk = read_listing(layout).leads
        give_feedback(self.ports.api, leads_on_desk, self.contract)
        self._run_dag(FEEDBACK, "feedback", {}, "feedback")
        return scored, leads_on_desk

    def _ingest_delivery(self, delivery: Delivery) -> None:
        """Write what the systems wrote into their folders, and ingest all that lies there."""
        raw = Layout(self.settings, self.contract).raw
        for path, content in delivery.files.items():
            write_bytes(f"{raw}{path}", content)
        self._run_dag(INGEST, delivery.name, {}, delivery.title)

    def _ingest(self, batch: Batch) -> None:
        """Write a batch to a folder of its own, and ingest it."""
        folder = f"{Layout(self.settings, self.contract).raw}{batch.name}/"
        write_bytes(f"{folder}leads.csv", batch.content)
        self._run_dag(INGEST, batch.name, {"prefix": folder}, batch.title)

    def _run_dag(
        self, dag_id: str, step: str, conf: Mapping[str, Any], title: str
    ) -> Run:
        """Run a DAG to its success; the run's id names the step."""
        run_id = f"replay-{self.mark}-{step}"
        return run_to_success(
            self.airflow, self.progress, dag_id, run_id, dict(conf), title
        )
