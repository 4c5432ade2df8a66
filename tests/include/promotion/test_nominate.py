"""Choosing by hand which version the gate judges."""

import pytest
from mlflow.exceptions import MlflowException

from include.contract import load_contract
from include.promotion import nominate as nomination
from include.registry.errors import DigestMissingError, NoChallengerError
from include.registry.ledger import ChampionLedger
from include.registry.registry import CHALLENGER, aliased, promote
from include.settings import settings


def nominate(version):
    """Makes a version of the contact stage the challenger."""
    current = settings()
    return nomination.nominate(
        current, load_contract(current.contract), "contact", version
    )


def test_a_given_version_becomes_the_challenger(mlflow_client, model, versions):
    first, _ = versions(2)
    assert nominate(first) == {
        "model": model, "version": first, "stage": "contact", "snapshot_uri": "s3://x/",
    }  # fmt: skip
    assert aliased(mlflow_client, model, CHALLENGER).version == first


def test_without_a_version_the_present_challenger_stays(
    mlflow_client, model, versions
):
    _, second = versions(2)
    mlflow_client.set_registered_model_alias(model, CHALLENGER, second)
    assert nominate(None)["version"] == second


def test_without_a_version_and_a_challenger_it_says_what_to_do(versions):
    versions(1)
    with pytest.raises(
        NoChallengerError, match="run train_models first, or give a version"
    ):
        nominate(None)


def test_a_challenger_of_unknown_snapshot_is_named(
    mlflow_client, model, versions
):
    (only,) = versions(1)
    mlflow_client.delete_model_version_tag(model, only, "snapshot_uri")
    with pytest.raises(
        NoChallengerError, match=f"version {only} of {model} has no tag"
    ):
        nominate(only)


def test_a_version_whose_files_nobody_vouches_for_is_not_judged(
    mlflow_client, model, versions
):
    serving, planted = versions(2)
    current = settings()
    ledger = ChampionLedger.of(current, load_contract(current.contract))
    promote(mlflow_client, model, serving, ledger=ledger)
    mlflow_client.set_registered_model_alias(model, CHALLENGER, serving)
    with pytest.raises(
        DigestMissingError, match=f"version {planted} of {model}.*not loaded"
    ):
        nominate(planted)
    assert aliased(mlflow_client, model, CHALLENGER).version == serving


def test_a_version_that_does_not_exist_leaves_the_challenger_alone(
    mlflow_client, model, versions
):
    (only,) = versions(1)
    mlflow_client.set_registered_model_alias(model, CHALLENGER, only)
    with pytest.raises(MlflowException, match="99"):
        nominate("99")
    assert aliased(mlflow_client, model, CHALLENGER).version == only
