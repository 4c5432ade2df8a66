"""Choosing by hand which version the gate judges."""

import pytest
from mlflow.exceptions import MlflowException

from include.promotion.nominate import nominate
from include.registry.errors import NoChallengerError
from include.registry.registry import CHALLENGER, aliased


def test_a_given_version_becomes_the_challenger(mlflow_client, model, versions):
    first, _ = versions(2)
    assert nominate("contact", first) == {
        "model": model, "version": first, "stage": "contact", "snapshot_uri": "s3://x/",
    }  # fmt: skip
    assert aliased(mlflow_client, model, CHALLENGER).version == first


def test_without_a_version_the_present_challenger_stays(mlflow_client, model, versions):
    _, second = versions(2)
    mlflow_client.set_registered_model_alias(model, CHALLENGER, second)
    assert nominate("contact", None)["version"] == second


def test_without_a_version_and_a_challenger_it_says_what_to_do(versions):
    versions(1)
    with pytest.raises(NoChallengerError, match="run train_models first, or give a version"):
        nominate("contact", None)


def test_a_version_that_does_not_exist_leaves_the_challenger_alone(mlflow_client, model, versions):
    (only,) = versions(1)
    mlflow_client.set_registered_model_alias(model, CHALLENGER, only)
    with pytest.raises(MlflowException, match="99"):
        nominate("contact", "99")
    assert aliased(mlflow_client, model, CHALLENGER).version == only
