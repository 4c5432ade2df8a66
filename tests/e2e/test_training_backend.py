"""A training whose families are trained as SageMaker jobs, from the warehouse to the registered challenger."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from include.lake.objects import list_objects, write_bytes
from include.local.replay.batches import cut
from include.registry.registry import find_version
from include.registry.tracking import connect

FORM = {"families": ["logistic_regression"], "scoring_stages": ["contact"], "training_backend": "sagemaker"}


@pytest.fixture(scope="module")
def run(platform: Any, airflow_db: None, leads_file: bytes) -> Any:
    """One family for one stage; training inside Airflow is what the replay in test_lifecycle.py does."""
    from airflow.providers.amazon.aws.hooks import sagemaker as hook

    assert platform.run("bootstrap_platform").state == "success"
    folder = f"{platform.layout.raw}training-backend/"
    write_bytes(f"{folder}leads.csv", cut(leads_file, platform.contract)[0].content)
    assert platform.run("ingest_leads", {"prefix": folder}).state == "success"
    with pytest.MonkeyPatch.context() as patch:
        # The provider asks for a job's status every 30 s: of a clock that runs.
        clock = SimpleNamespace(sleep=lambda seconds: time.sleep(0.2), monotonic=lambda: time.monotonic() * 100)
        patch.setattr(hook, "time", clock)
        return platform.run("train_models", FORM)


def test_a_training_on_sagemaker_succeeds_and_skips_the_way_through_the_workers(run: Any) -> None:
    assert run.state == "success"
    assert (run.states["train.train_on_sagemaker"], run.states["train.train_family"]) == ("success", "skipped")


def test_the_job_leaves_its_result_below_the_runs_own_prefix(run: Any, platform: Any) -> None:
    (archive,) = list_objects(platform.layout.training_jobs(run.key))
    assert archive.endswith("-logistic-regression-contact/output/model.tar.gz")


def test_the_result_comes_back_as_if_it_had_been_trained_here(run: Any) -> None:
    (result,) = run.returned("train.family_results")
    assert (result["family"], result["stage"]) == ("logistic_regression", "contact")
    assert result["metrics"]["roc_auc"] > 0.9


def test_a_challenger_is_registered_from_what_sagemaker_trained(run: Any, platform: Any) -> None:
    version = find_version(connect(), platform.contract.model_name(), {"training_run_id": parent_of(run)})
    assert version is not None
    assert version.tags["family"] == "logistic_regression"


def parent_of(run: Any) -> str:
    """The MLflow run of the training."""
    return str(run.returned("train.start_training"))
