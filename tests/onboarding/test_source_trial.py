"""The families are trained on leads put together from a folder of several sources, for each outcome."""

import shutil

import pytest

from demo.story.files import Layout, write_story
from demo.story.story import make_world
from include.contract import KnownAt, load_contract
from include.training.families import FAMILIES
from onboarding import source_trial, stage_trial
from onboarding.__main__ import main
from onboarding.errors import TryError, UnreadableFileError
from onboarding.source_leads import load_folder
from onboarding.source_trial import try_sources
from onboarding.trial import try_file
from tests.include.contract.format.test_unification import STORY

STAGES = (KnownAt.CONTACT,)
LATER = 90


def write_folder(path, leads):
    write_story(make_world(leads, seed=4), path, Layout("csv", "month"))
    return path / "raw-data"


@pytest.fixture(scope="module")
def contract():
    return load_contract(str(STORY))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("story"), 500)


@pytest.fixture(scope="module")
def put_together(contract, folder):
    """Put the leads together once, as that takes the most time."""
    leads = load_folder(contract, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_trial, "load_folder", lambda *_: leads)
        yield leads


@pytest.fixture(scope="module")
def text(contract, folder, put_together):
    """Train one fast family in this process."""

    def train(view, stage, data):
        family = "logistic_regression"
        return [stage_trial.train_one(view, stage, data, family)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage_trial, "train_families", train)
        lines = try_sources(contract, folder, STAGES, LATER)
    return "\n".join(lines)


@pytest.fixture
def parts(contract, folder, put_together, monkeypatch):
    """Return which leads each outcome learns from, and which are judged apart."""
    leads = {}

    def keep(view, stage, learnt, later):
        leads[view.label] = (learnt, later)
        return []

    monkeypatch.setattr(source_trial, "try_stage", keep)
    try_sources(contract, folder, STAGES)
    return leads


def test_a_model_is_judged_on_its_holdout_and_on_the_newest_final_leads(text):
    converted = text.split("\noutcome ")[1]
    assert converted.startswith("converted: final of ")
    assert "holdout: " in converted
    assert "plain rule: the rates by " in converted
    assert f"later leads: {LATER} leads" in converted


def test_an_outcome_of_too_few_leads_does_not_stop_the_other(text):
    converted, approved = text.split("\noutcome ")[1:]
    assert "no model can be trained" not in converted
    assert "contact: no model can be trained: " in approved


def test_a_late_source_is_named(text):
    assert "  interactions is late: its last row arrived on " in text


def test_a_fifth_of_the_final_leads_is_judged_apart_by_default(parts):
    assert list(parts) == ["converted", "approved"]
    for learnt, later in parts.values():
        assert len(later) == round((len(learnt) + len(later)) / 5)


def test_the_leads_judged_apart_are_the_newest(parts):
    for learnt, later in parts.values():
        assert learnt["created_at"].max() <= later["created_at"].min()


def test_more_leads_cannot_be_left_out_than_are_final(
    contract, folder, put_together
):
    with pytest.raises(TryError, match="leaves no lead to learn from"):
        try_sources(contract, folder, STAGES, leave_last=500)


def test_a_folder_without_leads_is_refused_with_the_reason(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(source_trial, "load_folder", load_folder)
    copy = shutil.copytree(folder, tmp_path / "raw")
    shutil.rmtree(copy / "crm" / "leads")
    with pytest.raises(TryError, match="no CSV objects under"):
        try_file(str(STORY), copy)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(source_trial, "load_folder", load_folder)
    path = tmp_path / "leads.csv"
    path.write_text("lead_id\n")
    with pytest.raises(UnreadableFileError, match="holds crm/leads/, crm"):
        try_file(str(STORY), path)


@pytest.mark.slow
def test_the_command_trains_every_family_for_both_outcomes(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(source_trial, "load_folder", load_folder)
    folder = write_folder(tmp_path, 4_000)
    assert main(["try", str(STORY), str(folder)]) == 0
    outcomes = capsys.readouterr().out.split("\noutcome ")[1:]
    assert len(outcomes) == 2
    for outcome in outcomes:
        assert all(family in outcome for family in FAMILIES)
        assert "later leads: " in outcome
