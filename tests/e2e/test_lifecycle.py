"""The loop itself: batches through ingestion and the master DAG until a drifted one has been learnt."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from include.lake.objects import list_objects, read_json, write_bytes
from include.local.replay.batches import Batch, cut
from include.registry.registry import champion

MASTER = "data_drift_redshift_retrain"


@dataclass
class Story:
    """What was replayed and how each run ended."""

    batches: Sequence[Batch]
    ingestions: list[Any]
    masters: list[Any]

    @property
    def frame(self) -> pd.DataFrame:
        return pd.concat([pd.read_csv(io.BytesIO(batch.content)) for batch in self.batches])


@pytest.fixture(scope="module")
def story(platform: Any, airflow_db: None, leads_file: bytes) -> Story:
    assert platform.run("bootstrap_platform").state == "success"
    batches = cut(leads_file, platform.contract)
    told = Story(batches, [], [])
    for batch in batches:
        folder = f"{platform.layout.raw}{batch.name}/"
        write_bytes(f"{folder}leads.csv", batch.content)
        told.ingestions.append(platform.run("ingest_leads", {"prefix": folder}))
        told.masters.append(platform.run(MASTER))
    return told


def branch(run: Any) -> str:
    """Which branch of the master DAG was taken."""
    branches = ("retrain", "no_action", "data_outage")
    return next(name for name in branches if any(
        task.split(".")[0] == name and state == "success" for task, state in run.states.items()
    ))  # fmt: skip


def test_every_run_of_the_replay_succeeds(story: Story) -> None:
    assert {run.state for run in [*story.ingestions, *story.masters]} == {"success"}


def test_every_lead_is_in_the_warehouse_with_its_outcome(story: Story, platform: Any) -> None:
    contract, table = platform.contract, platform.contract.names.table
    label, name = contract.label, contract.column(contract.label).name
    row = platform.query(f"SELECT COUNT(*) AS leads, SUM({label}) AS won FROM public.{table}")[0]
    assert (row["leads"], row["won"]) == (len(story.frame), story.frame[name].sum())


def test_no_cell_of_the_warehouse_is_a_null_token(story: Story, platform: Any) -> None:
    texts = [column.field for column in platform.contract.columns if not column.numeric]
    either = " OR ".join(f"{field} = 'Select'" for field in texts)
    assert (
        platform.query(f"SELECT COUNT(*) AS n FROM public.{platform.contract.names.table} WHERE {either}")[0]["n"] == 0
    )


def test_the_master_dag_trains_first_then_waits_then_stops_at_an_outage_then_retrains(story: Story) -> None:
    assert [branch(run) for run in story.masters] == ["retrain", "no_action", "data_outage", "retrain"]


@pytest.mark.parametrize(("master", "roc_auc"), [(0, 0.90), (-1, 0.97)])
def test_every_promoted_champion_meets_the_success_criteria(story: Story, master: int, roc_auc: float) -> None:
    run = story.masters[master]
    challenger = run.returned("champion_challenger")[0]["metrics"]["challenger"]
    assert challenger["accuracy"] >= 0.90
    assert challenger["precision"] >= 0.85
    assert challenger["recall"] >= 0.85
    assert challenger["roc_auc"] >= roc_auc
    assert run.states["promote"] == "success"


def test_the_champion_after_the_drift_is_a_new_version_and_the_old_one_is_kept_for_rollback(
    story: Story, platform: Any
) -> None:
    serving = champion(platform.contract.model_name())
    assert serving is not None
    assert serving.version == "2"


def test_the_older_model_is_refused_when_it_challenges_the_new_champion(story: Story, platform: Any) -> None:
    run = platform.run("promote_model", {"version": "1"})
    assert (run.states["keep_champion"], run.states["promote"]) == ("success", "skipped")
    (decision,) = run.returned("champion_challenger")
    assert (decision["verdict"], decision["version"], decision["champion_version"]) == ("keep", "1", "2")
    serving = champion(platform.contract.model_name())
    assert serving is not None
    assert serving.version == "2"


def test_alerts_tell_of_training_registration_deployment_drift_and_outage(story: Story, platform: Any) -> None:
    subjects = {(alert["channel"], alert["subject"]) for alert in platform.alerts()}
    for title in ("Retraining has started", "A challenger model is registered", "A new champion model is deployed",
                  "Data drift detected", "Data outage"):  # fmt: skip
        assert {channel for channel, subject in subjects if title in subject} == {"slack", "email"}, title


def test_the_same_file_again_changes_no_count_and_no_arrival(story: Story, platform: Any) -> None:
    table = f"public.{platform.contract.names.table}"
    counts = f"SELECT COUNT(*) AS n, SUM({platform.contract.label}) AS won, MAX(ingested_at) AS last FROM {table}"
    before = platform.query(counts)
    run = platform.run("ingest_leads", {"prefix": f"{platform.layout.raw}{story.batches[-1].name}/"})
    assert run.state == "success"
    assert platform.query(counts) == before


def test_open_leads_are_scored_once_however_often_the_run_is_repeated(story: Story, platform: Any) -> None:
    contract = platform.contract
    label = contract.column(contract.label).name
    opened = pd.read_csv(io.BytesIO(story.batches[-1].content), dtype=str, keep_default_na=False).head(50)
    opened[contract.column(contract.key).name] = [f"open-{number}" for number in range(50)]
    opened[label] = ""
    folder = f"{platform.layout.raw}open/"
    write_bytes(f"{folder}leads.csv", opened.to_csv(index=False).encode())
    assert platform.run("ingest_leads", {"prefix": folder}).state == "success"
    assert platform.run("score_leads").state == "success"
    scores = platform.query(f"SELECT * FROM public.{contract.names.scores_table}")
    assert len(scores) == 50
    assert {row["model_version"] for row in scores if row["stage"] == "contact"} == {"2"}
    assert all(json.loads(row["reasons"]) for row in scores)
    assert all(0 <= row["probability"] <= 1 for row in scores)


def test_a_rollback_brings_the_first_champion_back(story: Story, platform: Any) -> None:
    assert platform.run("promote_model", {"rollback": True}).state == "success"
    serving = champion(platform.contract.model_name())
    assert serving is not None
    assert serving.version == "1"


def test_every_load_accounts_for_every_row(story: Story, platform: Any) -> None:
    uris = [
        uri for uri in list_objects(f"s3://{platform.settings.bucket}/reports/loads/") if uri.endswith("metrics.json")
    ]
    assert len(uris) >= len(story.batches)
    for metrics in map(read_json, uris):
        parts = metrics["loaded_rows"] + metrics["quarantined_rows"] + metrics["duplicate_rows"]
        assert metrics["input_rows"] == parts
