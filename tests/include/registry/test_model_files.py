"""The digest of a registered model's files, and the refusal of files that were changed."""

import sys

import pytest
from mlflow.tracking import MlflowClient
from sklearn.pipeline import Pipeline

from include.contract import KnownAt
from include.endpoint.bundle import lay_out
from include.registry.errors import ModelFilesChangedError
from include.registry.model_files import (
    DIGEST_TAG,
    folder_digest,
    logged_digest,
)
from include.registry.models import load_pipeline
from include.registry.registry import ChampionInfo, champion
from include.registry.tracking import connect
from include.settings import settings


@pytest.fixture
def client(tracking) -> MlflowClient:
    return connect(settings().mlflow.tracking_uri)


@pytest.fixture
def digested(client, contract, registered) -> ChampionInfo:
    """A champion with the digest that a training records."""
    model = contract.model_name()
    version = registered()
    logged = client.get_model_version(model, version)
    client.set_model_version_tag(
        model, version, DIGEST_TAG, logged_digest(logged.source)
    )
    return champion(client, model)


def change(client: MlflowClient, version: ChampionInfo, folder, name: str):
    """Overwrite, or add, a file of a registered model on the server."""
    logged = client.get_model_version(version.model, version.version)
    changed = folder / name
    changed.write_bytes(b"import os")
    model_id = logged.source.removeprefix("models:/")
    client.log_model_artifact(model_id, str(changed))


def test_paths_and_contents_reach_the_digest(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "code").mkdir(parents=True)
        (folder / "model.pkl").write_bytes(b"model")
        (folder / "code" / "a.py").write_bytes(b"a")
    assert folder_digest(one) == folder_digest(other)
    (other / "registered_model_meta").write_text("written by a download")
    assert folder_digest(one) == folder_digest(other)
    (other / "code" / "a.py").rename(other / "code" / "b.py")
    assert folder_digest(one) != folder_digest(other)


def test_a_load_leaves_the_models_own_copy_of_the_code_out_of_the_search_path(
    digested,
):
    search_path = list(sys.path)
    load_pipeline(digested)
    assert sys.path == search_path


def test_files_as_they_were_registered_are_loaded(digested):
    assert isinstance(load_pipeline(digested), Pipeline)


@pytest.mark.parametrize(
    "name", ["model.pkl", pytest.param("added.py", marks=pytest.mark.slow)]
)
def test_a_file_that_was_changed_or_added_stops_every_load(
    client, digested, tmp_path, name
):
    change(client, digested, tmp_path, name)
    with pytest.raises(ModelFilesChangedError, match="not those that were"):
        load_pipeline(digested)
    with pytest.raises(ModelFilesChangedError, match="rollback=true"):
        lay_out(tmp_path / "bundle", {KnownAt.CONTACT: digested})


def test_a_version_from_before_digests_is_loaded_with_a_warning(
    client, contract, registered, caplog
):
    registered()
    version = champion(client, contract.model_name())
    with caplog.at_level("WARNING"):
        assert isinstance(load_pipeline(version), Pipeline)
    assert "without a digest" in caplog.text
