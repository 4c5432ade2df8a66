"""The scores of outcomes beside the main one, in every reply of the API."""

import csv
import io
import json
from dataclasses import replace

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from include.api import app as application
from include.api.app import create_app
from include.api.openapi.document import document
from include.api.openapi.replies import reply_schemas
from include.api.views.sagemaker import ATTRIBUTES
from include.registry.errors import NoChampionError
from include.scoring.champions import ChampionHolder, Champions
from include.scoring.score_row import FIELDS
from include.settings import settings
from tests.fixtures.outcomes import FURTHER


@pytest.fixture
def champions_of(three, staged):
    """Maker of the champions of an outcome; without any it is one that has none yet."""

    def make(outcome, trained=True):
        view = three.for_outcome(outcome)

        def loader(scorer):
            if not trained:
                raise NoChampionError("nothing promoted yet")
            champion = replace(
                scorer.champion, model=view.model_name(), version="9"
            )
            if not view.outcome:
                champion = scorer.champion
            return replace(scorer, contract=view, champion=champion)

        holders = {
            stage: ChampionHolder(lambda served, of=scorer: loader(of))
            for stage, scorer in staged.scorers.items()
        }
        champions = Champions(view, holders, poll_seconds=60)
        champions.refresh()
        return champions

    return make


@pytest.fixture
def api(three, layout, champions_of, monkeypatch, fresh_settings):
    """Maker of a client of an API in which so many of the three outcomes have a champion."""
    monkeypatch.setenv("LEADS_API_AUTH", "off")
    monkeypatch.setattr(application, "load_contract", lambda path: three)
    fresh_settings()

    def make(*trained):
        further = {
            outcome: champions_of(outcome, outcome in trained)
            for outcome in FURTHER
        }
        app = create_app(
            settings(), champions_of("", "won" in trained), further=further
        )
        return app.test_client()

    return make


@pytest.fixture
def leads():
    return [
        {"account": "a", "minutes": 90, "visits": 3},
        {"account": "b", "visits": 1},
    ]


def as_csv(leads):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["account", "minutes", "visits"])
    writer.writeheader()
    writer.writerows(leads)
    return text.getvalue()


def sent_as_file(client, text):
    reply = client.post("/predict/batch", data=text, content_type="text/csv")
    assert reply.status_code == 200
    return list(csv.DictReader(io.StringIO(reply.text, newline="")))


def test_each_outcome_has_its_versions_and_predictions(api, leads):
    reply = api("won", *FURTHER).post("/predict", json=leads).json
    assert list(reply["outcomes"]) == list(FURTHER)
    kept = reply["outcomes"]["kept"]
    assert kept["versions"] == {"kept-model": "9"}
    assert len(kept["predictions"]) == 2
    assert kept["predictions"][0]["reasons"]


def test_the_expected_value_is_all_probabilities_times_the_value_and_null_without_one(
    api, leads
):
    reply = api("won", *FURTHER).post("/predict", json=leads).json
    probabilities = [reply["predictions"][0]["probability"]]
    for outcome in FURTHER:
        (first, _) = reply["outcomes"][outcome]["predictions"]
        probabilities.append(first["probability"])
    won, kept, renewed = probabilities
    first, second = reply["predictions"]
    assert first["expected_value"] == pytest.approx(won * kept * renewed * 90)
    assert second["expected_value"] is None


def test_an_outcome_without_a_champion_is_left_out_and_leaves_no_expected_value(
    api, leads
):
    reply = api("won", "kept").post("/predict", json=leads).json
    assert list(reply["outcomes"]) == ["kept"]
    assert reply["predictions"][0]["expected_value"] is None


def test_a_contract_of_one_outcome_is_answered_as_ever(client, leads):
    reply = client.post("/predict", json=leads).json
    assert "outcomes" not in reply
    assert "expected_value" not in reply["predictions"][0]


def test_invocations_answer_as_predict_does(api, leads):
    client = api("won", *FURTHER)
    reply = client.post("/invocations", json=leads)
    assert reply.json == client.post("/predict", json=leads).json
    assert "kept-model=9;renewed-model=9" in reply.headers[ATTRIBUTES]


def test_a_line_of_json_holds_the_scores_of_every_outcome(api, leads):
    client = api("won", *FURTHER)
    body = "".join(json.dumps(lead) + "\n" for lead in leads)
    reply = client.post(
        "/invocations", data=body, content_type="application/jsonlines"
    )
    whole = client.post("/predict", json=leads).json
    for place, line in enumerate(reply.text.splitlines()):
        record = json.loads(line)
        outcomes = record.pop("outcomes")
        assert record == whole["predictions"][place]
        for outcome in FURTHER:
            predictions = whole["outcomes"][outcome]["predictions"]
            assert outcomes[outcome] == predictions[place]


def test_a_scored_file_has_the_columns_of_every_outcome_and_the_expected_value(
    api, leads
):
    client = api("won", *FURTHER)
    rows = sent_as_file(client, as_csv(leads))
    of_kept = [f"kept_{name}" for name in FIELDS]
    of_renewed = [f"renewed_{name}" for name in FIELDS]
    added = [*FIELDS, *of_kept, *of_renewed, "expected_value"]
    assert list(rows[0]) == ["account", "minutes", "visits", *added]
    whole = client.post("/predict", json=leads).json
    kept = whole["outcomes"]["kept"]["predictions"][0]
    assert float(rows[0]["kept_probability"]) == kept["probability"]
    reasons = [reason["text"] for reason in kept["reasons"]]
    assert rows[0]["kept_reasons"].split("; ") == reasons
    expected = [row["expected_value"] for row in rows]
    first = whole["predictions"][0]["expected_value"]
    assert expected == [str(first), ""]


def test_the_columns_of_an_outcome_without_a_champion_are_there_and_empty(
    api, leads
):
    (first, _) = sent_as_file(api("won", "kept"), as_csv(leads))
    assert first["kept_score"]
    assert (first["renewed_score"], first["renewed_reasons"]) == ("", "")


def test_a_scored_file_may_be_scored_again(api, leads):
    client = api("won", *FURTHER)
    text = as_csv(leads)
    once = client.post("/predict/batch", data=text, content_type="text/csv")
    twice = client.post(
        "/predict/batch", data=once.data, content_type="text/csv"
    )
    assert twice.data == once.data


def test_one_refused_row_refuses_the_whole_file(api, leads):
    text = as_csv([leads[0], leads[1] | {"minutes": "many"}])
    client = api("won", *FURTHER)
    reply = client.post("/predict/batch", data=text, content_type="text/csv")
    assert reply.status_code == 422
    (problem,) = reply.json["problems"]
    assert (problem["row"], problem["field"]) == (2, "minutes")
    assert "leads_api_leads_scored_total{" not in client.get("/metrics").text


def test_a_file_on_the_desk_is_ranked_by_the_expected_value(api, leads):
    client = api("won", *FURTHER)
    worth_more = {"account": "c", "minutes": 9000, "visits": 1}
    text = as_csv([*leads, worth_more]).encode()
    page = client.post(
        "/desk/upload",
        data={"leads": (io.BytesIO(text), "leads.csv")},
        headers={"Origin": "http://localhost"},
    ).text
    places = [page.index(f">{key}<") for key in ("c", "a", "b")]
    assert places == sorted(places)


def test_leads_and_champions_are_counted_by_outcome(api, leads):
    client = api("won", "kept")
    client.post("/predict", json=leads)
    figures = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            outcome = sample.labels.get("outcome")
            key = (sample.name, outcome)
            figures[key] = figures.get(key, 0) + sample.value
    assert figures["leads_api_leads_scored_total", "won"] == 2
    assert figures["leads_api_leads_scored_total", "kept"] == 2
    assert ("leads_api_leads_scored_total", "renewed") not in figures
    assert figures["leads_api_champion", "kept"] == 2
    assert ("leads_api_champion", "renewed") not in figures
    assert figures["leads_api_refresh_failures_total", "renewed"] == 0
    assert figures["leads_api_champion_alias_refused", "kept"] == 0


def test_the_figures_of_one_outcome_have_no_such_label(client, leads):
    client.post("/predict", json=leads)
    assert "outcome=" not in client.get("/metrics").text


@pytest.mark.parametrize("path", ["/readyz", "/ping"])
def test_an_outcome_without_a_champion_neither_decides_nor_is_named_to_anybody(
    api, path
):
    assert api("won", "kept").get(path).json == {"status": "ready"}
    assert api(*FURTHER).get(path).status_code == 503


def test_the_page_of_models_names_the_champions_of_every_outcome(api):
    outcomes = api("won", "kept").get("/model").json["outcomes"]
    assert outcomes["kept"]["champions"]["contact"]["version"] == "9"
    assert outcomes["renewed"]["champions"] == {}
    assert outcomes["renewed"]["registry_problems"]["contact"]


@pytest.mark.parametrize("trained", [("won",), ("won", *FURTHER)])
def test_replies_are_what_the_description_says(api, leads, three, trained):
    client = api(*trained)
    schemas = document(three, settings().api)["components"]
    for path, name in (("/predict", "Scores"), ("/readyz", "Status")):
        schema = {
            "$ref": f"#/components/schemas/{name}",
            "components": schemas,
            "unevaluatedProperties": False,
        }
        method = client.post if name == "Scores" else client.get
        body = {"json": leads} if name == "Scores" else {}
        jsonschema.Draft202012Validator(schema).validate(
            method(path, **body).json
        )


def test_the_description_names_the_columns_of_a_scored_file(three):
    paths = document(three, settings().api)["paths"]
    reply = paths["/predict/batch"]["post"]["responses"]["200"]
    schema = reply["content"]["text/csv"]["schema"]
    assert "renewed_probability" in schema["description"]
    assert "expected_value" in schema["description"]


def test_the_description_of_one_outcome_names_nothing_of_further_ones(contract):
    schemas = reply_schemas(contract)
    assert "outcomes" not in schemas["Scores"]["properties"]


def test_the_description_lists_the_outcomes_that_a_flag_may_name(three):
    named = reply_schemas(three)["FeedbackBody"]["properties"]["outcome_name"]
    assert named["anyOf"][0]["enum"] == ["won", *FURTHER]


def test_further_champions_are_those_of_the_outcomes_own_models(
    three, monkeypatch
):
    class Watched:
        def __init__(self, settings, contract):
            self.model = contract.model_name()
            self.started = False

        def start(self):
            self.started = True

    monkeypatch.setattr(application, "registry_champions", Watched)
    monkeypatch.setattr(
        application,
        "folder_champions",
        lambda settings, contract, folder: Watched(settings, contract),
    )
    assert list(application._watched_further(settings(), three, True)) == [
        *FURTHER
    ]
    further = application._watched_further(settings(), three, endpoint=False)
    models = {name: each.model for name, each in further.items()}
    assert models == {"kept": "kept-model", "renewed": "renewed-model"}
    assert further["kept"].started
