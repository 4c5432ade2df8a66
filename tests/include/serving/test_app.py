import dataclasses

import pytest

from include.contract import KnownAt
from include.registry.registry import NoChampion
from include.serving.app import MAX_BODY_BYTES, REASONS, create_app
from include.serving.holder import ChampionHolder, Champions


def client_of(contract, scorers):
    """A client of an API that serves these scorers by stage."""
    holders = {stage: ChampionHolder(lambda served, scorer=scorer: scorer) for stage, scorer in scorers.items()}
    champions = Champions(contract, holders, poll_seconds=60)
    champions.refresh()
    return create_app(champions).test_client()


@pytest.fixture
def client(contract, staged):
    return client_of(contract, staged.scorers)


@pytest.fixture
def untrained(contract):
    def none_yet(served):
        raise NoChampion("nothing promoted yet")

    champions = Champions(contract, {KnownAt.CONTACT: ChampionHolder(none_yet)}, poll_seconds=60)
    champions.refresh()
    return create_app(champions).test_client()


@pytest.fixture
def lead(accounts):
    return {"account": "a-1", "visits": 3, "minutes": 42.5, "channel": "web", "fit": "high", "opinion": "hot"}


def test_one_lead_as_json_gets_one_prediction_with_stage_version_and_reasons(client, lead, contract):
    reply = client.post("/predict", json=lead)
    assert reply.status_code == 200
    assert reply.json["versions"] == {contract.model_name(): "7", contract.model_name(KnownAt.CAPTURE): "3"}
    (prediction,) = reply.json["predictions"]
    assert list(prediction) == [
        "account", "score", "probability", "prediction", "tier", "stage", "model_version", "reasons",
    ]  # fmt: skip
    assert (prediction["account"], prediction["stage"], prediction["model_version"]) == ("a-1", "contact", "7")
    assert prediction["score"] == round(100 * prediction["probability"])
    assert prediction["reasons"][0]["text"] == "opinion: hot raises the score"


def test_a_lead_nobody_has_contacted_is_scored_at_capture(client, lead):
    (prediction,) = client.post("/predict", json=lead | {"opinion": ""}).json["predictions"]
    assert (prediction["stage"], prediction["model_version"]) == ("capture", "3")


def test_the_api_scores_as_the_scorer_does(client, staged, mixed):
    rows = mixed.head(200)
    leads = rows.astype(object).where(rows.notna(), None).to_dict("records")
    predictions = client.post("/predict", json=leads).json["predictions"]
    assert predictions == staged.score(rows, REASONS).astype(object).to_dict("records")


def test_csv_and_json_score_alike(client, accounts):
    rows = accounts.head(50)
    body = rows.to_csv(index=False)
    from_csv = client.post("/predict", data=body, content_type="text/csv; charset=utf-8").json["predictions"]
    from_json = client.post("/predict", json=rows.astype(object).where(rows.notna(), None).to_dict("records"))
    assert from_csv == from_json.json["predictions"]


def test_a_lead_without_a_key_is_scored_and_its_key_is_null(client):
    (prediction,) = client.post("/predict", json={"visits": 3}).json["predictions"]
    assert prediction["account"] is None


def test_refused_values_are_a_422_that_names_row_field_and_reason(client, lead):
    reply = client.post("/predict", json=[lead, lead | {"Visits": "many", "minutes": -1}])
    assert reply.status_code == 422
    assert reply.json["problems"] == [
        {"row": 2, "field": "minutes", "reason": "must not be below 0"},
        {"row": 2, "field": "Visits", "reason": "must be a number"},
    ]


def test_an_unreadable_body_is_a_400_with_a_reason(client):
    reply = client.post("/predict", data="{", content_type="application/json")
    assert (reply.status_code, reply.json["error"][:8]) == (400, "not JSON")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None])
def test_another_content_type_is_a_415_that_names_the_right_ones(client, content_type):
    reply = client.post("/predict", data="x", content_type=content_type)
    assert reply.status_code == 415
    assert "application/json, text/csv" in reply.json["error"]


def test_a_body_above_the_limit_is_a_413(client):
    reply = client.post("/predict", data=b" " * (MAX_BODY_BYTES + 1), content_type="application/json")
    assert reply.status_code == 413


@pytest.mark.parametrize(("method", "path"), [("GET", "/readyz"), ("GET", "/model"), ("POST", "/predict")])
def test_before_the_first_champion_the_answer_is_503_with_the_reason(untrained, method, path):
    reply = untrained.open(path, method=method, json={} if method == "POST" else None)
    assert reply.status_code == 503
    assert "nothing promoted yet" in reply.json["error"]


def test_health_needs_no_champion(untrained):
    assert untrained.get("/healthz").status_code == 200


def test_ready_once_a_champion_is_loaded(client):
    assert client.get("/readyz").json["status"] == "ready"


def test_the_model_page_describes_the_champion_of_each_stage(client, contract):
    described = client.get("/model").json
    assert list(described["champions"]) == ["contact", "capture"]
    assert described["champions"]["contact"] == {
        "model": contract.model_name(),
        "version": "7",
        "run_id": "a-run",
        "policy": "f1",
        "threshold": 0.4,
        "tiers": {"A": 70, "B": 40, "C": 20, "D": 0},
        "tags": {"holdout_roc_auc": "0.91"},
    }
    assert described["registry_problems"] == {}


def test_the_index_shows_version_and_figures_and_links_to_the_model(client):
    page = client.get("/").text
    assert "version <strong>7</strong>" in page
    assert "holdout_roc_auc" in page
    assert "A from 70" in page
    assert 'href="model"' in page


def test_the_index_says_that_nothing_is_served_yet(untrained):
    assert "No champion is served yet" in untrained.get("/").text


def test_what_the_registry_says_is_escaped_on_the_index(contract, scorer):
    tags = {"family": "<script>alert(1)</script>"}
    hostile = dataclasses.replace(scorer, champion=dataclasses.replace(scorer.champion, tags=tags))
    page = client_of(contract, {KnownAt.CONTACT: hostile}).get("/").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_unknown_path_is_a_404_in_json(client):
    assert client.get("/nothing").json["error"]
