"""The scores of outcomes beside the main one, in the reply to POST /predict."""

import pytest

from include.api import app as application
from include.api.app import create_app
from include.api.openapi.replies import reply_schemas
from include.contract.model import Outcome
from include.decisions import Decisions
from include.settings import settings


def with_second_outcome(contract):
    """Return the contract with an outcome that depends on the main one."""
    kept = contract.column("won").model_copy(
        update={"name": "Kept", "field": "kept"}
    )
    names = contract.names.model_copy(update={"model": "keeper"})
    outcomes = (
        Outcome(field="won", names=contract.names, decisions=Decisions()),
        Outcome(field="kept", given="won", names=names, decisions=Decisions()),
    )
    columns = (*contract.columns, kept)
    return contract.model_copy(
        update={"columns": columns, "outcomes": outcomes}
    )


@pytest.fixture
def ask(layout, serving_champions, monkeypatch, fresh_settings):
    """Returns the reply to one lead from an API with so many further champions."""
    monkeypatch.setenv("LEADS_API_AUTH", "off")
    fresh_settings()

    def post(further):
        client = create_app(
            settings(), serving_champions, further=further
        ).test_client()
        return client.post("/predict", json={"minutes": 90, "visits": 3}).json

    return post


def test_each_outcome_has_its_versions_and_predictions(ask, serving_champions):
    reply = ask({"kept": serving_champions})
    assert list(reply["outcomes"]) == ["kept"]
    assert reply["outcomes"]["kept"] == {
        "versions": reply["versions"],
        "predictions": reply["predictions"],
    }
    assert reply["predictions"][0]["reasons"]


def test_a_contract_of_one_outcome_is_answered_as_ever(ask):
    assert "outcomes" not in ask(None)


def test_the_description_names_the_scores_of_further_outcomes(contract):
    two = reply_schemas(with_second_outcome(contract))
    assert "outcomes" in two["Scores"]["properties"]
    assert "outcomes" not in two["Scores"]["required"]
    one = reply_schemas(contract)
    assert "outcomes" not in one["Scores"]["properties"]


def test_the_description_lists_the_outcomes_that_a_flag_may_name(contract):
    schemas = reply_schemas(with_second_outcome(contract))
    named = schemas["FeedbackBody"]["properties"]["outcome_name"]
    assert named["anyOf"][0]["enum"] == ["won", "kept"]


def test_further_champions_are_those_of_the_outcomes_own_models(
    contract, monkeypatch
):
    class Watched:
        def __init__(self, settings, contract):
            self.model = contract.model_name()
            self.started = False

        def start(self):
            self.started = True

    monkeypatch.setattr(application, "registry_champions", Watched)
    two = with_second_outcome(contract)
    further = application._watched_further(settings(), two, endpoint=False)
    assert [(name, each.model) for name, each in further.items()] == [
        ("kept", "keeper")
    ]
    assert further["kept"].started
    assert application._watched_further(settings(), two, endpoint=True) == {}
