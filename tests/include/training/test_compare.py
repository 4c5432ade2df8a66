"""Champion against challenger, with real models in a real registry."""

import mlflow
import numpy as np
import pytest

from include.lake.frames import write_parquet
from include.lake.objects import ObjectMissing, read_json
from include.registry.registry import champion, promote, register
from include.settings import settings
from include.training.challenger import register_challenger
from include.training.compare import ModelUnreadable, NoChallenger, compare
from include.training.snapshot import write_manifest
from include.training.train import start_training, train_family


@pytest.fixture
def train(layout, contract, tracking):
    """Trains and registers a challenger on the given rows and returns (snapshot URI, version)."""

    def make(run_id, frame):
        uri = layout.snapshot(run_id)
        write_parquet(frame, f"{uri}0000_part_00.parquet")
        write_manifest(settings(), contract, run_id, "UNLOAD …")
        parent = start_training(uri, run_id)
        results = [train_family(uri, "logistic_regression", "contact", parent)]
        return uri, register_challenger(uri, results, "contact", parent)["version"]

    return make


@pytest.fixture
def low_floors(monkeypatch):
    """Criteria that the small test data can meet."""
    for name in ("ACCURACY", "PRECISION", "RECALL", "ROC_AUC"):
        monkeypatch.setenv(f"LEADS_MIN_{name}", "0.5")
    settings.cache_clear()


def test_the_first_model_that_meets_the_criteria_is_to_be_promoted(train, accounts, low_floors):
    snapshot, version = train("run-1", accounts)
    decision = compare(snapshot, "contact")
    assert (decision["verdict"], decision["version"], decision["champion_version"]) == ("promote", version, None)


def test_a_first_model_below_the_criteria_is_kept_back_and_the_reason_given(train, accounts):
    snapshot, _ = train("run-1", accounts.assign(won=np.random.default_rng(0).permutation(accounts["won"])))
    decision = compare(snapshot, "contact")
    assert decision["verdict"] == "keep"
    assert any(reason.startswith("roc_auc: 0.") and "is not ≥ 0.9000" in reason for reason in decision["reasons"])


def test_the_record_has_both_models_every_rule_and_the_snapshot(train, accounts, accounts_of, layout, low_floors):
    snapshot, first = train("run-1", accounts)
    promote(layout.contract.names.model, first)
    newer = accounts_of(1200, seed=0)
    snapshot, _ = train("run-2", newer)
    decision = compare(snapshot, "contact")
    record = read_json(decision["report_uri"])
    assert decision["report_uri"] == layout.report("gate", "run-2") + "contact.json"
    assert set(record["metrics"]["challenger"]) == set(record["metrics"]["champion"])
    assert [rule["name"] for rule in record["rules"]] == [
        "roc_auc against champion", "accuracy", "precision", "recall", "roc_auc",
    ]  # fmt: skip
    assert record["snapshot"]["uri"] == snapshot
    better = record["metrics"]["challenger"]["roc_auc"] > record["metrics"]["champion"]["roc_auc"]
    assert decision["verdict"] == ("promote" if better else "keep")


def test_the_same_model_again_is_not_better(train, accounts, contract, low_floors):
    _, first = train("run-1", accounts)
    promote(contract.names.model, first)
    snapshot, second = train("run-2", accounts)
    decision = compare(snapshot, "contact")
    assert second != first
    assert decision["verdict"] == "keep"
    assert "roc_auc against champion" in decision["reasons"][0]
    assert champion(contract.names.model).version == first


def test_asked_again_after_the_promotion_the_recorded_decision_stands(train, accounts, contract, low_floors):
    snapshot, version = train("run-1", accounts)
    decision = compare(snapshot, "contact")
    promote(contract.names.model, version)
    assert compare(snapshot, "contact") == decision


def test_no_challenger_is_a_clear_error(layout, contract, accounts, tracking):
    uri = layout.snapshot("run-1")
    write_parquet(accounts, f"{uri}0000_part_00.parquet")
    write_manifest(settings(), contract, "run-1", "")
    with pytest.raises(NoChallenger, match="run train_models first"):
        compare(uri, "contact")


def test_a_champion_that_cannot_be_loaded_is_named_and_stays(train, accounts, contract, tracking, low_floors):
    client = mlflow.MlflowClient(tracking)
    snapshot, _ = train("run-1", accounts)
    run = client.create_run(mlflow.set_experiment(contract.names.experiment).experiment_id).info
    broken = register(client, contract.names.model, f"{run.artifact_uri}/model", run.run_id, {"threshold": "0.5"})
    client.set_registered_model_alias(contract.names.model, "champion", broken.version)
    with pytest.raises(ModelUnreadable, match=f"models:/{contract.names.model}/{broken.version} cannot be loaded"):
        compare(snapshot, "contact")
    assert champion(contract.names.model).version == str(broken.version)


def test_a_deleted_snapshot_is_named(layout, tracking):
    with pytest.raises(ObjectMissing, match="snapshots/gone/"):
        compare(layout.snapshot("gone"), "contact")
