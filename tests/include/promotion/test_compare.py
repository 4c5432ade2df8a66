"""Champion against challenger, with real models in a real registry."""

from datetime import UTC, datetime, timedelta

import mlflow
import numpy as np
import pandas as pd
import pytest

from include.contract import load_contract
from include.lake.errors import ObjectMissingError
from include.lake.frames import write_parquet
from include.lake.objects import list_objects, read_json, s3_client, split_uri
from include.promotion.compare import compare
from include.promotion.gate import replay
from include.registry.errors import (
    DigestMissingError,
    ModelUnreadableError,
    NoChallengerError,
)
from include.registry.ledger import ChampionLedger
from include.registry.registry import champion, promote, register
from include.registry.tracking import connect
from include.registry.versions import DIGEST_TAG
from include.settings import settings
from include.training.data.snapshot import write_manifest
from include.training.data.splits import assign_split


def decide(snapshot, run_id="deciding", **options):
    """Lets the gate compare challenger and champion of the contact stage on a snapshot."""
    current = settings()
    return compare(
        current,
        load_contract(current.contract),
        run_id,
        snapshot,
        "contact",
        **options,
    )


@pytest.fixture
def train(layout, tracking, register_challenger):
    """Registers a challenger fitted on the given rows and returns (snapshot URI, version)."""
    mlflow.set_tracking_uri(tracking)
    return register_challenger


@pytest.fixture
def low_floors(monkeypatch):
    """Floors that the small test data can meet."""
    monkeypatch.setenv(
        "LEADS_FLOORS_CONTACT",
        '{"accuracy": 0.5, "precision": 0.5, "recall": 0.5, "roc_auc": 0.5}',
    )
    settings.cache_clear()


@pytest.fixture(autouse=True)
def every_record_replays_to_its_own_verdict(layout):
    """After each test, over whatever decision records it has left behind."""
    yield
    for uri in (
        uri
        for uri in list_objects(layout.report("gate", "")[:-1])
        if uri.endswith(".json")
    ):
        record = read_json(uri)
        assert replay(record).promote is (record["verdict"] == "promote"), uri


def test_the_first_model_that_meets_the_floors_is_to_be_promoted(
    train, accounts, low_floors
):
    snapshot, version = train("run-1", accounts)
    decision = decide(snapshot)
    assert (decision.verdict, decision.version, decision.champion_version) == (
        "promote",
        version,
        None,
    )
    assert (decision.rule, decision.gain) == ("first", None)
    record = read_json(decision.report_uri)
    assert 0 < record["holdout_positives"] < record["holdout_rows"]
    interval = record["interval"]
    assert interval["value"] == pytest.approx(
        record["metrics"]["challenger"]["roc_auc"]
    )
    assert interval["lower"] < interval["value"] < interval["upper"]


def test_a_first_model_below_the_floors_is_kept_back_and_the_reason_given(
    train, accounts
):
    snapshot, _ = train(
        "run-1",
        accounts.assign(
            won=np.random.default_rng(0).permutation(accounts["won"])
        ),
    )
    decision = decide(snapshot)
    assert decision.verdict == "keep"
    assert any(
        reason.startswith("roc_auc: 0.")
        and "is not > 0.5949 (chance at a rate of 53.5 % of 144" in reason
        for reason in decision.reasons
    ), decision.reasons


def test_a_first_model_is_promoted_without_any_floor_named(train, accounts):
    snapshot, _ = train("run-1", accounts)
    decision = decide(snapshot)
    assert decision.verdict == "promote"
    assert [rule.name for rule in decision.rules] == [
        "roc_auc",
        "pr_auc",
        "brier_skill",
    ]


def test_a_named_floor_refuses_with_figure_floor_and_its_decision(
    train, accounts, monkeypatch
):
    monkeypatch.setenv("LEADS_FLOORS_CONTACT", '{"recall": 1.0}')
    settings.cache_clear()
    snapshot, _ = train("run-1", accounts)
    decision = decide(snapshot)
    assert decision.verdict == "keep"
    assert len(decision.rules) == 1
    assert decision.reasons[0].endswith("is not ≥ 1.0000 (floors_contact)")


@pytest.fixture
def contest(train, accounts, accounts_of, layout, low_floors):
    """A champion that could learn nothing, and the snapshot of a challenger that could."""
    _, first = train(
        "run-1",
        accounts.assign(
            won=np.random.default_rng(0).permutation(accounts["won"])
        ),
    )
    promote(
        connect(settings().mlflow.tracking_uri),
        layout.contract.names.model,
        first,
    )
    snapshot, second = train("run-2", accounts_of(1200, seed=1))
    return snapshot, first, second


def test_a_challenger_that_is_surely_better_is_to_be_promoted_and_the_record_says_all_about_it(
    contest, layout
):
    snapshot, first, second = contest
    when = datetime(2026, 3, 1, 5, tzinfo=UTC)
    decision = decide(snapshot, mode="dry_run", decided_at=when)
    record = read_json(decision.report_uri)
    assert (
        decision.report_uri
        == layout.report("gate", "deciding") + "contact.json"
    )
    handed_on = decision.as_json()
    assert handed_on == {name: record[name] for name in handed_on}
    assert "report" not in handed_on
    assert (record["verdict"], record["rule"], record["mode"]) == (
        "promote",
        "superiority",
        "dry_run",
    )
    assert (record["decision_id"], record["decided_at"]) == (
        "deciding/contact",
        "2026-03-01T05:00:00+00:00",
    )
    assert (
        record["champion_version"],
        record["version"],
        record["approval"],
    ) == (first, second, None)
    assert set(record["metrics"]["challenger"]) == set(
        record["metrics"]["champion"]
    )
    assert record["gain"]["metric"] == "roc_auc"
    assert (
        0
        < record["gain"]["lower"]
        < record["gain"]["value"]
        < record["gain"]["upper"]
    )
    names = [rule["name"] for rule in record["rules"]]
    assert names[:2] == [
        "gain in roc_auc, 95 % lower bound",
        "gain in brier, 95 % lower bound",
    ]
    assert names[-4:] == ["accuracy", "precision", "recall", "roc_auc"]
    assert {one["field"] for one in record["segments"]} <= {"channel", "region"}
    assert record["snapshot"]["uri"] == snapshot
    assert record["left_out_rows"] == 0


def test_the_challengers_version_carries_the_gist_of_the_decision(
    contest, tracking, contract
):
    snapshot, _, second = contest
    decision = decide(snapshot)
    tags = (
        mlflow.MlflowClient(tracking)
        .get_model_version(contract.names.model, second)
        .tags
    )
    assert (tags["gate_verdict"], tags["gate_rule"]) == (
        "promote",
        "superiority",
    )
    assert tags["gate_record"] == decision.report_uri
    assert tags["gate_reason"].startswith(
        "gain in roc_auc, 95 % lower bound: 0."
    )


def test_the_same_model_again_is_not_better_and_stays_a_logged_challenger(
    train, accounts, contract, low_floors
):
    _, first = train("run-1", accounts)
    promote(
        connect(settings().mlflow.tracking_uri), contract.names.model, first
    )
    snapshot, second = train("run-2", accounts)
    decision = decide(snapshot)
    assert second != first
    assert decision.verdict == "keep"
    assert decision.reasons == (
        "gain in roc_auc, 95 % lower bound: 0.0000 is not > 0.0000",
    )
    assert (
        champion(
            connect(settings().mlflow.tracking_uri), contract.names.model
        ).version
        == first
    )


def test_after_confirmed_drift_a_model_that_is_as_good_is_enough(
    train, accounts, contract, low_floors
):
    _, first = train("run-1", accounts)
    promote(
        connect(settings().mlflow.tracking_uri), contract.names.model, first
    )
    snapshot, _ = train("run-2", accounts)
    decision = decide(snapshot, drift_confirmed=True)
    assert (decision.verdict, decision.rule) == ("promote", "refresh")
    assert decision.why_rule == "the run was started by confirmed drift"


def test_an_old_champion_may_be_refreshed_without_drift(
    train, accounts, contract, low_floors
):
    _, first = train("run-1", accounts)
    promote(
        connect(settings().mlflow.tracking_uri), contract.names.model, first
    )
    snapshot, _ = train("run-2", accounts)
    later = datetime.now(UTC) + timedelta(days=181)
    decision = decide(snapshot, decided_at=later)
    assert (decision.verdict, decision.rule) == ("promote", "refresh")
    assert decision.why_rule == "the champion is 181 days old, more than 180"


def test_a_run_decides_once_whatever_happens_in_between(
    contest, contract, monkeypatch
):
    snapshot, _, second = contest
    decision = decide(snapshot)
    promote(
        connect(settings().mlflow.tracking_uri), contract.names.model, second
    )
    monkeypatch.setenv("LEADS_FLOORS_CONTACT", '{"roc_auc": 1.0}')
    settings.cache_clear()
    assert decide(snapshot) == decision


def test_leads_that_the_champion_learnt_from_are_left_out(
    train, accounts, contract, low_floors
):
    """An older twin that arrives late, on the other side of the split, takes a lead with it into the holdout."""
    _, first = train("run-1", accounts)
    promote(
        connect(settings().mlflow.tracking_uri), contract.names.model, first
    )
    sides = assign_split(accounts, contract)
    learnt = accounts[sides == "train"].head(1)
    untouched = accounts.loc[sides == "holdout", "account"].iloc[0]
    twin = learnt.assign(account=untouched, number=-1)
    snapshot, _ = train(
        "run-2",
        pd.concat(
            [accounts[accounts["account"] != untouched], twin],
            ignore_index=True,
        ),
    )
    record = read_json(decide(snapshot).report_uri)
    assert record["left_out_rows"] == 1
    assert record["holdout_rows"] == (sides == "holdout").sum()


def test_models_that_held_out_the_newest_leads_are_judged_on_the_newest(
    train, accounts, accounts_of, contract, low_floors
):
    _, first = train("run-1", accounts, "newest")
    promote(
        connect(settings().mlflow.tracking_uri), contract.names.model, first
    )
    later = accounts_of(300, seed=1)
    later = later.assign(number=later["number"] + accounts["number"].max())
    snapshot, _ = train("run-2", pd.concat([accounts, later]), "newest")
    record = read_json(decide(snapshot).report_uri)
    assert (record["holdout_rows"], record["left_out_rows"]) == (180, 0)


def test_newest_leads_that_a_champion_with_drawn_ones_learnt_from_are_left_out(
    train, accounts, contract, low_floors
):
    _, first = train("run-1", accounts, "drawn")
    promote(
        connect(settings().mlflow.tracking_uri), contract.names.model, first
    )
    snapshot, _ = train("run-2", accounts, "newest")
    record = read_json(decide(snapshot).report_uri)
    drawn = assign_split(accounts, contract) == "holdout"
    newest = assign_split(accounts, contract, held_out="newest") == "holdout"
    assert record["holdout_rows"] == (newest & drawn).sum()
    assert record["left_out_rows"] == (newest & ~drawn).sum()


def test_without_the_champions_snapshot_nobody_can_tell_and_the_record_says_so(
    contest, layout
):
    snapshot, *_ = contest
    bucket, key = split_uri(layout.snapshot("run-1") + "manifest.json")
    s3_client().delete_object(Bucket=bucket, Key=key)
    assert read_json(decide(snapshot).report_uri)["left_out_rows"] is None


def test_no_challenger_is_a_clear_error(layout, contract, accounts, tracking):
    uri = layout.snapshot("run-1")
    write_parquet(accounts, f"{uri}0000_part_00.parquet")
    write_manifest(settings(), contract, "run-1", "")
    with pytest.raises(NoChallengerError, match="run train_models first"):
        decide(uri)


@pytest.mark.slow
def test_the_threshold_is_the_models_own_whatever_the_tag_of_its_version_says(
    contest, contract, tracking
):
    snapshot, first, second = contest
    client = mlflow.MlflowClient(tracking)
    figures = decide(snapshot).metrics
    for version in (first, second):
        client.set_model_version_tag(
            contract.names.model, version, "threshold", "0.99"
        )
    assert (
        decide(snapshot, run_id="after the tags were edited").metrics == figures
    )


def test_a_champion_that_cannot_be_loaded_is_named_and_stays(
    train, accounts, contract, tracking, low_floors
):
    client = mlflow.MlflowClient(tracking)
    snapshot, _ = train("run-1", accounts)
    run = client.create_run(
        mlflow.set_experiment(contract.names.experiment).experiment_id
    ).info
    tags = {"threshold": "0.5", "snapshot_uri": snapshot}
    broken = register(
        client,
        contract.names.model,
        f"{run.artifact_uri}/model",
        run.run_id,
        tags,
    )
    client.set_registered_model_alias(
        contract.names.model, "champion", broken.version
    )
    with pytest.raises(
        ModelUnreadableError,
        match=f"models:/{contract.names.model}/{broken.version} cannot be loaded",
    ):
        decide(snapshot)
    assert champion(
        connect(settings().mlflow.tracking_uri), contract.names.model
    ).version == str(broken.version)


def test_a_deleted_snapshot_is_named(layout, tracking):
    with pytest.raises(ObjectMissingError, match="snapshots/gone/"):
        decide(layout.snapshot("gone"))


def test_a_challenger_whose_files_nobody_vouches_for_is_not_loaded(
    layout, train, accounts, contract, tracking, monkeypatch
):
    """Whoever can write in MLflow can register a version and give it the alias."""
    client = connect(settings().mlflow)
    model = contract.model_name()
    ledger = ChampionLedger.of(settings(), contract)
    _, first = train("run-1", accounts)
    promote(client, model, first, ledger=ledger)
    snapshot, planted = train("run-2", accounts)
    client.delete_model_version_tag(model, planted, DIGEST_TAG)
    monkeypatch.setattr(mlflow.sklearn, "load_model", None)
    with pytest.raises(DigestMissingError, match=f"version {planted}"):
        decide(snapshot)


def test_the_record_has_the_digest_of_the_files_that_were_judged(
    train, accounts, contract, tracking, low_floors
):
    client = connect(settings().mlflow)
    model = contract.model_name()
    snapshot, version = train("run-1", accounts)
    digest = client.get_model_version(model, version).tags[DIGEST_TAG]
    client.delete_model_version_tag(model, version, DIGEST_TAG)
    assert decide(snapshot).files_sha256 == digest
