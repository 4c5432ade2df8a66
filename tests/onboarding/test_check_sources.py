"""A folder of several sources is checked with the code of the ingestion job, source by source."""

import shutil

import pytest

from demo.story.files import Layout, write_story
from demo.story.story import make_world
from onboarding.__main__ import main
from onboarding.check import check_file
from onboarding.errors import UnreadableFileError
from tests.include.contract.format.test_unification import STORY


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    folder = tmp_path_factory.mktemp("story")
    write_story(make_world(20, seed=4), folder, Layout("csv", "month"))
    return folder / "raw-data"


@pytest.fixture
def folder(story, tmp_path):
    return shutil.copytree(story, tmp_path / "raw")


def test_a_good_folder_passes_and_each_source_is_counted(folder, capsys):
    assert main(["check", str(STORY), str(folder)]) == 0
    text = capsys.readouterr().out
    assert "leads would be put together" in text
    for prefix in ("crm/leads/", "marketing/ads/", "applications/"):
        assert f"({prefix}): " in text
    assert "outcome converted: known of" in text
    assert "quality gate: passes\n" in text
    assert text.endswith(f"make contract TRY={STORY} CSV={folder}\n")


def test_a_source_that_is_missing_or_refused_is_named(folder):
    shutil.rmtree(folder / "marketing" / "ads")
    for path in (folder / "marketing" / "email").rglob("*.csv"):
        path.write_text(path.read_text().replace("kind", "sort", 1))
    text, passes = check_file(str(STORY), folder)
    assert passes
    assert "ads (marketing/ads/): no file" in text
    assert "refused: missing columns kind" in text
    assert "quality gate: passes, without mail, ads" in text


def test_without_leads_the_load_would_fail(folder):
    shutil.rmtree(folder / "crm" / "leads")
    text, passes = check_file(str(STORY), folder)
    assert not passes
    assert "the load would fail: no CSV objects under" in text


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("lead_id\n")
    with pytest.raises(UnreadableFileError, match="holds crm/leads/, crm"):
        check_file(str(STORY), path)
