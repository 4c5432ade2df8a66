"""One family trained, as an Airflow task would."""

import json

import joblib
import mlflow
import pytest

from include.registry.errors import TrackingUnavailableError
from include.settings import settings


@pytest.fixture
def client(tracking):
    return mlflow.MlflowClient(tracking)


def test_a_training_has_one_parent_run_however_often_it_starts(
    snapshot, client, trainer
):
    first = trainer.start(snapshot, "run-1")
    assert trainer.start(snapshot, "run-1") == first
    assert trainer.start(snapshot, "run-2") != first


def test_the_result_is_small_and_the_run_holds_the_rest(
    snapshot, client, trainer
):
    parent = trainer.start(snapshot, "run-1")
    result = trainer.train(snapshot, "logistic_regression", "contact", parent)
    run = client.get_run(result["run_id"])
    assert len(json.dumps(result)) < 2000
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.parentRunId"] == parent
    assert run.data.metrics == pytest.approx(result["metrics"])
    assert run.data.params["model__C"] == str(result["params"]["model__C"])
    assert run.inputs.dataset_inputs[0].dataset.source == json.dumps(
        {"uri": snapshot}
    )


def test_the_run_keeps_plots_report_explanation_preprocessor_table_and_model(
    snapshot, client, trainer
):
    parent = trainer.start(snapshot, "run-1")
    run = trainer.train(snapshot, "decision_tree", "capture", parent)["run_id"]
    kept = {item.path for item in client.list_artifacts(run)}
    assert kept >= {
        "search.csv",
        "search.html",
        "validation",
        "features",
        "shap",
    }
    preprocess = joblib.load(
        mlflow.artifacts.download_artifacts(
            f"runs:/{run}/features/preprocessor.joblib"
        )
    )
    assert (
        "opinion" not in preprocess.named_steps["clean"].get_feature_names_out()
    )
    report = mlflow.artifacts.load_dict(
        f"runs:/{run}/validation/evaluation.json"
    )
    assert report["metrics"]["ece"] == client.get_run(run).data.metrics["ece"]
    assert "opinion,known at contact only" in mlflow.artifacts.load_text(
        f"runs:/{run}/features/dropped_columns.csv"
    )
    assert client.get_run(run).outputs.model_outputs


def test_a_deployment_that_knows_its_commit_tags_the_training_with_it(
    snapshot, client, monkeypatch, trainer
):
    monkeypatch.setenv("LEADS_GIT_COMMIT", "abc123")
    settings.cache_clear()
    assert (
        client.get_run(trainer.start(snapshot, "run-1")).data.tags["git_commit"]
        == "abc123"
    )


def test_a_task_that_runs_again_leaves_one_run_and_the_same_figures(
    snapshot, client, trainer
):
    parent = trainer.start(snapshot, "run-1")
    first, second = (
        trainer.train(snapshot, "logistic_regression", "contact", parent)
        for _ in range(2)
    )
    assert first["metrics"] == second["metrics"]
    assert client.get_run(first["run_id"]).info.lifecycle_stage == "deleted"
    assert client.get_run(second["run_id"]).info.lifecycle_stage == "active"


def test_mlflow_down_is_an_error_with_its_address(
    snapshot, monkeypatch, trainer
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(TrackingUnavailableError, match="http://127.0.0.1:9"):
        trainer.train(snapshot, "logistic_regression", "contact", "0" * 32)
