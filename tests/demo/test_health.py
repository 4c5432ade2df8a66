"""Health checks of containers, against a real HTTP server."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from demo.environment import ROOT
from demo.health import problem

PARTS = {
    "scheduler": {"status": "healthy"},
    "triggerer": {"status": "unhealthy"},
    "dag_processor": {"status": None},
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status = int(self.path.strip("/"))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(PARTS).encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [200, 403, 404])
def test_a_service_that_answers_is_up(address, status):
    assert problem(f"{address}/{status}") == ""


def test_a_server_error_is_a_problem(address):
    assert "answers 503" in problem(f"{address}/503")


def test_a_healthy_part_of_airflow_is_no_problem(address):
    assert problem(f"{address}/200", "scheduler") == ""


@pytest.mark.parametrize("part", ["triggerer", "dag_processor", "nobody"])
def test_a_part_that_is_not_healthy_or_not_there_is_a_problem(address, part):
    assert problem(f"{address}/200", part).startswith(f"{part} is ")


def test_a_part_behind_an_error_is_a_problem(address):
    assert problem(f"{address}/404", "scheduler")


def test_the_exit_status_is_what_docker_asks_for(address):
    command = [sys.executable, "-m", "demo.health"]
    well = subprocess.run(
        [*command, f"{address}/200", "scheduler"], cwd=ROOT, check=False
    )
    ill = subprocess.run(
        [*command, "http://127.0.0.1:9/"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (well.returncode, ill.returncode) == (0, 1)
    assert "does not answer" in ill.stderr
