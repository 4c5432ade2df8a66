import mlflow
import pandas as pd
import pytest

from include.registry.registry import NoChampion, promote, register
from include.registry.tracking import TrackingUnavailable, connect
from include.serving.scorer import ChampionUnusable, load_champion
from include.settings import settings


def test_every_lead_gets_key_score_probability_prediction_and_tier(scorer, accounts):
    scores = scorer.score(accounts)
    assert list(scores.columns) == ["account", "score", "probability", "prediction", "tier"]
    assert scores["account"].tolist() == accounts["account"].tolist()
    assert scores["probability"].between(0, 1).all()
    assert (scores["score"] == (scores["probability"] * 100).round()).all()
    assert set(scores["tier"]) <= set("ABCD")


def test_the_prediction_follows_the_champions_threshold(scorer, accounts):
    scores = scorer.score(accounts)
    assert scores["prediction"].tolist() == (scores["probability"] >= 0.4).astype(int).tolist()
    assert scores["probability"].between(0.4, 0.5).any(), "the case that tells 0.4 from 0.5 does not occur"


def test_business_headers_and_field_names_score_alike(scorer, accounts, contract):
    headers = accounts.rename(columns={column.field: column.name for column in contract.columns})
    assert "Account" in headers
    pd.testing.assert_frame_equal(scorer.score(headers), scorer.score(accounts))


def test_the_label_cannot_change_a_score(scorer, accounts):
    pd.testing.assert_frame_equal(scorer.score(accounts.assign(won=1 - accounts["won"])), scorer.score(accounts))


def test_absent_columns_count_as_missing(scorer, accounts):
    emptied = accounts.assign(minutes=float("nan"), fit=None)
    pd.testing.assert_frame_equal(scorer.score(accounts.drop(columns=["minutes", "fit"])), scorer.score(emptied))


def test_no_leads_give_no_scores_with_the_same_columns(scorer, accounts):
    scores = scorer.score(accounts.iloc[:0])
    assert len(scores) == 0
    assert list(scores.columns) == list(scorer.score(accounts).columns)


def test_the_champion_loaded_from_the_registry_scores_like_the_pipeline_that_was_registered(
    registered, scorer, accounts
):
    version = registered()
    loaded = load_champion()
    assert (loaded.champion.version, loaded.threshold) == (version, 0.4)
    pd.testing.assert_frame_equal(loaded.score(accounts), scorer.score(accounts))


def test_without_a_champion_the_error_says_how_to_get_one(tracking, contract):
    with pytest.raises(NoChampion, match="data_drift_redshift_retrain"):
        load_champion()


def test_a_threshold_that_is_no_number_names_the_version(registered):
    version = registered(threshold="high")
    with pytest.raises(ChampionUnusable, match=f"/{version}: its tag threshold"):
        load_champion()


def test_a_version_without_its_artifact_is_named_with_the_way_back(contract, tracking):
    client, model = connect(), contract.model_name()
    run = client.create_run(mlflow.set_experiment(contract.names.experiment).experiment_id).info
    version = str(register(client, model, f"{run.artifact_uri}/model", run.run_id, {"threshold": "0.4"}).version)
    promote(model, version)
    with pytest.raises(ChampionUnusable, match=rf"{model}/{version} cannot be loaded .*rollback"):
        load_champion()


def test_mlflow_down_is_an_error_that_carries_its_address(contract, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(TrackingUnavailable, match="127.0.0.1:9"):
        load_champion()
