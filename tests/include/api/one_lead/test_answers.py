"""One lead by its events or its id, through the routes of the API."""

import json

import jsonschema
import pytest

from include.api.app import create_app
from include.api.one_lead import last_run
from include.endpoint.bundle import add_published
from include.feedback.erase_lead import erase_from_published
from include.glue.sources import leads_parquet
from include.lake.objects import delete_objects, write_bytes
from include.settings import settings
from include.unify.published import PACKED, Published, pack, publish
from tests.include.unify.helpers import day, leads_of

LEAD = {
    "id": "a",
    "made": "2024-03-01T12:00:00Z",
    "area": "north",
    "size": 1,
}


def event(at, kind="visit", /, **cells):
    moment = f"{day(at).isoformat()}Z"
    row = {"source": "calls", "kind": kind, "row": f"{at}"}
    return row | {"at": moment, "arrived": moment} | cells


EVENTS = [event(3), event(4), event(5, "call"), event(6)]
AS_OF = "2024-03-08T12:00:00Z"
REQUEST = {"lead": LEAD, "events": EVENTS, "as_of": AS_OF}


def changed(**parts):
    return REQUEST | parts


@pytest.mark.parametrize("route", ["/predict", "/invocations"])
def test_a_lead_with_events_is_scored_as_the_batch_scores_it(
    client, batch, published, route
):
    reply = client.post(route, json=REQUEST).json
    row = leads_of(batch)["a"] | {"made": LEAD["made"]}
    assert row["visits"] == 3
    assert row["area_rate"] == 0.5
    expected = client.post(route, json=row).json
    assert reply["predictions"] == expected["predictions"]
    facts = {
        "features_from": "events",
        "as_of": "2024-03-08T12:00:00+00:00",
        "events_used": {"people": 1, "calls": 4, "orders": 0},
        "events_after_as_of": 0,
        "events_repeated": 0,
        "rates_as_of": "2024-03-08T12:00:00+00:00",
        "rates_missing": [],
    }
    assert reply == expected | facts


def test_before_the_first_run_rates_are_told_as_missing(
    client, nothing_published
):
    reply = client.post("/predict", json=REQUEST).json
    assert reply["rates_missing"] == ["area_rate"]
    assert reply["rates_as_of"] is None
    reasons = reply["predictions"][0]["reasons"]
    texts = {reason["field"]: reason["text"] for reason in reasons}
    assert "3 visits" in texts["visits"]


def test_events_after_the_moment_are_named_and_change_nothing(
    client, published
):
    later = [event(10), event(6, row="late", arrived="2024-03-20T00:00:00Z")]
    reply = client.post("/predict", json=changed(events=EVENTS + later)).json
    before = client.post("/predict", json=REQUEST).json
    assert reply.pop("events_after_as_of") == 2
    assert before.pop("events_after_as_of") == 0
    assert reply == before


def test_a_repeated_event_is_named(client, published):
    reply = client.post("/predict", json=changed(events=[*EVENTS, EVENTS[0]]))
    assert reply.json["events_repeated"] == 1
    assert reply.json["events_used"]["calls"] == 4


def test_what_the_lead_was_may_come_as_events_of_its_source(client, published):
    state = LEAD | {"source": "people", "at": LEAD["made"], "arrived_at": LEAD["made"]}  # fmt: skip
    request = changed(lead={"id": "a"}, events=[*EVENTS, state])
    reply = client.post("/predict", json=request).json
    assert reply == client.post("/predict", json=REQUEST).json


def test_names_are_read_as_a_leads_names_are_and_unknown_ones_are_told(
    client, published
):
    moment = EVENTS[0]["at"]
    spelled = {"source": "calls", "KIND": "visit", "row": "3", "Occurred_at": 1}
    spelled |= {"occurred_at": moment, "arrived_at": moment, "mood": "good"}
    request = changed(events=[spelled, *EVENTS[1:]])
    reply = client.post("/predict", json=request).json
    assert reply["ignored_fields"] == ["calls.Occurred_at", "calls.mood"]
    expected = client.post("/predict", json=REQUEST).json
    assert reply["predictions"] == expected["predictions"]


REFUSED_EVENTS = [
    ([{"source": "fax"}], "source", 'event 1: names "fax"; sources are'),
    ([event(3), {"kind": "visit"}], "source", "event 2: names nothing"),
    ([event(3, at=None)], "at", "event 1: has no moment"),
    ([event(3, arrived=None)], "arrived", "event 1: has no moment"),
    ([event(3, at="soon")], "at", "event 1: must be a moment"),
    ([event(3, kind=7)], "kind", "event 1: must be text"),
    ([event(3, kind=["a"])], "kind", "event 1: must be a single value"),
    ([event(3, mood={})], "mood", "event 1: holds a list or an object"),
    ([event(3, Kind="call")], "Kind", "event 1: another name means kind"),
]
REFUSED_LEADS = [
    ({"lead": LEAD | {"visits": 3}}, "visits", "is computed from the events"),
    ({"lead": {"id": "a"}}, "lead", "nothing was known of the lead"),
    ({"lead": {"area": "north"}}, "at", "lead: has no moment"),
    ({"lead": LEAD | {"size": "x"}}, "size", "lead: must be a number"),
    ({"as_of": "2024-01-01"}, "lead", "nothing was known of the lead"),
    ({"as_of": "2200-01-01"}, "as_of", "lies in the future"),
    ({"as_of": "soon"}, "as_of", "must be a moment in ISO 8601"),
]


def test_a_refused_event_lead_or_moment_is_named(client, published):
    events = [
        ({"events": events}, field, reason)
        for events, field, reason in REFUSED_EVENTS
    ]
    for parts, field, reason in [*events, *REFUSED_LEADS]:
        reply = client.post("/predict", json=changed(**parts))
        assert reply.status_code == 422, parts
        first = reply.json["problems"][0]
        assert (first["row"], first["field"]) == (1, field), parts
        assert first["reason"].startswith(reason), parts


SHAPES = [
    ({"lead": LEAD}, '"events" is not there'),
    ({"events": EVENTS}, '"events" stands without "lead"'),
    ({"lead": LEAD, "events": {}}, '"events" holds an object'),
    ({"lead": LEAD, "events": [7]}, "event 1 is a number"),
    ({"lead": 7, "events": []}, '"lead" holds a number'),
    ({"lead": LEAD, "events": [], "as_of": 7}, '"as_of" holds a number'),
    ({"lead": LEAD, "events": [], "x": 1}, 'beside "lead" there is "x"'),
    ({"lead": "a", "as_of": AS_OF}, '"as_of" cannot stand beside it'),
    ({"lead": "a", "events": []}, '"events" cannot stand beside it'),
]


def test_another_shape_is_refused_and_the_right_one_is_told(client, published):
    for body, message in SHAPES:
        reply = client.post("/predict", json=body)
        assert reply.status_code == 400, body
        assert message in reply.json["error"], body
        assert '{"lead": {...}, "events": [...]}' in reply.json["error"]


def test_too_many_events_or_columns_are_refused(client, published):
    many = [EVENTS[0]] * 1001
    reply = client.post("/predict", json=changed(events=many))
    assert reply.status_code == 422
    assert "1,001 events, and one request may bring 1,000" in reply.text
    wide = EVENTS[0] | {f"x{number}": 1 for number in range(500)}
    reply = client.post("/predict", json=changed(events=[wide]))
    assert reply.status_code == 422
    assert "a lead or an event may have 500" in reply.text


def test_a_lead_of_the_last_run_is_scored_by_its_id(
    client_of, serving_champions, batch, layout, tmp_path
):
    client = client_of(serving_champions)
    uri = f"{layout.load('day-1')}part-00000.parquet"
    write_bytes(uri, leads_parquet(layout.contract, batch, "people/"))
    packed = pack(Published("day-1", batch.as_of, batch.rates))
    write_bytes(layout.load_published("day-1"), packed)
    refused = client.post("/predict", json={"lead": "a"})
    assert "no run has published features yet" in refused.text
    assert publish(layout, "day-1")
    add_published(tmp_path, layout)
    assert (tmp_path / PACKED).read_bytes() == packed
    client = client_of(serving_champions)
    reply = client.post("/predict", json={"lead": "a"}).json
    row = leads_of(batch)["a"] | {"made": LEAD["made"]}
    del row["bought"]
    expected = client.post("/predict", json=row).json
    facts = {"features_from": "last_run", "as_of": "2024-03-08T12:00:00+00:00"}
    assert reply == expected | facts
    unknown = client.post("/predict", json={"lead": "z"})
    assert unknown.status_code == 422
    assert "none of the leads of the last run" in unknown.text
    delete_objects([layout.published_leads])
    gone = client_of(serving_champions).post("/predict", json={"lead": "a"})
    assert "are not there any more" in gone.text


def test_a_lead_that_was_erased_is_known_no_more(
    client_of, serving_champions, batch, layout, monkeypatch
):
    """The process has fetched the file of the same run before."""
    contract = layout.contract
    leads = leads_parquet(contract, batch, "people/")
    write_bytes(f"{layout.load('day-1')}part-00000.parquet", leads)
    packed = pack(Published("day-1", batch.as_of, batch.rates))
    write_bytes(layout.load_published("day-1"), packed)
    publish(layout, "day-1")
    client = client_of(serving_champions)
    assert client.post("/predict", json={"lead": "a"}).status_code == 200
    assert erase_from_published(layout, "a") == 1
    assert client.post("/predict", json={"lead": "a"}).status_code == 200
    monkeypatch.setattr(last_run, "KEPT_SECONDS", 0)
    assert client.post("/predict", json={"lead": "a"}).status_code == 422
    assert client.post("/predict", json={"lead": "b"}).status_code == 200


def test_an_endpoints_container_knows_what_was_packed_with_its_model(
    serving_champions, batch, tmp_path, monkeypatch
):
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    (tmp_path / "model").mkdir()
    published = Published("day-1", batch.as_of, batch.rates)
    (tmp_path / "model" / PACKED).write_bytes(pack(published))
    app = create_app(settings(), serving_champions, endpoint=True)
    client = app.test_client()
    reply = client.post("/invocations", json=REQUEST).json
    assert reply["rates_as_of"] == "2024-03-08T12:00:00+00:00"
    assert reply["rates_missing"] == []
    refused = client.post("/invocations", json={"lead": "a"})
    assert refused.status_code == 422
    assert "this endpoint cannot reach" in refused.text


def test_the_schema_of_a_request_takes_what_the_api_takes(client, published):
    document = client.get("/openapi.json").json
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    choices = json.dumps(content["application/json"]["schema"]["anyOf"])
    for name, body in (
        ("LeadWithEvents", REQUEST),
        ("LeadById", {"lead": "a"}),
    ):
        assert f"#/components/schemas/{name}" in choices
        schema = {"$ref": f"#/components/schemas/{name}"} | document
        jsonschema.validate(body, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            changed(events=[{"source": "calls"}]),
            {"$ref": "#/components/schemas/LeadWithEvents"} | document,
        )
    reply = client.post("/predict", json=REQUEST).json
    jsonschema.validate(
        reply, {"$ref": "#/components/schemas/Scores"} | document
    )
