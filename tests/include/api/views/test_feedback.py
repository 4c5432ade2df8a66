import json

import pytest

from include.api.access.keys import Keys, hash_of
from include.lake.objects import list_objects, read_json
from include.settings import settings

SAID = {
    "lead": "a-1",
    "rep": "mira",
    "verdict": "too_low",
    "model_version": "7",
    "stage": "contact",
    "outcome": 1,
}
SAID |= {"comment": "signed"}


@pytest.fixture
def stored(layout):
    """What lies in the feedback folder."""
    return lambda: [read_json(uri) for uri in list_objects(layout.feedback)]


@pytest.fixture
def client(bucket, client):
    return client


def test_feedback_is_kept_with_its_id_and_its_moment(client, stored):
    reply = client.post("/feedback", json=SAID)
    (content,) = stored()
    assert (reply.status_code, reply.json) == (
        201,
        {"id": content["id"], "kept": "now"},
    )
    assert {name: content[name] for name in SAID} == SAID
    assert content["given_at"].endswith("+00:00")


def test_replayed_feedback_is_answered_with_200_and_kept_once(client, stored):
    first, second = (client.post("/feedback", json=SAID) for _ in range(2))
    assert (second.status_code, second.json) == (
        200,
        {"id": first.json["id"], "kept": "before"},
    )
    assert len(stored()) == 1


def test_stage_outcome_and_comment_may_be_left_out(client, stored):
    reply = client.post(
        "/feedback",
        json={
            name: SAID[name]
            for name in ("lead", "rep", "verdict", "model_version")
        },
    )
    assert reply.status_code == 201
    assert [stored()[0][name] for name in ("stage", "outcome", "comment")] == [
        None,
        None,
        "",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lead": ""}, "lead"),
        ({"lead": " "}, "lead"),
        ({"lead": 7}, "lead"),
        ({"lead": "x" * 251}, "lead"),
        ({"rep": "two\nlines"}, "rep"),
        ({"verdict": "wrong"}, "verdict"),
        ({"model_version": "latest"}, "model_version"),
        ({"model_version": 7}, "model_version"),
        ({"stage": "later"}, "stage"),
        ({"stage": ""}, "stage"),
        ({"outcome": 2}, "outcome"),
        ({"outcome": True}, "outcome"),
        ({"outcome": "1"}, "outcome"),
        ({"comment": "x" * 1001}, "comment"),
        ({"comment": "a\u0000b"}, "comment"),
        ({"comment": "\ud800"}, "comment"),
        ({"score": 3}, "score"),
    ],
)
def test_a_refused_value_is_a_422_that_names_it_and_nothing_is_kept(
    client, stored, change, field
):
    reply = client.post("/feedback", json=SAID | change)
    assert reply.status_code == 422
    assert {
        problem["field"].split(".")[0] for problem in reply.json["problems"]
    } == {field}
    assert stored() == []


@pytest.mark.parametrize(
    ("given", "kept"), [(0, 0), (1, 1), (1.0, 1), (None, None)]
)
def test_an_outcome_is_0_or_1_or_not_known(client, stored, given, kept):
    assert (
        client.post("/feedback", json=SAID | {"outcome": given}).status_code
        == 201
    )
    assert stored()[0]["outcome"] is kept


@pytest.mark.parametrize("name", ["lead", "rep", "verdict", "model_version"])
def test_what_is_needed_is_asked_for(client, name):
    reply = client.post(
        "/feedback",
        json={key: value for key, value in SAID.items() if key != name},
    )
    assert (reply.status_code, reply.json["problems"][0]["field"]) == (
        422,
        name,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 50_000,
        b'{"outcome": NaN}',
        json.dumps(SAID).encode("utf-16"),
    ],
)
def test_a_body_that_is_not_json_is_a_400(client, stored, body):
    reply = client.post("/feedback", data=body, content_type="application/json")
    assert (reply.status_code, reply.json["error"][:8]) == (400, "not JSON")
    assert stored() == []


def test_a_name_given_twice_is_a_400_instead_of_one_of_the_two(client, stored):
    body = json.dumps(SAID)[:-1] + ', "verdict": "right"}'
    reply = client.post("/feedback", data=body, content_type="application/json")
    assert (reply.status_code, reply.json["error"]) == (
        400,
        "not JSON: an object gives a name twice",
    )
    assert stored() == []


def test_what_a_prediction_says_of_itself_is_what_feedback_takes(
    client, stored, lead
):
    (score,) = client.post("/predict", json=lead).json["predictions"]
    word = {name: score[name] for name in ("model_version", "stage")}
    assert client.post("/feedback", json=SAID | word).status_code == 201
    assert (stored()[0]["model_version"], stored()[0]["stage"]) == (
        "7",
        "contact",
    )


@pytest.mark.parametrize("body", ["[]", "3", "null"])
def test_json_that_is_no_object_is_a_422(client, body):
    assert (
        client.post(
            "/feedback", data=body, content_type="application/json"
        ).status_code
        == 422
    )


def test_another_content_type_is_a_415(client):
    assert (
        client.post(
            "/feedback", data=json.dumps(SAID), content_type="text/plain"
        ).status_code
        == 415
    )


def test_a_long_body_is_a_413(client):
    assert (
        client.post(
            "/feedback", json=SAID | {"comment": "x" * 70_000}
        ).status_code
        == 413
    )


def test_html_and_sql_are_kept_as_the_text_they_are(client, stored):
    comment = "<script>alert(1)</script>'; DROP TABLE lead_feedback; --"
    assert (
        client.post("/feedback", json=SAID | {"comment": comment}).status_code
        == 201
    )
    assert stored()[0]["comment"] == comment


def test_without_its_store_feedback_is_a_503_that_says_to_send_it_again(
    bucket, serving_champions, client_of, monkeypatch
):
    monkeypatch.setenv("LEADS_BUCKET", "no-such-bucket")
    settings.cache_clear()
    reply = client_of(serving_champions).post("/feedback", json=SAID)
    assert (reply.status_code, "send it again" in reply.json["error"]) == (
        503,
        True,
    )


def test_the_caller_is_kept_with_the_word_whatever_rep_it_names(
    serving_champions, client_of, bucket, stored
):
    keys = Keys(lambda: {"crm": hash_of("k" * 20)})
    keys.refresh()
    guarded = client_of(serving_champions, keys)
    headers = {"X-API-Key": "k" * 20}
    for rep in ("asha", "ben"):
        reply = guarded.post(
            "/feedback", json=SAID | {"rep": rep}, headers=headers
        )
        assert reply.status_code == 201
    assert [content["said_by"] for content in stored()] == ["crm", "crm"]
