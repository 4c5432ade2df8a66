import io
import json
import logging

import pytest

from include.api import logs
from include.api.logs import REQUEST_ID, json_formatter


@pytest.fixture
def lines():
    """What the process logs as JSON, line by line."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(json_formatter())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_each_request_is_one_line_with_what_an_operator_needs(
    client, lead, lines
):
    client.post("/predict", json=[lead, lead], headers={REQUEST_ID: "crm-17"})
    (line,) = [line for line in lines() if line["logger"] == logs.__name__]
    assert {name: line[name] for name in ("request_id", "method", "route", "status", "leads", "caller")} == {
        "request_id": "crm-17", "method": "POST", "route": "/predict", "status": 200, "leads": 2, "caller": "anyone",
    }  # fmt: skip
    assert 0 < line["ms"] < 60_000


def test_neither_leads_nor_keys_nor_paths_reach_the_log(client, lead, lines):
    secret = "jane.doe@example.com"
    headers = {"X-API-Key": secret, "Authorization": f"Bearer {secret}"}
    client.post(
        "/predict",
        json=lead | {"account": secret, "channel": secret},
        headers=headers,
    )
    client.post("/predict", json={"visits": secret}, headers=headers)
    client.post("/predict", data=secret, content_type="application/json")
    client.post("/predict", data=f"visits\n{secret}\n", content_type="text/csv")
    client.post(f"/predict?reasons={secret}", json=lead)
    client.post("/predict", data="x", content_type=secret)
    client.get(f"/{secret}")
    client.get("/model", headers={REQUEST_ID: secret})
    assert (
        len([line for line in lines() if line["logger"] == logs.__name__]) == 8
    )
    assert [line for line in lines() if "jane" in json.dumps(line)] == []


@pytest.mark.parametrize("given", ["crm-17", "a" * 64])
def test_a_sane_request_id_is_kept(client, given):
    assert (
        client.get("/healthz", headers={REQUEST_ID: given}).headers[REQUEST_ID]
        == given
    )


@pytest.mark.parametrize("given", ["", "a" * 65, "two words", "<script>", "ü"])
def test_any_other_request_id_is_replaced(client, given):
    made = client.get("/healthz", headers={REQUEST_ID: given}).headers[
        REQUEST_ID
    ]
    assert (made != given, len(made)) == (True, 32)


def test_an_error_says_its_request_id(client):
    reply = client.get("/nothing", headers={REQUEST_ID: "crm-18"})
    assert reply.json["request_id"] == "crm-18"


def test_an_exception_is_told_by_type_and_place_without_its_message(lines):
    try:
        int("jane.doe@example.com")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (line,) = [line for line in lines() if line["logger"] == "x"]
    assert line["exception"] == "ValueError"
    assert "test_logs.py" in line["at"][0]
    assert "jane" not in json.dumps(line)
