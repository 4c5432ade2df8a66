"""Airflow's own operator and the project's own container, against local AWS and a real MLflow server."""

import time
from types import SimpleNamespace

import pytest

from include.lake.frames import write_parquet
from include.lake.layout import Layout
from include.settings import settings
from include.training.sagemaker import read_result, training_job
from include.training.snapshot import write_manifest
from include.training.train import start_training, train_family

FAMILY, STAGE = "logistic_regression", "contact"


@pytest.fixture(autouse=True)
def client_environment(endpoint, monkeypatch):
    variables = {
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": settings().region,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


@pytest.fixture
def operator(monkeypatch):
    """Maker of the operator as the DAGs use it. The provider asks for the status every 30 s: of a clock that runs."""
    from airflow.providers.amazon.aws.hooks import sagemaker as hook
    from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator

    clock = SimpleNamespace(sleep=lambda seconds: time.sleep(0.1), monotonic=lambda: time.monotonic() * 300)
    monkeypatch.setattr(hook, "time", clock)

    def make(request):
        return SageMakerTrainingOperator(
            task_id="train", config=request, check_interval=1, print_log=True, deferrable=False
        )

    return make


@pytest.fixture
def snapshot(contract, accounts, client_environment):
    settings.cache_clear()
    uri = Layout(settings(), contract).snapshot(contract.names.model)
    write_parquet(accounts, f"{uri}part.parquet")
    write_manifest(settings(), contract, contract.names.model, "UNLOAD …")
    return uri


@pytest.fixture
def parent(snapshot, tracking):
    return start_training(snapshot, "run-1")


@pytest.fixture
def asked(snapshot, parent):
    """The request that the DAG makes for one family and stage."""
    return training_job(settings(), f"train_models__{parent}", snapshot, parent, family=FAMILY, stage=STAGE)


def test_a_training_on_sagemaker_finds_what_one_in_airflow_finds(operator, asked, snapshot, parent):
    described = operator(asked).execute({})["Training"]
    found = read_result(described["ModelArtifacts"]["S3ModelArtifacts"])
    direct = train_family(snapshot, FAMILY, STAGE, parent)
    assert found["metrics"] == direct["metrics"]
    assert found["params"] == direct["params"]


def test_a_second_try_gets_a_name_of_its_own(operator, training, client_environment):
    request = training.request("pass")
    names = [operator(dict(request)).execute({})["Training"]["TrainingJobName"] for _ in range(2)]
    assert names[0] == request["TrainingJobName"]
    assert names[1].startswith(f"{names[0]}-")


def test_the_operator_fails_with_the_jobs_reason_and_shows_its_log(operator, asked, capsys):
    from airflow.exceptions import AirflowException

    asked["HyperParameters"]["family"] = "astrology"
    with pytest.raises(AirflowException, match=r"(?s)astrology.*exit code: 1"):
        operator(asked).execute({})
    assert "Training failed" in capsys.readouterr().out


def test_the_operator_fails_with_a_stopped_job(operator, training):
    from airflow.exceptions import AirflowException

    request = training.request("import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    with pytest.raises(AirflowException, match="Stopped"):
        operator(request).execute({})


def test_the_operator_finds_the_role_by_its_name(operator, training):
    request = training.request("pass", RoleArn=settings().training_role)
    described = operator(request).execute({})["Training"]
    assert described["RoleArn"].endswith(f":role/{settings().training_role}")
