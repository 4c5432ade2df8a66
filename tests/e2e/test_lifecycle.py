"""The loop itself, on what the stacks made: batches through ingestion and the master DAG until a drift has been learnt.

The account is empty but for production's stacks, and every process calls in its stack's role. After the replay a family
is trained on SageMaker; then every call that a role has made is held against its policy.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import pandas as pd
import pytest

from demo.replay.batches import Batch, cut
from include.lake.objects import list_objects, read_json, write_bytes
from include.registry.registry import champion, find_version
from include.registry.tracking import connect
from include.settings import settings
from infra import warehouse_role
from infra.environments import airflow_variables, load_environment
from infra.policies import (
    Call,
    compare,
    names_on_local_aws,
    read_calls,
    refused,
    statements,
    supports_resources,
)
from infra.stacks import Stacks
from localaws.roles import MLFLOW_ROLE, MWAA_ROLE, REDSHIFT_ROLE
from tests.infra.test_contract_rules import NINE, as_contract

pytestmark = pytest.mark.timeout(
    2400
)  # the first test waits for the whole replay, which a busy machine takes long for
MASTER = "data_drift_redshift_retrain"
ACCOUNT, REGION = "123456789012", "ap-south-1"
CODE = {
    "RequirementsVersion": "1",
    "PluginsVersion": "1",
    "StartupVersion": "1",
    "ApiImage": "image:1",
}
FAMILIES = {"families": ["logistic_regression", "lightgbm"]}
"""Two of the five: how each family fits, explains and packs itself is tested below tests/include."""
BOTH, CONTACT = FAMILIES, FAMILIES | {"scoring_stages": ["contact"]}
FORMS = {"1-first-champion": BOTH}
"""Trigger forms of the master DAG by batch: two stages to begin with, then the stage that this file asserts on."""
ON_SAGEMAKER = CONTACT | {
    "families": ["logistic_regression"],
    "training_backend": "sagemaker",
}
MADE_BY_STACKS = {
    "glue:CreateCrawler",
    "glue:CreateDatabase",
    "glue:CreateJob",
    "iam:CreateRole",
    "s3:CreateBucket",
    "secretsmanager:CreateSecret",
}


@dataclass
class Story:
    """What was replayed and how each run ended."""

    batches: Sequence[Batch]
    ingestions: list[Any]
    masters: list[Any]

    @property
    def frame(self) -> pd.DataFrame:
        return pd.concat(
            [pd.read_csv(io.BytesIO(batch.content)) for batch in self.batches]
        )


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Production's names, then the outputs of its stacks."""
    return names_on_local_aws(ACCOUNT)


@pytest.fixture(scope="module")
def build_account(names: dict[str, str]) -> Iterator[Callable[[], None]]:
    stage = load_environment("prod", ACCOUNT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADS_BUCKET", stage["Bucket"])
        settings.cache_clear()

        def build() -> None:
            session = boto3.Session(region_name=REGION)
            stacks = Stacks(stage, session, poll_seconds=0)
            for layer in stage.layers:
                stacks.apply(layer, CODE)
                if layer == "warehouse":
                    secret = stacks.outputs()["SecretArn"]
                    warehouse_role.make(stage, session, secret)
            names.update(stage.values | stacks.outputs())
            # The tests' own MLflow speaks no TLS; it takes the login that the secret holds, and asks for none.
            elsewhere = (
                "MLFLOW_TRACKING_URI",
                "LEADS_MLFLOW_CERTIFICATE",
                "LEADS_TRAINING_SUBNETS",
                "LEADS_TRAINING_SECURITY_GROUPS",
            )
            for name, value in airflow_variables(
                stage, stacks.outputs(), REGION
            ).items():
                if name not in elsewhere:
                    patch.setenv(name, value)
            settings.cache_clear()

        yield build
    settings.cache_clear()


@pytest.fixture(scope="module")
def story(platform: Any, airflow_db: None, leads_file: bytes) -> Story:
    assert platform.run("bootstrap_platform").state == "success"
    batches = cut(leads_file, platform.contract)
    told = Story(batches, [], [])
    for batch in batches:
        folder = f"{platform.layout.raw}{batch.name}/"
        write_bytes(f"{folder}leads.csv", batch.content)
        told.ingestions.append(platform.run("ingest_leads", {"prefix": folder}))
        told.masters.append(
            platform.run(MASTER, FORMS.get(batch.name, CONTACT))
        )
    return told


def branch(run: Any) -> str:
    """Which branch of the master DAG was taken."""
    branches = ("retrain", "no_action", "data_outage")
    return next(name for name in branches if any(
        task.split(".")[0] == name and state == "success" for task, state in run.states.items()
    ))  # fmt: skip


def test_every_run_of_the_replay_succeeds(story: Story) -> None:
    assert {run.state for run in [*story.ingestions, *story.masters]} == {
        "success"
    }


def test_every_lead_is_in_the_warehouse_with_its_outcome(
    story: Story, platform: Any
) -> None:
    contract, table = platform.contract, platform.contract.names.table
    label, name = contract.label, contract.column(contract.label).name
    row = platform.query(
        f"SELECT COUNT(*) AS leads, SUM({label}) AS won FROM public.{table}"
    )[0]
    assert (row["leads"], row["won"]) == (
        len(story.frame),
        story.frame[name].sum(),
    )


def test_no_cell_of_the_warehouse_is_a_null_token(
    story: Story, platform: Any
) -> None:
    texts = [
        column.field
        for column in platform.contract.columns
        if not column.numeric
    ]
    either = " OR ".join(f"{field} = 'Select'" for field in texts)
    assert (
        platform.query(
            f"SELECT COUNT(*) AS n FROM public.{platform.contract.names.table} WHERE {either}"
        )[0]["n"]
        == 0
    )


def test_the_master_dag_trains_first_then_waits_then_stops_at_an_outage_then_retrains(
    story: Story,
) -> None:
    assert [branch(run) for run in story.masters] == [
        "retrain",
        "no_action",
        "data_outage",
        "retrain",
    ]


@pytest.mark.parametrize(("master", "roc_auc"), [(0, 0.90), (-1, 0.97)])
def test_every_promoted_champion_meets_the_success_criteria(
    story: Story, master: int, roc_auc: float
) -> None:
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
    serving = champion(
        connect(settings().mlflow.tracking_uri), platform.contract.model_name()
    )
    assert serving is not None
    assert serving.version == "2"


def test_the_older_model_is_refused_when_it_challenges_the_new_champion(
    story: Story, platform: Any
) -> None:
    run = platform.run("promote_model", {"version": "1"})
    assert (run.states["keep_champion"], run.states["promote"]) == (
        "success",
        "skipped",
    )
    (decision,) = run.returned("champion_challenger")
    assert (
        decision["verdict"],
        decision["version"],
        decision["champion_version"],
    ) == ("keep", "1", "2")
    serving = champion(
        connect(settings().mlflow.tracking_uri), platform.contract.model_name()
    )
    assert serving is not None
    assert serving.version == "2"


def test_alerts_tell_of_training_registration_deployment_drift_and_outage(
    story: Story, platform: Any
) -> None:
    subjects = {
        (alert["channel"], alert["subject"]) for alert in platform.alerts()
    }
    for title in ("Retraining has started", "A challenger model is registered", "A new champion model is deployed",
                  "Data drift detected", "Data outage"):  # fmt: skip
        assert {
            channel for channel, subject in subjects if title in subject
        } == {"slack", "email"}, title


def test_the_same_file_again_changes_no_count_and_no_arrival(
    story: Story, platform: Any
) -> None:
    table = f"public.{platform.contract.names.table}"
    counts = f"SELECT COUNT(*) AS n, SUM({platform.contract.label}) AS won, MAX(ingested_at) AS last FROM {table}"
    before = platform.query(counts)
    run = platform.run(
        "ingest_leads",
        {"prefix": f"{platform.layout.raw}{story.batches[-1].name}/"},
    )
    assert run.state == "success"
    assert platform.query(counts) == before


def test_open_leads_are_scored_once_however_often_the_run_is_repeated(
    story: Story, platform: Any
) -> None:
    contract = platform.contract
    label = contract.column(contract.label).name
    opened = pd.read_csv(
        io.BytesIO(story.batches[-1].content), dtype=str, keep_default_na=False
    ).head(50)
    opened[contract.column(contract.key).name] = [
        f"open-{number}" for number in range(50)
    ]
    opened[label] = ""
    folder = f"{platform.layout.raw}open/"
    write_bytes(f"{folder}leads.csv", opened.to_csv(index=False).encode())
    assert platform.run("ingest_leads", {"prefix": folder}).state == "success"
    assert platform.run("score_leads").state == "success"
    scores = platform.query(
        f"SELECT * FROM public.{contract.names.scores_table}"
    )
    assert len(scores) == 50
    assert {
        row["model_version"] for row in scores if row["stage"] == "contact"
    } == {"2"}
    assert all(json.loads(row["reasons"]) for row in scores)
    assert all(0 <= row["probability"] <= 1 for row in scores)


def test_a_rollback_brings_the_first_champion_back(
    story: Story, platform: Any
) -> None:
    assert platform.run("promote_model", {"rollback": True}).state == "success"
    serving = champion(
        connect(settings().mlflow.tracking_uri), platform.contract.model_name()
    )
    assert serving is not None
    assert serving.version == "1"


def test_every_load_accounts_for_every_row(story: Story, platform: Any) -> None:
    uris = [
        uri
        for uri in list_objects(
            f"s3://{platform.settings.s3.bucket}/reports/loads/"
        )
        if uri.endswith("metrics.json")
    ]
    assert len(uris) >= len(story.batches)
    for metrics in map(read_json, uris):
        parts = (
            metrics["loaded_rows"]
            + metrics["quarantined_rows"]
            + metrics["duplicate_rows"]
        )
        assert metrics["input_rows"] == parts


@pytest.fixture(scope="module")
def training(story: Story, platform: Any) -> Any:
    """One family for one stage on SageMaker; the replay trains inside Airflow."""
    from airflow.providers.amazon.aws.hooks import sagemaker as hook

    with pytest.MonkeyPatch.context() as patch:
        # The provider asks for a job's status every 30 s: of a clock that runs.
        clock = SimpleNamespace(
            sleep=lambda seconds: time.sleep(0.2),
            monotonic=lambda: time.monotonic() * 100,
        )
        patch.setattr(hook, "time", clock)
        return platform.run("train_models", ON_SAGEMAKER)


def test_a_training_on_sagemaker_succeeds_and_skips_the_way_through_the_workers(
    training: Any,
) -> None:
    ways = (
        training.states["train.train_on_sagemaker"],
        training.states["train.train_family"],
    )
    assert (training.state, *ways) == ("success", "success", "skipped")


def test_the_job_leaves_its_result_below_the_runs_own_prefix(
    training: Any, platform: Any
) -> None:
    (archive,) = list_objects(platform.layout.training_jobs(training.key))
    assert archive.endswith("-logistic-regression-contact/output/model.tar.gz")


def test_the_result_comes_back_as_if_it_had_been_trained_here(
    training: Any,
) -> None:
    (result,) = training.returned("train.family_results")
    assert (result["family"], result["stage"]) == (
        "logistic_regression",
        "contact",
    )
    assert result["metrics"]["roc_auc"] > 0.9


def test_a_challenger_is_registered_from_what_sagemaker_trained(
    training: Any, platform: Any
) -> None:
    parent = str(training.returned("train.start_training"))
    version = find_version(
        connect(settings().mlflow.tracking_uri),
        platform.contract.model_name(),
        {"training_run_id": parent},
    )
    assert version is not None
    assert version.tags["family"] == "logistic_regression"


@pytest.fixture(scope="module")
def calls(training: Any, platform: Any) -> list[Call]:
    """What the roles called from an empty platform to here; conftest.py judges every other file's runs."""
    return read_calls(platform.calls)


@pytest.fixture(scope="module")
def verdict(
    calls: list[Call], names: dict[str, str]
) -> tuple[list[str], list[str]]:
    return compare(calls, names)


def test_the_replay_ran_on_the_resources_of_the_stacks_and_made_none_of_its_own(
    calls: list[Call], names: dict[str, str]
) -> None:
    assert not {call.action for call in calls} & MADE_BY_STACKS
    used = {resource for call in calls for resource in call.resources}
    account = f"arn:aws:glue:{REGION}:{ACCOUNT}"
    assert {
        f"{account}:job/{names['GlueJob']}",
        f"{account}:crawler/{names['GlueCrawler']}",
    } <= used
    assert {
        f"{account}:database/{names['GlueDatabase']}",
        names["WorkgroupArn"],
    } <= used
    buckets = {
        one.split(":::")[1].split("/")[0]
        for one in used
        if one.startswith("arn:aws:s3:::")
    }
    assert buckets == {names["Bucket"]}


@pytest.mark.parametrize(
    "role",
    [
        "glueaccessrole",
        "sagemaker-training-role",
        MLFLOW_ROLE,
        MWAA_ROLE,
        REDSHIFT_ROLE,
    ],
)
def test_a_roles_policy_allows_every_call_it_made(
    role: str, calls: list[Call], verdict: tuple[list[str], list[str]]
) -> None:
    assert role in {call.role for call in calls}, (
        "the recording is not of a whole lifecycle"
    )
    assert [line for line in verdict[0] if line.startswith(role)] == []


@pytest.mark.parametrize("name", NINE)
def test_with_ten_contracts_each_may_make_every_call_that_was_made(
    name: str, calls: list[Call], names: dict[str, str]
) -> None:
    policies = statements(names, NINE)
    for call in set(calls):
        own = as_contract(call, name, NINE[name], names)
        assert refused(own, policies) == (), own


def test_a_contract_that_is_not_in_force_may_make_none_of_its_own(
    calls: list[Call], names: dict[str, str]
) -> None:
    policies = statements(names, NINE)
    for call in set(calls):
        own = as_contract(call, "stranger", "stranger/", names)
        if own != call and supports_resources(call.action):
            assert refused(own, policies), own


def test_nobody_calls_without_a_role_of_the_templates(
    calls: list[Call], names: dict[str, str]
) -> None:
    assert {call.role for call in calls} <= {
        statement.role for statement in statements(names)
    }


def test_without_a_permission_the_same_calls_are_refused(
    calls: list[Call], names: dict[str, str]
) -> None:
    denials, _ = compare(calls, names | {"Bucket": "another-bucket"})
    assert {line.split()[0] for line in denials} >= {
        "glueaccessrole",
        MWAA_ROLE,
        REDSHIFT_ROLE,
    }


def test_what_is_allowed_and_was_not_used_is_told(
    verdict: tuple[list[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write(
            "\nallowed, not used here:\n" + "\n".join(verdict[1]) + "\n"
        )
    assert not [
        line
        for line in verdict[1]
        if "redshift-data:BatchExecuteStatement" in line
    ]
