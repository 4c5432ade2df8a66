import json
import shutil

import pytest

from include.api.app import create_app
from include.contract import KnownAt
from include.scoring.errors import ChampionUnusableError
from include.scoring.model_folder import (
    INDEX,
    folder_champions,
    read_index,
    sagemaker_folder,
)
from include.settings import settings


@pytest.fixture
def folder(write_models, tmp_path):
    """Both stages' champions, as a bundle lays them out."""
    root = tmp_path / "ml" / "model"
    write_models(root)
    return root


def refreshed(folder, contract):
    champions = folder_champions(settings(), contract, folder)
    champions.refresh()
    return champions


def test_what_the_registry_said_comes_back_whole(folder, staged):
    assert read_index(folder) == {
        stage: one.champion for stage, one in staged.scorers.items()
    }


def test_the_folders_champions_score_as_those_it_was_made_of(
    folder, staged, mixed, contract
):
    assert (
        refreshed(folder, contract)
        .scorer.score(mixed, 3)
        .equals(staged.score(mixed, 3))
    )


def test_a_champion_is_loaded_once(folder, contract):
    champions = refreshed(folder, contract)
    first = champions.scorer.scorers[KnownAt.CONTACT]
    champions.refresh()
    assert champions.scorer.scorers[KnownAt.CONTACT] is first


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", '{"contact": {}}', '{"nobody": {}}', '{"contact": 3}'],
)
def test_a_folder_without_a_readable_index_serves_nothing_and_says_why(
    folder, content, contract
):
    if content is None:
        (folder / INDEX).unlink()
    else:
        (folder / INDEX).write_text(content)
    with pytest.raises(
        ChampionUnusableError, match="holds no readable champions.json"
    ):
        read_index(folder)
    champions = refreshed(folder, contract)
    assert (champions.scorer, list(champions.problems)) == (
        None,
        ["contact", "capture"],
    )


def test_a_folder_that_comes_late_is_found(folder, contract):
    shutil.move(folder, folder.parent / "elsewhere")
    champions = refreshed(folder, contract)
    assert champions.scorer is None
    shutil.move(folder.parent / "elsewhere", folder)
    champions.refresh()
    assert champions.scorer is not None


def test_a_model_that_cannot_be_read_is_named_and_no_other_stands_in_for_it(
    folder, contract
):
    shutil.rmtree(folder / "capture")
    champions = refreshed(folder, contract)
    assert champions.scorer is None
    assert "capture cannot be loaded" in champions.problems["capture"]


def test_a_stage_that_was_packed_without_a_champion_is_left_to_the_other(
    folder, contract
):
    index = json.loads((folder / INDEX).read_text())
    (folder / INDEX).write_text(json.dumps({"contact": index["contact"]}))
    assert list(refreshed(folder, contract).scorer.scorers) == [KnownAt.CONTACT]


def test_the_folder_is_sagemakers_unless_a_setting_names_one(
    monkeypatch, fresh_settings, tmp_path
):
    monkeypatch.delenv("SAGEMAKER_BASE_DIR", raising=False)
    assert str(sagemaker_folder(settings())) == "/opt/ml/model"
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", "/here")
    assert str(sagemaker_folder(settings())) == "/here/model"
    monkeypatch.setenv("LEADS_API_MODEL_FOLDER", str(tmp_path))
    fresh_settings()
    assert sagemaker_folder(settings()) == tmp_path


def test_an_api_serves_the_folder_that_a_setting_names_in_place_of_the_registry(
    folder, monkeypatch, fresh_settings
):
    monkeypatch.setenv("LEADS_API_MODEL_FOLDER", str(folder))
    monkeypatch.setenv("LEADS_API_AUTH", "off")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    fresh_settings()
    app = create_app(settings())
    app.extensions["leads"].champions.refresh()
    assert app.test_client().get("/readyz").status_code == 200
