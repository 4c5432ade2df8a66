import pytest

from include.api.access.keys import Keys, hash_of
from include.api.app import HEADERS, MAX_BODY_BYTES, create_app
from include.api.logs import REQUEST_ID
from include.settings import settings

KEY = "a-key"


@pytest.fixture
def keys():
    keys = Keys(lambda: {"crm": hash_of(KEY)})
    keys.refresh()
    return keys


@pytest.fixture
def guarded(serving_champions, keys):
    return create_app(settings(), serving_champions, keys).test_client()


OPEN = ["/healthz", "/readyz", "/ping", "/openapi.json", "/docs"]


def test_the_routes_that_need_no_key_are_these_and_no_other(guarded):
    rules = [
        rule
        for rule in guarded.application.url_map.iter_rules()
        if rule.endpoint != "static"
    ]
    for rule in rules:
        method = "POST" if "POST" in rule.methods else "GET"
        status = guarded.open(rule.rule, method=method).status_code
        assert (status == 200) == (rule.rule in OPEN), rule.rule
        assert status in (200, 401), rule.rule
    assert {
        "/",
        "/model",
        "/metrics",
        "/predict",
        "/predict/batch",
        "/feedback",
        "/invocations",
    } <= {rule.rule for rule in rules}


def test_whoever_has_a_key_is_served(guarded):
    assert guarded.get("/model", headers={"X-API-Key": KEY}).status_code == 200


def test_an_endpoint_answers_sagemaker_without_a_key_and_nobody_else(
    serving_champions, lead
):
    endpoint = create_app(
        settings(), serving_champions, endpoint=True
    ).test_client()
    assert endpoint.get("/ping").status_code == 200
    assert endpoint.post("/invocations", json=lead).status_code == 200
    assert endpoint.post("/predict", json=lead).status_code == 401
    assert endpoint.get("/model", headers={"X-API-Key": KEY}).status_code == 401


def test_every_reply_has_a_request_id_and_the_headers_that_protect_browsers(
    client,
):
    for path in ("/", "/healthz", "/nothing"):
        reply = client.get(path)
        assert reply.headers[REQUEST_ID]
        assert {name: reply.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 10 * 1024 * 1024])
def test_a_body_above_the_limit_is_a_413_with_a_reason(client, size):
    reply = client.post(
        "/predict", data=b" " * size, content_type="application/json"
    )
    assert reply.status_code == 413
    assert "at most 4,194,304 bytes" in reply.json["error"]


def test_a_method_that_is_none_is_neither_logged_nor_counted_by_its_name(
    guarded, caplog
):
    caplog.set_level("INFO")
    assert [
        guarded.open(path, method="JANE-DOE").status_code
        for path in ("/predict", "/nothing")
    ] == [401, 401]
    assert (
        guarded.open(
            "/predict", method="JANE-DOE", headers={"X-API-Key": KEY}
        ).status_code
        == 405
    )
    figures = guarded.get("/metrics", headers={"X-API-Key": KEY}).text
    assert "JANE" not in figures
    assert 'method="OTHER"' in figures
    assert {
        getattr(record, "facts", {}).get("method") for record in caplog.records
    } >= {"OTHER"}
    assert not [
        record for record in caplog.records if "JANE" in str(record.__dict__)
    ]


def test_a_key_that_asks_too_often_waits(
    serving_champions, keys, monkeypatch, fresh_settings
):
    monkeypatch.setenv("LEADS_API_BURST", "2")
    monkeypatch.setenv("LEADS_API_REQUESTS_PER_SECOND", "0.1")
    fresh_settings()
    client = create_app(settings(), serving_champions, keys).test_client()
    replies = [
        client.get("/model", headers={"X-API-Key": KEY}) for _ in range(3)
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert (
        replies[2].headers["Retry-After"],
        client.get("/healthz").status_code,
    ) == ("10", 200)
