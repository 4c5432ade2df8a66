"""The challenger: chosen, refitted, registered, and usable without this checkout."""

import json
import subprocess
import sys

import mlflow
import pytest

from include.contract import KnownAt
from include.evaluation.evaluate import evaluate_classification_model
from include.registry.model_files import folder_digest
from include.registry.versions import DIGEST_TAG
from include.training import challenger
from include.training.choice import choose
from include.training.data.dataset import load_dataset
from include.training.errors import NoUsableFamilyError, UnusableModelError
from include.training.families import FAMILIES

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
    assert version.tags["held_out"] == "drawn"
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


def test_the_tags_say_what_the_registered_object_does(training):
    made = training.challenger
    version = mlflow.MlflowClient().get_model_version(
        made["model"], made["version"]
    )
    model = mlflow.sklearn.load_model(
        f"models:/{made['model']}/{made['version']}"
    )[-1]
    assert version.tags["calibration"] == model.calibration.method
    assert version.tags["resampling"] == model.resampling
    assert version.tags["threshold_policy"] == model.decision.policy
    assert float(version.tags["threshold"]) == model.decision.threshold
    assert json.loads(version.tags["tiers"]) == dict(model.decision.tiers)
    classifier = FAMILIES[version.tags["family"]].classifier
    assert isinstance(model.classifier, type(classifier()))


@pytest.mark.slow
def test_a_model_of_a_resampled_recipe_says_so_after_its_refit(
    training, trainer, restored
):
    winner = choose(training.results, "roc_auc").winner
    recipe = {
        **winner,
        "params": winner["params"] | {"resample__method": "smote"},
        "calibration": "none",
    }
    parent = trainer.start(training.snapshot, "run-of-smote")
    made = trainer.register(training.snapshot, [recipe], "contact", parent)
    version = mlflow.MlflowClient().get_model_version(
        made["model"], made["version"]
    )
    model = mlflow.sklearn.load_model(
        f"models:/{made['model']}/{made['version']}"
    )[-1]
    assert version.tags["resampling"] == model.resampling == "smote"
    assert version.tags["calibration"] == model.calibration.method == "shift"
    assert float(version.tags["threshold"]) == model.decision.threshold


@pytest.fixture
def restored(training, trainer):
    """Gives the alias back to the version of `training` after a test that registers another one."""
    yield
    trainer.register(
        training.snapshot, training.results, "contact", training.parent
    )


@pytest.fixture
def refuse(monkeypatch):
    """Refuses the models of the first so many refits."""

    def refuse_first(count):
        calls = []
        check = challenger.check_usable

        def check_usable(*arguments):
            calls.append(arguments)
            if len(calls) <= count:
                raise UnusableModelError("it ranks no better than chance")
            check(*arguments)

        monkeypatch.setattr(challenger, "check_usable", check_usable)

    return refuse_first


@pytest.mark.slow
def test_where_the_winner_is_refused_the_next_family_is_registered_and_says_why(
    training, trainer, refuse, restored
):
    refuse(1)
    parent = trainer.start(training.snapshot, "run-of-a-refused-winner")
    winner = choose(training.results, "roc_auc").winner["family"]
    made = trainer.register(
        training.snapshot, training.results, "contact", parent
    )
    assert made["family"] != winner
    assert made["refused"] == {winner: "it ranks no better than chance"}
    again = trainer.register(
        training.snapshot, training.results, "contact", parent
    )
    assert again == made


def test_where_every_family_is_refused_nothing_is_registered_and_all_reasons_are_given(
    training, trainer, refuse
):
    refuse(2)
    client = mlflow.MlflowClient()
    model = training.challenger["model"]
    before = client.get_model_version_by_alias(model, "challenger").version
    parent = trainer.start(training.snapshot, "run-of-refused-families")
    with pytest.raises(NoUsableFamilyError, match="for stage contact") as error:
        trainer.register(training.snapshot, training.results, "contact", parent)
    assert set(error.value.refused) == {"logistic_regression", "lightgbm"}
    assert "lightgbm: it ranks no better than chance" in str(error.value)
    after = client.get_model_version_by_alias(model, "challenger").version
    assert after == before


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
