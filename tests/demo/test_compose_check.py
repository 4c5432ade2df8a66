"""What `make compose-test` calls proved, and what not; the containers themselves are `make compose-test`'s."""

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from demo import compose_check
from demo.compose import Container
from demo.compose_check import (
    free_ports,
    require_champion,
    require_no_root,
    require_served,
    require_steady,
)
from demo.errors import NotProvedError
from demo.replay.facts import Facts
from include.contract import load_contract
from include.registry.registry import ChampionInfo

CONTRACT = load_contract("x_education")
CLIENT = None
"""Stands for a client of MLflow: the registry's answer is played."""


def facts(decision="promote", version="3"):
    return Facts(
        "first",
        10,
        10,
        "no_champion",
        0.0,
        "retrain",
        None,
        None,
        decision,
        (),
        version,
        (),
        1.0,
    )


@pytest.fixture
def registered(monkeypatch):
    """`registered(version)` makes that version the registry's champion, None no version."""

    def register(version):
        found = version and ChampionInfo(
            CONTRACT.model_name(), version, "run", {}, datetime.now(UTC)
        )
        monkeypatch.setattr(
            compose_check, "champion", lambda client, model: found
        )

    return register


def test_the_promoted_version_in_the_registry_is_proof(registered):
    registered("3")
    assert require_champion(CLIENT, facts(), CONTRACT) == "3"


@pytest.mark.parametrize(
    ("version", "decision"),
    [("2", "promote"), ("3", "keep"), (None, "promote")],
)
def test_another_champion_or_none_is_no_proof(registered, version, decision):
    registered(version)
    with pytest.raises(NotProvedError, match=decision):
        require_champion(CLIENT, facts(decision), CONTRACT)


def test_ports_of_a_test_are_free_and_differ():
    ports = free_ports().model_dump()
    assert len(set(ports.values())) == len(ports)
    assert all(port > 1024 for port in ports.values())


def test_every_port_reaches_the_compose_file():
    ports = free_ports()
    assert ports.variables()["LEADS_AIRFLOW_PORT"] == str(ports.airflow_port)
    assert len(ports.variables()) == len(type(ports).model_fields)


class Api(BaseHTTPRequestHandler):
    served = "3"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = {
            "versions": {CONTRACT.model_name(): self.served},
            "predictions": [{"score": 0.25}],
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def api():
    server = HTTPServer(("127.0.0.1", 0), Api)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_score_by_the_champion_is_proof(api):
    assert require_served(api, CONTRACT, "3") == 0.25


def test_an_api_that_serves_another_version_is_no_proof(api):
    with pytest.raises(
        NotProvedError, match=r"does not serve version 4 .* it says 200"
    ):
        require_served(api, CONTRACT, "4", seconds=1)


def test_an_api_that_does_not_answer_is_no_proof():
    with pytest.raises(NotProvedError, match="it says nothing"):
        require_served("http://127.0.0.1:9", CONTRACT, "3", seconds=1)


def test_a_service_that_was_started_again_is_found():
    steady, fallen = (
        Container(name, name, "running", "healthy", 0, int(name == "b"))
        for name in "ab"
    )
    require_steady((steady,))
    with pytest.raises(NotProvedError, match="started again: b;"):
        require_steady((steady, fallen))


@pytest.fixture
def running(monkeypatch):
    """`running(service, *users)` is a container with a process of each of these users."""

    def container(service, *users):
        lines = [f"{user} {number}" for number, user in enumerate(users, 1)]
        monkeypatch.setattr(
            compose_check,
            "docker",
            lambda *arguments: "\n".join(["UID PID", *lines, ""]),
        )
        return (Container(service, service, "running", "healthy", 0, 0),)

    return container


def test_a_service_of_other_users_is_no_roots(running):
    require_no_root(running("aws", "10001", "10001"))  # does not raise


def test_a_process_of_root_anywhere_is_found(running):
    with pytest.raises(NotProvedError, match="run as root: aws"):
        require_no_root(running("aws", "10001", "0"))


def test_only_the_entry_point_of_postgres_may_stay_roots(running):
    require_no_root(running("postgres", "0", "999"))
    with pytest.raises(NotProvedError, match="run as root: postgres"):
        require_no_root(running("postgres", "0", "999", "0"))
