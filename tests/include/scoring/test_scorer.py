import dataclasses

import mlflow
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from include.contract import KnownAt
from include.features.calibration import CalibratedModel
from include.registry.errors import NoChampionError, TrackingUnavailableError
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.scoring.errors import ChampionUnusableError
from include.scoring.scorer import find_champion, load_version, scorer_of
from include.settings import settings

COLUMNS = [
    "account",
    "score",
    "probability",
    "prediction",
    "tier",
    "stage",
    "model_version",
]


@pytest.fixture
def load(contract):
    """Loads the champion of the contact stage from the registry."""
    return lambda: load_version(
        contract,
        KnownAt.CONTACT,
        find_champion(settings(), contract, KnownAt.CONTACT),
    )


def decided(scorer, decision):
    """The scorer's pipeline with another decision."""
    model = CalibratedModel(
        scorer.pipeline[-1].classifier,
        scorer.pipeline[-1].calibration,
        decision,
    )
    return Pipeline([*scorer.pipeline.steps[:-1], ("model", model)])


def test_every_lead_gets_key_score_probability_prediction_tier_stage_and_version(
    scorer, accounts
):
    scores = scorer.score(accounts)
    assert list(scores.columns) == COLUMNS
    assert scores["account"].tolist() == accounts["account"].tolist()
    assert (scores["score"] == (scores["probability"] * 100).round()).all()
    assert set(scores["tier"]) == set("ABCD")
    assert (set(scores["stage"]), set(scores["model_version"])) == (
        {"contact"},
        {"7"},
    )


def test_probability_and_prediction_are_the_pipelines_own(scorer, accounts):
    scores = scorer.score(accounts)
    assert scores["probability"].tolist() == pytest.approx(
        scorer.pipeline.predict_proba(accounts)[:, 1], abs=1e-12
    )
    assert (
        scores["prediction"].tolist()
        == scorer.pipeline.predict(accounts).tolist()
    )
    assert scores["probability"].between(0.4, 0.5).any(), (
        "the case that tells 0.4 from 0.5 does not occur"
    )


def test_a_leads_probability_does_not_depend_on_how_many_are_scored_with_it(
    scorer, accounts
):
    together = scorer.score(accounts)["probability"].tolist()
    assert [
        scorer.score(accounts.iloc[[row]])["probability"].item()
        for row in range(30)
    ] == together[:30]


def test_tiers_are_the_models_own(scorer, contract, accounts):
    pipeline = decided(
        scorer,
        dataclasses.replace(scorer.decision, tiers=(("hot", 50), ("cold", 0))),
    )
    scores = scorer_of(
        contract, KnownAt.CONTACT, scorer.champion, pipeline
    ).score(accounts)
    assert (scores["tier"] == "hot").tolist() == (
        scores["score"] >= 50
    ).tolist()


def test_tags_that_say_otherwise_change_nothing(scorer, accounts):
    tags = {"threshold": "0.9", "tiers": '{"Z": 0}'}
    tagged = dataclasses.replace(
        scorer, champion=dataclasses.replace(scorer.champion, tags=tags)
    )
    pd.testing.assert_frame_equal(
        tagged.score(accounts), scorer.score(accounts)
    )


def test_business_headers_and_field_names_score_alike(
    scorer, accounts, contract
):
    headers = accounts.rename(
        columns={column.field: column.name for column in contract.columns}
    )
    assert "Account" in headers
    pd.testing.assert_frame_equal(
        scorer.score(headers, 2), scorer.score(accounts, 2)
    )


def test_the_label_cannot_change_a_score(scorer, accounts):
    pd.testing.assert_frame_equal(
        scorer.score(accounts.assign(won=1 - accounts["won"])),
        scorer.score(accounts),
    )


def test_absent_columns_count_as_missing(scorer, accounts):
    emptied = accounts.assign(minutes=float("nan"), fit=None)
    pd.testing.assert_frame_equal(
        scorer.score(accounts.drop(columns=["minutes", "fit"])),
        scorer.score(emptied),
    )


@pytest.mark.parametrize("reasons", [0, 3])
def test_no_leads_give_no_scores_with_the_same_columns(
    scorer, accounts, reasons
):
    scores = scorer.score(accounts.iloc[:0], reasons)
    assert len(scores) == 0
    pd.testing.assert_series_equal(
        scores.dtypes, scorer.score(accounts, reasons).dtypes
    )


def test_reasons_come_only_when_asked_for_and_change_no_score(scorer, accounts):
    told = scorer.score(accounts, 3)
    assert list(told.columns) == [*COLUMNS, "reasons"]
    pd.testing.assert_frame_equal(
        told.drop(columns="reasons"), scorer.score(accounts)
    )


def test_the_champion_loaded_from_the_registry_scores_like_the_pipeline_that_was_registered(
    registered, load, scorer, accounts
):
    version = registered()
    loaded = load()
    assert (loaded.champion.version, loaded.decision) == (
        version,
        scorer.decision,
    )
    ours, theirs = (
        one.score(accounts, 3).drop(columns="model_version")
        for one in (scorer, loaded)
    )
    pd.testing.assert_frame_equal(theirs, ours)


def test_without_a_champion_the_error_says_how_to_get_one(tracking, load):
    with pytest.raises(NoChampionError, match="data_drift_redshift_retrain"):
        load()


def test_a_champion_that_was_deleted_is_an_error_that_says_the_way_back(
    mlflow_client, versions, model, load
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    mlflow_client.delete_model_version(model, second)
    with pytest.raises(
        ChampionUnusableError,
        match=f"version {first} served before; roll back with promote_model",
    ):
        load()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"threshold": float("nan")}, "threshold nan"),
        ({"threshold": 40.0}, "threshold 40.0"),
        ({"tiers": ()}, "the tiers"),
        ({"tiers": (("B", 50), ("A", 80))}, "the tiers"),
        ({"tiers": (("A", 80), ("B", 50))}, "down to a score of 0"),
    ],
)
def test_a_decision_that_cannot_be_used_names_version_problem_and_way_out(
    scorer, contract, change, problem
):
    pipeline = decided(scorer, dataclasses.replace(scorer.decision, **change))
    with pytest.raises(
        ChampionUnusableError,
        match=f"/7 .*{problem}.*roll back with promote_model",
    ):
        scorer_of(contract, KnownAt.CONTACT, scorer.champion, pipeline)


def test_a_foreign_model_under_the_alias_is_named_with_what_it_lacks(
    contract, tracking, load, accounts
):
    client, model = (
        connect(settings().mlflow.tracking_uri),
        contract.model_name(),
    )
    mlflow.set_experiment(contract.names.experiment)
    foreign = LogisticRegression().fit(accounts[["minutes"]], accounts["won"])
    with mlflow.start_run() as run:
        logged = mlflow.sklearn.log_model(
            foreign, name="model", pip_requirements=[]
        )
    version = str(
        register(
            client,
            model,
            logged.model_uri,
            run.info.run_id,
            {},
            logged.model_id,
        ).version
    )
    promote(connect(settings().mlflow.tracking_uri), model, version)
    with pytest.raises(
        ChampionUnusableError,
        match=rf"{model}/{version} does not end in a CalibratedModel",
    ):
        load()


def test_a_version_without_its_artifact_is_named_with_the_way_back(
    contract, tracking, load
):
    client, model = (
        connect(settings().mlflow.tracking_uri),
        contract.model_name(),
    )
    run = client.create_run(
        mlflow.set_experiment(contract.names.experiment).experiment_id
    ).info
    version = str(
        register(
            client, model, f"{run.artifact_uri}/model", run.run_id, {}
        ).version
    )
    promote(connect(settings().mlflow.tracking_uri), model, version)
    with pytest.raises(
        ChampionUnusableError,
        match=rf"{model}/{version} cannot be loaded .*rollback",
    ):
        load()


def test_mlflow_down_is_an_error_that_carries_its_address(
    contract, load, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(TrackingUnavailableError, match="127.0.0.1:9"):
        load()


def test_a_linear_model_from_before_there_were_reasons_scores_and_says_that_it_has_none(
    scorer, contract, accounts, caplog
):
    del scorer.pipeline[-2].mean_
    old = scorer_of(contract, KnownAt.CONTACT, scorer.champion, scorer.pipeline)
    assert old.score(accounts, 3)["reasons"].tolist() == [None] * len(accounts)
    assert "scores without reasons" in caplog.text
