"""The replay itself: platform, then batch after batch through ingestion and the master DAG, then scores."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.progress import Progress

from demo.ports import Ports
from demo.replay.airflow import Airflow
from demo.replay.batches import Batch
from demo.replay.facts import Facts, alerts_so_far, read_facts, table_rows
from demo.replay.follow import run_to_success
from include.contract import Contract
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.settings import Settings

BOOTSTRAP, INGEST, MASTER, SCORE = "bootstrap_platform", "ingest_leads", "data_drift_redshift_retrain", "score_leads"
DAGS = (BOOTSTRAP, INGEST, MASTER, SCORE)


@dataclass(frozen=True)
class Stage:
    """Everything the replay plays on. `mark` makes run ids unique among repeated replays."""

    airflow: Airflow
    ports: Ports
    settings: Settings
    contract: Contract
    mark: str

    def run_id(self, name: str) -> str:
        """Id of the run that this replay starts for `name`."""
        return f"replay-{self.mark}-{name}"


def replay(stage: Stage, batches: Sequence[Batch], progress: Progress) -> list[Facts]:
    """Plays every batch and returns what happened. Running it again merges the same leads and changes no count.

    Raises:
        RunFailedError: a DAG run did not succeed.
        AirflowError: Airflow refused a request or has no such DAG.
    """
    stage.airflow.require_dags(DAGS)
    for dag_id in DAGS:
        stage.airflow.unpause(dag_id)
    run_to_success(stage.airflow, progress, BOOTSTRAP, stage.run_id("bootstrap"), {}, "platform")
    outcomes = [play(stage, batch, progress) for batch in batches]
    run_to_success(stage.airflow, progress, SCORE, stage.run_id("scores"), {}, "scores")
    return outcomes


def play(stage: Stage, batch: Batch, progress: Progress) -> Facts:
    """One batch: CSV to S3, ingestion, master DAG."""
    started, alerts_before = time.monotonic(), len(alerts_so_far(stage.ports.inbox))
    folder = f"{Layout(stage.settings, stage.contract).raw}{batch.name}/"
    write_bytes(f"{folder}leads.csv", batch.content)
    run_to_success(stage.airflow, progress, INGEST, stage.run_id(batch.name), {"prefix": folder}, batch.title)
    master = run_to_success(stage.airflow, progress, MASTER, stage.run_id(batch.name), {}, batch.title)
    return read_facts(
        stage.airflow,
        master,
        batch.title,
        batch.rows,
        table_rows(stage.settings, stage.contract),
        alerts_so_far(stage.ports.inbox)[alerts_before:],
        time.monotonic() - started,
    )
