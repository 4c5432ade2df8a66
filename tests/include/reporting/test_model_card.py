"""The card of a version that a real training has registered."""

from pathlib import Path

import pytest
import requests

from include.lake.frames import write_parquet
from include.lake.objects import list_objects, s3_client, split_uri, write_json
from include.lake.web import browser_address
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.reporting.card_facts import card_facts
from include.reporting.model_card import (
    figure_rows,
    model_card,
    write_model_card,
)
from include.settings import settings
from include.training.data.snapshot import write_manifest
from tests.s3_text import read_text


@pytest.fixture
def client(tracking, layout):
    return connect(settings().mlflow.tracking_uri)


@pytest.fixture
def challenger(client, layout, contract, accounts, trainer):
    """What registering a logistic regression of the capture stage returned."""
    uri = layout.snapshot("run-1")
    write_parquet(accounts, f"{uri}part.parquet")
    write_manifest(settings(), contract, "run-1", "UNLOAD …")
    parent = trainer.start(uri, "run-1")
    results = [trainer.train(uri, "logistic_regression", "capture", parent)]
    return trainer.register(uri, results, "capture", parent)


@pytest.fixture
def bare(client, contract):
    """A version of which nothing is left but its tags."""
    run = client.create_run(
        client.create_experiment(contract.names.experiment)
    ).info
    tags = {
        "stage": "contact",
        "snapshot_uri": "s3://nowhere/gone/",
        "metrics": '{"roc_auc": 0.9}',
        "threshold": "0.4",
    }
    return register(
        client,
        contract.names.model,
        f"{run.artifact_uri}/model",
        run.run_id,
        tags,
    )


def test_the_card_of_a_training_says_everything_and_lies_in_s3_and_on_the_run(
    challenger, client, layout, accounts
):
    model, version = challenger["model"], challenger["version"]
    written = write_model_card(layout, model, version)
    assert written.uri == layout.report("models", model) + f"{version}.html"
    assert written.run_url.endswith(f"/runs/{challenger['run_id']}")
    text = read_text(written.uri)
    on_the_run = Path(
        client.download_artifacts(challenger["run_id"], "model_card.html")
    )
    assert on_the_run.read_text(encoding="utf-8") == text
    assert (
        text.count("data:image/png;base64,") == 5
    )  # ROC, precision-recall, calibration, gain, SHAP
    manifest = card_facts(settings(), client, model, version).manifest
    for part in (
        "from what is known when the lead is captured",
        manifest["uri"],
        manifest["sha256"],
        "accounts, version 3",
        f"600 with an outcome, {int(accounts['won'].sum())}",
        "number 1 to 600",
        f"{challenger['metrics']['roc_auc']:.4f}",
        "channel</td><td>Online",
        "Policy <code>f1</code>",
        '<th class="number">probability from</th>',
        '<td>D</td><td class="number">0</td>',
        "Does not see what becomes known after capture: fit, opinion.",
        "On the newest 120 leads",
        "The gate has not judged this version yet.",
        "At present the challenger.",
    ):
        assert part in text, part


def test_a_decision_about_the_version_is_on_the_card_that_is_written_after_it(
    bare, client, layout
):
    record = layout.report("gate", "r1") + "contact.json"
    approval = {
        "asked_at": "1",
        "answered_at": "2026-02-03",
        "by": "jane",
        "choice": "Approve",
    }
    write_json(
        record,
        {
            "decided_at": "2026-02-02",
            "reasons": ["floors are met"],
            "approval": approval,
        },
    )
    tags = {
        "gate_verdict": "promote",
        "gate_rule": "first",
        "gate_reason": "floors",
        "gate_record": record,
    }
    for name, value in tags.items():
        client.set_model_version_tag(bare.name, bare.version, name, value)
    promote(client, bare.name, bare.version)
    text = read_text(write_model_card(layout, bare.name, bare.version).uri)
    for part in (
        "At present the champion.",
        "promote by rule first, 2026-02-02",
        "floors are met",
        "Approve by jane",
    ):
        assert part in text
    delete(record)
    text = read_text(write_model_card(layout, bare.name, bare.version).uri)
    assert "promote by rule first" in text
    assert "<td>floors</td>" in text


def delete(uri):
    bucket, key = split_uri(uri)
    s3_client().delete_object(Bucket=bucket, Key=key)


def test_a_version_of_which_little_is_left_has_a_card_that_says_so(
    bare, client, contract
):
    facts = card_facts(settings(), client, bare.name, bare.version)
    text = model_card(facts, contract)
    assert "its training snapshot is gone" in text
    assert "Its run has no evaluation" in text
    assert figure_rows(facts) == [
        {
            "name": "roc_auc",
            "holdout": 0.9,
            "holdout_interval": "–",
            "newest": None,
            "newest_interval": "–",
        }
    ]


def test_a_task_hands_on_the_addresses_of_card_and_run(bare, layout):
    from lifecycle.reports import with_model_card

    result = with_model_card(
        {"model": bare.name, "version": bare.version, "stage": "contact"}
    )
    assert requests.get(result["mlflow_run_url"], timeout=10).ok
    assert (
        result["model_card_uri"]
        == layout.report("models", bare.name) + f"{bare.version}.html"
    )
    assert result["model_card_url"] == browser_address(
        settings(), result["model_card_uri"]
    )
    assert result["stage"] == "contact"


def test_a_card_written_twice_is_one_object(bare, layout):
    for _ in range(2):
        write_model_card(layout, bare.name, bare.version)
    assert len(list_objects(layout.report("models", bare.name))) == 1


@pytest.mark.slow
def test_the_threshold_on_the_card_is_the_models_own_whatever_the_tag_of_its_version_says(
    challenger, client, contract
):
    model, version = challenger["model"], challenger["version"]
    before = card_facts(settings(), client, model, version)
    client.set_model_version_tag(model, version, "threshold", "0.987")
    after = card_facts(settings(), client, model, version)
    assert after.model_decision == before.model_decision
    assert "0.987" not in model_card(after, contract)
