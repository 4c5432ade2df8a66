"""The command `train` on a job's folder tree, without SageMaker around it."""

import json
from pathlib import Path

import pytest

from include.endpoint.training_container import main
from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import list_objects, read_bytes
from include.settings import settings
from include.training.data.snapshot import write_manifest

FAMILY = "logistic_regression"


class Job:
    """A job's folders, filled as SageMaker would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in (
            "input/config",
            "input/data/snapshot",
            "model",
            "output",
        ):
            (root / folder).mkdir(parents=True)

    def ask(self, **hyperparameters: str) -> None:
        (self.root / "input/config/hyperparameters.json").write_text(
            json.dumps(hyperparameters)
        )

    def stage(self, uri: str) -> None:
        for item in list_objects(uri):
            (
                self.root / "input/data/snapshot" / item.removeprefix(uri)
            ).write_bytes(read_bytes(item))

    @property
    def failure(self) -> str:
        return (self.root / "output/failure").read_text()

    @property
    def result(self) -> dict:
        return json.loads((self.root / "model/result.json").read_text())


@pytest.fixture
def job(tmp_path, monkeypatch) -> Job:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path / "ml"))
    return Job(tmp_path / "ml")


@pytest.fixture
def parent(snapshot, tracking, trainer) -> str:
    return trainer.start(snapshot, "run-1")


@pytest.fixture
def ready(job, snapshot, parent) -> Job:
    """A job that can succeed."""
    job.ask(family=FAMILY, stage="contact", parent_run_id=parent)
    job.stage(snapshot)
    return job


def test_a_job_finds_what_the_same_training_in_airflow_finds(
    ready, snapshot, parent, trainer
):
    assert main(["train"]) == 0
    direct = trainer.train(snapshot, FAMILY, "contact", parent)
    assert ready.result | {"run_id": ""} == json.loads(json.dumps(direct)) | {
        "run_id": ""
    }
    assert not (ready.root / "output/failure").exists()


def test_a_job_reads_its_own_copy_and_asks_s3_for_nothing(ready, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert main(["train"]) == 0


def test_the_run_names_the_snapshot_in_s3_and_not_the_jobs_folder(
    ready, snapshot, tracking
):
    import mlflow

    assert main(["train"]) == 0
    run = mlflow.MlflowClient(tracking).get_run(ready.result["run_id"])
    assert run.inputs.dataset_inputs[0].dataset.source == json.dumps(
        {"uri": snapshot}
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"stage": None}, "stage: Field required"),
        ({"depth": "3"}, "depth: Extra inputs are not permitted"),
    ],
)
def test_hyperparameters_that_do_not_fit_are_named(
    ready, parent, change, problem
):
    asked = {
        "family": FAMILY,
        "stage": "contact",
        "parent_run_id": parent,
    } | change
    ready.ask(**{name: value for name, value in asked.items() if value})
    assert main(["train"]) == 1
    assert ready.failure.startswith("BadHyperparametersError: ")
    assert problem in ready.failure


@pytest.fixture
def one_class(job, layout, contract, accounts_of, parent) -> Job:
    """A job on leads with one outcome only."""
    uri = layout.snapshot("one-class")
    write_parquet(accounts_of(rows=200).assign(won=1), f"{uri}part.parquet")
    write_manifest(settings(), contract, "one-class", "UNLOAD …")
    job.stage(uri)
    job.ask(family=FAMILY, stage="contact", parent_run_id=parent)
    return job


def test_leads_that_cannot_be_trained_on_are_a_result_and_no_failure(one_class):
    assert main(["train"]) == 0
    result = one_class.result
    refused = result.pop("refused")
    assert result == {"stage": "contact", "family": FAMILY}
    assert refused.startswith("all 200 labelled leads")
    assert not (one_class.root / "output/failure").exists()


def test_a_failed_training_leaves_its_message_first_and_no_result(
    ready, parent
):
    ready.ask(family="oracle", stage="contact", parent_run_id=parent)
    assert main(["train"]) == 1
    assert ready.failure.startswith("KeyError: 'oracle'")
    assert "Traceback" in ready.failure
    assert not (ready.root / "model/result.json").exists()


def test_an_empty_channel_is_named(job, parent):
    job.ask(family=FAMILY, stage="contact", parent_run_id=parent)
    assert main(["train"]) == 1
    assert job.failure.startswith(
        f"ObjectMissingError: file://{job.root}/input/data/snapshot/"
    )


def test_mlflow_down_is_told_with_its_address(ready, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    assert main(["train"]) == 1
    assert ready.failure.startswith(
        "TrackingUnavailableError: MLflow does not answer at http://127.0.0.1:9"
    )


def test_another_command_than_train_is_refused(job):
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    assert ended.value.code == 2


def test_the_channel_holds_the_rows_of_the_snapshot(ready, snapshot):
    copy = read_parquet(f"file://{ready.root}/input/data/snapshot/")
    assert copy.equals(read_parquet(snapshot))


def test_a_check_reads_the_snapshot_and_asks_mlflow_and_trains_nothing(
    job, snapshot, tracking
):
    job.stage(snapshot)
    assert main(["check"]) == 0
    assert job.result == {
        "rows": len(read_parquet(snapshot)),
        "mlflow": "answers",
    }


def test_a_check_without_mlflow_names_its_address(job, snapshot, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    job.stage(snapshot)
    assert main(["check"]) == 1
    assert "http://127.0.0.1:9" in job.failure
    settings.cache_clear()
