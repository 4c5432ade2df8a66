from base64 import b64encode

import pytest
from flask import Flask, g, jsonify

from include.api.access.auth import ANYONE, open_to_all, require_keys
from include.api.access.keys import Keys, hash_of
from include.api.error_replies import explain_errors

KEY = "the-crm-key"


def app_with(keys):
    app = Flask(__name__)
    require_keys(app, keys)
    explain_errors(app)
    app.add_url_rule(
        "/who",
        view_func=lambda: jsonify(caller=g.caller, rep=g.rep),
        endpoint="who",
    )
    app.add_url_rule(
        "/open",
        view_func=open_to_all(lambda: jsonify(caller=g.caller)),
        endpoint="open",
    )
    return app.test_client()


@pytest.fixture
def client():
    keys = Keys(lambda: {"crm": hash_of(KEY), "desk": hash_of("another")})
    keys.refresh()
    return app_with(keys)


def basic(user, key):
    return {
        "Authorization": f"Basic {b64encode(f'{user}:{key}'.encode()).decode()}"
    }


@pytest.mark.parametrize(
    ("headers", "rep"),
    [
        ({"X-API-Key": KEY}, None),
        ({"Authorization": f"Bearer {KEY}"}, None),
        (basic("mira", KEY), "mira"),
        (basic("", KEY), None),
    ],
    ids=["header", "bearer", "basic", "basic without a user"],
)
def test_a_key_is_taken_from_each_of_its_places(client, headers, rep):
    assert client.get("/who", headers=headers).json == {
        "caller": "crm",
        "rep": rep,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong"},
        {"X-API-Key": hash_of(KEY)},
        {"X-API-Key": "ключ".encode().decode("latin-1")},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic !!!"},
        {"Authorization": KEY},
        basic(KEY, "wrong"),
    ],
)
def test_without_a_right_key_the_answer_is_401_with_a_reason_and_a_challenge(
    client, headers
):
    reply = client.get("/who", headers=headers)
    assert reply.status_code == 401
    assert "API key" in reply.json["error"]
    assert reply.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_a_refusal_does_not_repeat_the_key(client):
    assert (
        "s3cret" not in client.get("/who", headers={"X-API-Key": "s3cret"}).text
    )


def test_an_unknown_path_is_not_told_from_a_known_one_without_a_key(client):
    assert client.get("/nothing").status_code == 401


def test_an_open_view_asks_for_nothing(client):
    assert client.get("/open").json == {"caller": None}


def test_before_the_keys_are_read_the_answer_is_503():
    assert (
        app_with(Keys(dict)).get("/who", headers={"X-API-Key": KEY}).status_code
        == 503
    )


def test_with_keys_turned_off_everyone_is_let_through_and_the_rep_is_still_known():
    assert app_with(None).get("/who", headers=basic("mira", "x")).json == {
        "caller": ANYONE,
        "rep": "mira",
    }
