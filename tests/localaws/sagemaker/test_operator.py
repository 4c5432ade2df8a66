"""The DAGs' operator and the project's own container, against local AWS and a real MLflow server."""

import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.endpoint.training_job import read_result, training_job
from include.lake.frames import write_parquet
from include.lake.layout import Layout
from include.settings import settings
from include.training.data.snapshot import write_manifest

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

    from lifecycle.training_operator import SageMakerTrainingOperator

    clock = SimpleNamespace(
        sleep=lambda seconds: time.sleep(0.1),
        monotonic=lambda: time.monotonic() * 300,
    )
    monkeypatch.setattr(hook, "time", clock)

    def make(request):
        return SageMakerTrainingOperator(
            task_id="train",
            config=request,
            check_interval=1,
            print_log=True,
            deferrable=False,
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
def parent(snapshot, tracking, trainer):
    return trainer.start(snapshot, "run-1")


@pytest.fixture
def asked(layout, snapshot, parent):
    """The request that the DAG makes for one family and stage."""
    return training_job(
        settings(),
        layout,
        f"train_models__{parent}",
        snapshot,
        parent,
        family=FAMILY,
        stage=STAGE,
    )


def test_a_training_on_sagemaker_finds_what_one_in_airflow_finds(
    operator, asked, snapshot, parent, trainer
):
    described = operator(asked).execute({})["Training"]
    found = read_result(described["ModelArtifacts"]["S3ModelArtifacts"])
    direct = trainer.train(snapshot, FAMILY, STAGE, parent)
    assert found["metrics"] == direct["metrics"]
    assert found["params"] == direct["params"]


def test_a_second_try_gets_a_name_of_its_own(
    operator, training, client_environment
):
    request = training.request("pass")
    names = [
        operator(dict(request)).execute({})["Training"]["TrainingJobName"]
        for _ in range(2)
    ]
    assert names[0] == request["TrainingJobName"]
    assert names[1].startswith(f"{names[0]}-")


def test_the_operator_fails_with_the_jobs_reason_and_shows_its_log(
    operator, asked, capsys
):
    from airflow.exceptions import AirflowException

    asked["HyperParameters"]["family"] = "astrology"
    with pytest.raises(AirflowException, match=r"(?s)astrology.*exit code: 1"):
        operator(asked).execute({})
    assert "Training failed" in capsys.readouterr().out


def test_the_operator_fails_with_a_stopped_job(operator, training):
    from airflow.exceptions import AirflowException

    request = training.request(
        "import time; time.sleep(60)",
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    with pytest.raises(AirflowException, match="Stopped"):
        operator(request).execute({})


def test_the_operator_finds_the_role_by_its_name(operator, training):
    request = training.request("pass", RoleArn=settings().training.role)
    described = operator(request).execute({})["Training"]
    assert described["RoleArn"].endswith(f":role/{settings().training.role}")


ENDLESS = "import os, pathlib, time; pathlib.Path({file!r}).write_text(str(os.getpid())); time.sleep(60)"


@pytest.fixture
def terminated():
    """Runs a task as Airflow's task runner does, which calls `on_kill` on SIGTERM; that comes when `file` is filled."""

    def run(task, file: Path) -> None:
        def send():
            wait_for(lambda: file.exists() and file.read_text())
            os.kill(os.getpid(), signal.SIGTERM)

        before = signal.signal(
            signal.SIGTERM, lambda signum, frame: task.on_kill()
        )
        sender = threading.Thread(target=send)
        sender.start()
        try:
            task.execute({})
        finally:
            sender.join()
            signal.signal(signal.SIGTERM, before)

    return run


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_task_ends_its_jobs_process_and_fails(
    operator, training, terminated, tmp_path
):
    from airflow.exceptions import AirflowException

    file = tmp_path / "pid"
    request = training.request(ENDLESS.format(file=str(file)))
    with pytest.raises(AirflowException, match="Stopped"):
        terminated(operator(request), file)
    assert (
        training.wait(request["TrainingJobName"])["TrainingJobStatus"]
        == "Stopped"
    )
    assert not alive(int(file.read_text()))


def test_the_try_after_a_kill_stops_the_job_of_its_own_name_and_not_the_first(
    operator, training, terminated, tmp_path
):
    from airflow.exceptions import AirflowException

    file = tmp_path / "pid"
    request = training.request(ENDLESS.format(file=str(file)))
    first = training.run("pass", TrainingJobName=request["TrainingJobName"])
    second = operator(dict(request))
    with pytest.raises(AirflowException, match="Stopped"):
        terminated(second, file)
    assert (
        training.wait(first["TrainingJobName"])["TrainingJobStatus"]
        == "Completed"
    )
    assert (
        training.wait(second.config["TrainingJobName"])["TrainingJobStatus"]
        == "Stopped"
    )
    assert second.config["TrainingJobName"] != first["TrainingJobName"]


def test_a_try_after_a_worker_died_first_stops_the_job_that_was_left(
    operator, training, tmp_path
):
    file = tmp_path / "pid"
    left = training.start(ENDLESS.format(file=str(file)))
    wait_for(lambda: file.exists() and file.read_text())
    done = operator(training.request("pass", TrainingJobName=left)).execute({})[
        "Training"
    ]
    assert done["TrainingJobStatus"] == "Completed"
    assert training.wait(left)["TrainingJobStatus"] == "Stopped"
    assert not alive(int(file.read_text()))


def test_a_task_killed_before_its_job_exists_has_nothing_to_stop(
    operator, training
):
    operator(training.request("pass")).on_kill()  # does not raise
