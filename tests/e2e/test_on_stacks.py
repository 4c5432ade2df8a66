"""The lifecycle on what the stacks made, in the stacks' roles: a training on SageMaker, and what every role called."""

import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.infra.policies import Call, judge, names_on_local_aws, read_calls, statements
from include.infra.stacks import Stacks
from include.infra.stages import LAYERS, airflow_environment, load_stage
from include.lake.objects import list_objects, write_bytes
from include.local.aws.roles import MLFLOW_ROLE, MWAA_ROLE, REDSHIFT_ROLE
from include.local.replay.batches import cut
from include.registry.registry import find_version
from include.registry.tracking import connect
from include.settings import settings

ACCOUNT, REGION = "123456789012", "ap-south-1"
CODE = {"RequirementsVersion": "1", "PluginsVersion": "1", "StartupVersion": "1", "ApiImage": "image:1"}
FORM = {"families": ["logistic_regression"], "scoring_stages": ["contact"], "training_backend": "sagemaker"}


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Production's names, then the outputs of its stacks."""
    return names_on_local_aws(ACCOUNT)


@pytest.fixture(scope="module")
def build_account(names: dict[str, str]) -> Iterator[Callable[[], None]]:
    stage = load_stage("prod", ACCOUNT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADS_BUCKET", stage["Bucket"])
        settings.cache_clear()

        def build() -> None:
            stacks = Stacks(stage, boto3.Session(region_name=REGION), poll_seconds=0)
            for layer in LAYERS:
                stacks.apply(layer, CODE)
            names.update(stage.given | stacks.outputs())
            elsewhere = ("MLFLOW_TRACKING_URI", "LEADS_TRAINING_SUBNETS", "LEADS_TRAINING_SECURITY_GROUPS")
            for name, value in airflow_environment(stage, stacks.outputs(), REGION).items():
                if name not in elsewhere:
                    patch.setenv(name, value)
            settings.cache_clear()

        yield build
    settings.cache_clear()


@pytest.fixture(scope="module")
def training(platform: Any, airflow_db: None, leads_file: bytes) -> Any:
    """One family for one stage on SageMaker; training inside Airflow is what the replay in test_lifecycle.py does."""
    from airflow.providers.amazon.aws.hooks import sagemaker as hook

    folder = f"{platform.layout.raw}on-stacks/"
    write_bytes(f"{folder}leads.csv", cut(leads_file, platform.contract)[0].content)
    assert platform.run("bootstrap_platform").state == "success"
    assert platform.run("ingest_leads", {"prefix": folder}).state == "success"
    with pytest.MonkeyPatch.context() as patch:
        # The provider asks for a job's status every 30 s: of a clock that runs.
        clock = SimpleNamespace(sleep=lambda seconds: time.sleep(0.2), monotonic=lambda: time.monotonic() * 100)
        patch.setattr(hook, "time", clock)
        return platform.run("train_models", FORM)


@pytest.fixture(scope="module")
def calls(training: Any, platform: Any) -> list[Call]:
    """What the roles called from an empty platform to a challenger; conftest.py judges every other file's runs."""
    return read_calls(platform.calls)


@pytest.fixture(scope="module")
def verdict(calls: list[Call], names: dict[str, str]) -> tuple[list[str], list[str]]:
    return judge(calls, names)


def test_a_training_on_sagemaker_succeeds_and_skips_the_way_through_the_workers(training: Any) -> None:
    assert training.state == "success"
    assert (training.states["train.train_on_sagemaker"], training.states["train.train_family"]) == (
        "success",
        "skipped",
    )


def test_the_job_leaves_its_result_below_the_runs_own_prefix(training: Any, platform: Any) -> None:
    (archive,) = list_objects(platform.layout.training_jobs(training.key))
    assert archive.endswith("-logistic-regression-contact/output/model.tar.gz")


def test_the_result_comes_back_as_if_it_had_been_trained_here(training: Any) -> None:
    (result,) = training.returned("train.family_results")
    assert (result["family"], result["stage"]) == ("logistic_regression", "contact")
    assert result["metrics"]["roc_auc"] > 0.9


def test_a_challenger_is_registered_from_what_sagemaker_trained(training: Any, platform: Any) -> None:
    parent = str(training.returned("train.start_training"))
    version = find_version(connect(), platform.contract.model_name(), {"training_run_id": parent})
    assert version is not None
    assert version.tags["family"] == "logistic_regression"


@pytest.mark.parametrize("role", ["glueaccessrole", "sagemaker-training-role", MLFLOW_ROLE, MWAA_ROLE, REDSHIFT_ROLE])
def test_a_roles_policy_allows_every_call_it_made(
    role: str, calls: list[Call], verdict: tuple[list[str], list[str]]
) -> None:
    assert role in {call.role for call in calls}, "the recording is not of a whole lifecycle"
    assert [line for line in verdict[0] if line.startswith(role)] == []


def test_nobody_calls_without_a_role_of_the_templates(calls: list[Call], names: dict[str, str]) -> None:
    assert {call.role for call in calls} <= {statement.role for statement in statements(names)}


def test_without_a_permission_the_same_calls_are_refused(calls: list[Call], names: dict[str, str]) -> None:
    denials, _ = judge(calls, names | {"Bucket": "another-bucket"})
    assert {line.split()[0] for line in denials} >= {"glueaccessrole", MWAA_ROLE, REDSHIFT_ROLE}


def test_what_is_allowed_and_was_not_used_is_told(
    verdict: tuple[list[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write("\nallowed, not used here:\n" + "\n".join(verdict[1]) + "\n")
    assert not [line for line in verdict[1] if "redshift-data:BatchExecuteStatement" in line]
