"""Deleted versions, aliases moved by hand, renamed models: what is named is looked up before it is followed."""

from unittest import mock

import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.errors import NoChampionError, VersionNotReadyError
from include.registry.registry import (
    champion,
    lost_champion,
    promote,
    rollback,
)
from tests.fixtures.registry_in_memory import RegistryInMemory


def state(mlflow_client: MlflowClient, model: str) -> dict[str, object]:
    found = mlflow_client.get_registered_model(model)
    stages = {
        str(one.version): one.current_stage
        for one in mlflow_client.search_model_versions(f"name = '{model}'")
    }
    return {
        "aliases": {
            alias: str(version) for alias, version in found.aliases.items()
        },
        "stages": stages,
    }


@pytest.mark.slow
def test_a_rollback_to_the_last_champion_that_exists_leaves_no_previous_one(
    mlflow_client, versions, model
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(mlflow_client, model, version)
    mlflow_client.delete_model_version(model, first)
    for _ in range(2):
        assert rollback(mlflow_client, model, third).version == second
        assert state(mlflow_client, model) == {
            "aliases": {"champion": second},
            "stages": {second: "Production", third: "Archived"},
        }


@pytest.mark.slow
def test_a_rollback_passes_over_a_champion_that_was_deleted(
    mlflow_client, versions, model
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(mlflow_client, model, version)
    mlflow_client.delete_model_version(model, second)
    assert rollback(mlflow_client, model, third).version == first
    assert state(mlflow_client, model)["aliases"] == {"champion": first}


def test_promoting_the_champion_again_after_the_one_before_was_deleted_does_nothing(
    mlflow_client, versions, model
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    mlflow_client.delete_model_version(model, first)
    for _ in range(2):
        promote(mlflow_client, model, second, against=first)
        assert state(mlflow_client, model) == {
            "aliases": {"champion": second},
            "stages": {second: "Production"},
        }


def test_a_rollback_brings_back_the_champion_before_one_that_was_deleted(
    mlflow_client, versions, model
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    mlflow_client.delete_model_version(model, second)
    assert champion(mlflow_client, model) is None
    assert f"version {first} served before" in lost_champion(
        mlflow_client, model
    )
    for _ in range(2):
        assert rollback(mlflow_client, model, None).version == first
    assert state(mlflow_client, model) == {
        "aliases": {"champion": first},
        "stages": {first: "Production"},
    }


def test_aliases_that_name_versions_which_never_existed_are_not_followed():
    client, model = RegistryInMemory(), "model"
    client.create_registered_model(model)
    for _ in range(2):
        client.create_model_version(model, "s3://x/model")
    promote(client, model, "1")
    for alias in ("champion", "challenger", "previous"):
        client.set_registered_model_alias(model, alias, "999")
    assert champion(client, model) is None
    assert "version 999" in lost_champion(client, model)
    promote(client, model, "2")
    assert state(client, model) == {
        "aliases": {"champion": "2"},
        "stages": {"1": "Archived", "2": "Production"},
    }


def test_a_model_that_was_renamed_is_named_and_goes_on_under_its_old_name(
    mlflow_client, versions, model
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    mlflow_client.rename_registered_model(model, f"{model}-old")
    with pytest.raises(NoChampionError, match="rename it back"):
        rollback(mlflow_client, model)
    with pytest.raises(MlflowException, match=model):
        promote(mlflow_client, model, first)
    mlflow_client.rename_registered_model(f"{model}-old", model)
    assert rollback(mlflow_client, model).version == first


def test_champions_of_an_earlier_release_are_known_by_the_tag_of_that_time(
    mlflow_client, versions, model
):
    first, second, third = versions(3)
    for version, before in ((first, ""), (second, first), (third, second)):
        mlflow_client.set_model_version_tag(
            model, version, "champion_before", before
        )
    mlflow_client.set_registered_model_alias(model, "champion", third)
    assert [
        rollback(mlflow_client, model).version,
        rollback(mlflow_client, model).version,
    ] == [second, first]


@pytest.mark.slow
def test_after_two_rollbacks_a_champion_that_served_twice_has_none_before_it(
    mlflow_client, versions, model
):
    first, second = versions(2)
    for version in (first, second, first):
        promote(mlflow_client, model, version)
    assert [
        rollback(mlflow_client, model).version,
        rollback(mlflow_client, model).version,
    ] == [second, first]
    assert state(mlflow_client, model)["aliases"] == {"champion": first}
    with pytest.raises(NoChampionError, match="no previous champion"):
        rollback(mlflow_client, model)


def test_a_version_whose_registration_failed_is_not_promoted(
    mlflow_client, versions, model
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    pending = mock.Mock(version=second, status="FAILED_REGISTRATION")
    with (
        mock.patch.object(
            MlflowClient, "get_model_version", return_value=pending
        ),
        pytest.raises(VersionNotReadyError, match="FAILED_REGISTRATION"),
    ):
        promote(mlflow_client, model, second)
    assert champion(mlflow_client, model).version == first
