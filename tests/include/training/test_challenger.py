"""The challenger: chosen, refitted, registered, and usable without this checkout."""

import json
import subprocess
import sys

import mlflow

from include.contract import KnownAt
from include.evaluation.evaluate import evaluate_classification_model
from include.registry.model_files import DIGEST_TAG, folder_digest
from include.training.choice import choose
from include.training.dataset import load_dataset

CLEAN_PROCESS = """
import json, sys
import mlflow, pandas as pd
model, rows = sys.argv[1:]
frame = pd.DataFrame(json.loads(rows))
own = mlflow.sklearn.load_model(model)
generic = mlflow.pyfunc.load_model(model)
import include.features
print(json.dumps({
    "own": own.predict_proba(frame)[:, 1].tolist(),
    "generic": generic.predict(frame)[:, 1].tolist(),
    "code": include.features.__file__,
    "heavy": sorted({"pydantic_settings", "boto3"} & set(sys.modules)),
}))
"""


def test_the_version_carries_what_the_gate_and_the_scorer_need(training):
    made = training.challenger
    version = mlflow.MlflowClient().get_model_version_by_alias(
        made["model"], "challenger"
    )
    assert str(version.version) == made["version"]
    assert version.run_id == made["run_id"]
    assert version.tags["snapshot_uri"] == training.snapshot
    assert version.tags["contract_version"] == "3"
    assert len(version.tags["snapshot_sha256"]) == 64
    assert json.loads(version.tags["metrics"]) == made["metrics"]
    choice = choose(training.results, "roc_auc")
    winner = choice.winner
    assert version.tags["split_used"] == choice.split
    assert version.tags["split_reason"] == choice.reason
    assert float(version.tags["threshold"]) == winner["metrics"]["threshold"]


def test_the_version_carries_the_digest_of_its_files(training, tmp_path):
    made = training.challenger
    version = mlflow.MlflowClient().get_model_version(
        made["model"], made["version"]
    )
    mlflow.artifacts.download_artifacts(
        f"models:/{made['model']}/{made['version']}", dst_path=str(tmp_path)
    )
    assert version.tags[DIGEST_TAG] == folder_digest(tmp_path)


def test_the_parent_run_is_closed_with_a_table_of_all_families(training):
    client = mlflow.MlflowClient()
    assert client.get_run(training.parent).info.status == "FINISHED"
    table = mlflow.artifacts.load_text(
        f"runs:/{training.parent}/results-contact.csv"
    )
    assert [line.split(",")[0] for line in table.splitlines()] == [
        "family",
        "logistic_regression",
        "lightgbm",
    ]


def test_the_figures_are_those_of_the_registered_model_on_the_holdout(training):
    data = load_dataset(training.snapshot, training.contract, KnownAt.CONTACT)
    rows, outcome = data.part("holdout")
    pipeline = mlflow.sklearn.load_model(
        f"models:/{training.challenger['model']}@challenger"
    )
    tags = (
        mlflow.MlflowClient()
        .get_model_version(
            training.challenger["model"], training.challenger["version"]
        )
        .tags
    )
    figures = evaluate_classification_model(
        outcome, pipeline.predict_proba(rows)[:, 1], float(tags["threshold"])
    )
    assert figures == training.challenger["metrics"]


def test_registering_again_gives_the_same_version(training, trainer):
    assert (
        trainer.register(
            training.snapshot, training.results, "contact", training.parent
        )
        == training.challenger
    )


def test_the_model_predicts_in_a_clean_process_without_the_checkout(
    training, mlflow_address, accounts, tmp_path
):
    rows = (
        accounts.drop(columns=["remark", "visits"])
        .head(4)
        .assign(channel="never seen", minutes="31.5", fit=None)
    )
    model = f"models:/{training.challenger['model']}/{training.challenger['version']}"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            CLEAN_PROCESS,
            model,
            rows.to_json(orient="records"),
        ],
        cwd=tmp_path,
        env={
            "MLFLOW_TRACKING_URI": mlflow_address,
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    here = mlflow.sklearn.load_model(model).predict_proba(rows)[:, 1].tolist()
    assert answer["own"] == answer["generic"] == here
    assert "/code/include/features/" in answer["code"]
    assert answer["heavy"] == []
