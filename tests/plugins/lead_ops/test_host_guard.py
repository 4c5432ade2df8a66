"""What a foreign web page can do with the laptop's Airflow, where everybody is admin: nothing."""

import asyncio
import os
import subprocess
import sys

import httpx
import pytest

from lead_ops.host_guard import HOSTS_VARIABLE, HostGuard, root_middlewares

AIRFLOW = "http://localhost:8080"


async def airflow(scope, receive, send):
    """Answers every request."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def ask(method, **headers):
    """Returns the status that the guarded server answers."""
    guarded = HostGuard(airflow, ["localhost", "127.0.0.1"])

    async def send():
        transport = httpx.ASGITransport(guarded)
        async with httpx.AsyncClient(transport=transport) as client:
            address = f"{AIRFLOW}/auth/token"
            return await client.request(method, address, headers=headers)

    return asyncio.run(send())


@pytest.mark.parametrize(
    "host",
    ["rebound.example:8080", "localhost.example", "", "[", "localhost@x"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_is_not_its_own_gets_no_token(method, host):
    answer = ask(method, Host=host)
    assert answer.status_code == 403
    assert HOSTS_VARIABLE in answer.json()["detail"]


@pytest.mark.parametrize(
    "origin",
    ["https://example.com", "http://localhost:8025", "null", "localhost:8080"],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_page_of_another_address_changes_nothing(method, origin):
    answer = ask(method, Origin=origin)
    assert answer.status_code == 403
    assert origin in answer.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080"])
def test_programs_and_its_own_pages_are_served(method, host):
    assert ask(method, Host=host).status_code == 200
    assert ask(method, Host=host, Origin=f"http://{host}").status_code == 200


def test_airflow_gets_the_guard_only_where_hosts_are_named(monkeypatch):
    monkeypatch.delenv(HOSTS_VARIABLE, raising=False)
    assert root_middlewares() == []
    monkeypatch.setenv(HOSTS_VARIABLE, "localhost, 127.0.0.1")
    (named,) = root_middlewares()
    assert named["middleware"] is HostGuard
    assert named["kwargs"] == {"hosts": ["localhost", "127.0.0.1"]}


ASK_AIRFLOW = """
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient

client = TestClient(create_app(), base_url="http://localhost:8080")
version = "/api/v2/version"
print(
    client.get(version).status_code,
    client.get(version, headers={"Host": "rebound.example"}).status_code,
    client.post("/auth/token", headers={"Origin": "null"}).status_code,
    client.post("/execution/x", headers={"Host": "y"}).status_code,
)
"""


@pytest.mark.slow
def test_the_real_api_server_stands_behind_the_guard(airflow_db):
    environment = os.environ | {HOSTS_VARIABLE: "localhost"}
    asked = subprocess.run(
        [sys.executable, "-c", ASK_AIRFLOW],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert asked.stdout.splitlines()[-1] == "200 403 403 403"
