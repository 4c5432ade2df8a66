"""The server as a process: as a person starts it, and as SageMaker does."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import boto3
import httpx
import psutil
import pytest

from include.api.__main__ import THREADS
from include.api.access.keys import DEMO_KEY, hash_of
from localaws.roles import LOCAL_API_KEY


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def started(tmp_path):
    """Starts `python -m include.api …`; returns its address and its process."""
    processes = []

    def start(*arguments, **environment):
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "include.api",
            *arguments,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        with (tmp_path / f"{port}.log").open("w") as log:
            process = subprocess.Popen(
                command, env=os.environ | environment, stdout=log, stderr=log
            )
        processes.append(process)
        return f"http://127.0.0.1:{port}", process, tmp_path / f"{port}.log"

    yield start
    for process in processes:
        process.kill()
        process.wait(timeout=10)


def answer(address, path, status, process, seconds=60):
    """The reply, once it has the status."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        assert process.poll() is None, "the server has ended"
        try:
            reply = httpx.get(f"{address}{path}", timeout=5)
            if reply.status_code == status:
                return reply
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{path} is not {status} after {seconds} s")


def test_sagemaker_pings_until_a_late_model_is_there_and_then_invokes(
    started, write_models, lead, tmp_path
):
    """Its container starts, its model comes late, it is asked all the same, and it is told to stop."""
    address, process, log = started(
        "serve",
        SAGEMAKER_BASE_DIR=str(tmp_path),
        LEADS_CHAMPION_POLL_SECONDS="0.2",
    )
    assert answer(address, "/ping", 503, process).json()["error"] == "not ready"
    refused = httpx.post(f"{address}/invocations", json=lead)
    assert refused.status_code == 503
    assert "no readable champions.json" in refused.json()["error"]
    write_models(tmp_path / "model")
    answer(address, "/ping", 200, process)
    leads = [lead, lead | {"opinion": None}]
    scored = httpx.post(f"{address}/invocations", json=leads).json()[
        "predictions"
    ]
    assert [one["model_version"] for one in scored] == ["7", "3"]
    assert httpx.post(f"{address}/predict", json=lead).status_code == 401
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert all(
        json.loads(line)["level"] in ("INFO", "WARNING")
        for line in log.read_text().splitlines()
    )


def test_before_the_first_promotion_the_api_is_up_and_names_the_model_that_has_no_champion(
    started, tracking, layout, contract, lead
):
    """As `make serve` starts it on a registry in which nothing has been promoted."""
    address, process, log = started(
        LEADS_API_AUTH="off", LEADS_CHAMPION_POLL_SECONDS="0.2"
    )
    answer(address, "/healthz", 200, process, seconds=180)
    give_up = time.monotonic() + 60
    while contract.model_name() not in (
        said := answer(address, "/model", 503, process).json()["error"]
    ):
        assert time.monotonic() < give_up, said
        time.sleep(0.1)
    assert (
        answer(address, "/readyz", 503, process).json()["error"] == "not ready"
    )
    for reply in (
        httpx.post(f"{address}/predict", json=lead),
        httpx.get(f"{address}/model"),
    ):
        assert (
            reply.status_code,
            contract.model_name() in reply.json()["error"],
        ) == (503, True)
    assert (
        "no model to score with yet"
        in httpx.post(
            f"{address}/desk/score",
            data={"visits": "3"},
            headers={"Sec-Fetch-Site": "same-origin"},
        ).text
    )
    assert "score_leads" in httpx.get(f"{address}/desk").text
    # The guide's contract is in force too, and shares the empty prefix with the test's.
    said_lines = [json.loads(line) for line in log.read_text().splitlines()]
    errors = [line for line in said_lines if line["level"] == "ERROR"]
    assert all("x_education" in line["message"] for line in errors), errors


def test_a_worker_that_is_killed_is_started_again_and_none_outlives_a_killed_server(
    started, write_models, tmp_path
):
    write_models(tmp_path / "model")
    address, process, _ = started("serve", SAGEMAKER_BASE_DIR=str(tmp_path))
    answer(address, "/ping", 200, process)
    (worker,) = psutil.Process(process.pid).children()
    worker.kill()
    worker.wait(timeout=10)
    answer(address, "/ping", 200, process)
    (successor,) = psutil.Process(process.pid).children()
    process.kill()
    successor.wait(timeout=10)
    assert (
        psutil.pid_exists(worker.pid)
        is psutil.pid_exists(successor.pid)
        is False
    )


def test_callers_that_send_slowly_keep_nobody_waiting(
    started, write_models, tmp_path
):
    write_models(tmp_path / "model")
    address, process, _ = started("serve", SAGEMAKER_BASE_DIR=str(tmp_path))
    answer(address, "/ping", 200, process)
    where = httpx.URL(address)
    # Without a key, /predict refuses before the body has come; /invocations waits for it.
    slow = ["/invocations"] * (THREADS // 2) + ["/predict"] * (2 * THREADS)
    with ExitStack() as held:
        for path in slow:
            caller = held.enter_context(
                socket.create_connection((where.host, where.port))
            )
            caller.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 9\r\n\r\na".encode()
            )
        assert httpx.get(f"{address}/ping", timeout=20).status_code == 200


def test_a_body_without_a_length_or_cut_short_is_refused(
    started, write_models, tmp_path
):
    write_models(tmp_path / "model")
    address, process, log = started("serve", SAGEMAKER_BASE_DIR=str(tmp_path))
    answer(address, "/ping", 200, process)
    csv = {"Content-Type": "text/csv"}
    refused = httpx.post(
        f"{address}/invocations",
        content=iter([b"channel\n", b"web\n"]),
        headers=csv,
    )
    assert (
        refused.status_code,
        "Content-Length" in refused.json()["error"],
    ) == (411, True)
    where = httpx.URL(address)
    with socket.create_connection((where.host, where.port)) as caller:
        caller.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 99\r\n\r\n"
        )
        caller.sendall(b"channel\nweb\n")
        caller.shutdown(socket.SHUT_WR)
        caller.settimeout(20)
        assert caller.recv(4096)[:12] in (b"", b"HTTP/1.1 400")
    assert (
        httpx.post(
            f"{address}/invocations", content=b"channel\nweb\n", headers=csv
        ).status_code
        == 200
    )
    answered = [
        json.loads(line)
        for line in log.read_text().splitlines()
        if '"answered"' in line
    ]
    assert [
        line["leads"]
        for line in answered
        if line["route"] == "/invocations" and line["status"] == 200
    ] == [1]


def test_a_key_is_made_once_shown_once_and_works(bucket):
    def make(name):
        command = [sys.executable, "-m", "include.api", "key", name]
        environment = os.environ | {"LEADS_API_KEYS_SECRET": f"keys/{bucket}"}
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    made, again = make("crm"), make("crm")
    assert (
        made.returncode,
        again.returncode,
        "there is a key 'crm'" in again.stderr,
    ) == (0, 1, True)
    content = boto3.client("secretsmanager").get_secret_value(
        SecretId=f"keys/{bucket}"
    )["SecretString"]
    assert json.loads(content) == {"crm": hash_of(made.stdout.strip())}


@pytest.fixture
def secret(bucket):
    """A secret with a key of somebody's own."""
    name = f"keys/{bucket}/public"
    hashes = json.dumps({"crm": hash_of("own")})
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=hashes)
    return name


@pytest.mark.parametrize("state", ["published", "absent"])
def test_a_public_address_with_the_published_demo_key_or_unknown_ones_is_refused(
    started, secret, state
):
    if state == "published":
        hashes = {"crm": hash_of("own"), "demo": hash_of(LOCAL_API_KEY)}
        boto3.client("secretsmanager").put_secret_value(
            SecretId=secret, SecretString=json.dumps(hashes)
        )
    else:
        secret += "-of-nobody"
    _, process, log = started(
        "--public", NGROK_AUTHTOKEN="t", LEADS_API_KEYS_SECRET=secret
    )
    assert process.wait(timeout=60) == 1
    said = "with the demo key" if state == "published" else "cannot be read"
    assert said in log.read_text()


def test_a_public_address_without_a_token_is_explained_and_nothing_is_served(
    started, secret
):
    _, process, log = started(
        "--public", NGROK_AUTHTOKEN="", LEADS_API_KEYS_SECRET=secret
    )
    assert process.wait(timeout=60) == 1
    assert "NGROK_AUTHTOKEN" in log.read_text()


def test_a_public_address_without_the_sdk_says_how_to_install_it(
    started, secret
):
    if importlib.util.find_spec("ngrok"):
        pytest.skip("ngrok's SDK is installed here, and would ask its service")
    _, process, log = started(
        "--public", NGROK_AUTHTOKEN="t", LEADS_API_KEYS_SECRET=secret
    )
    assert process.wait(timeout=60) == 1
    assert "pip install ngrok" in log.read_text()


def test_a_public_address_without_keys_is_refused(started, bucket):
    _, process, log = started(
        "--public", NGROK_AUTHTOKEN="t", LEADS_API_AUTH="off"
    )
    assert process.wait(timeout=60) == 1
    assert "leave the keys on" in log.read_text()


def test_a_public_address_of_sagemakers_container_is_refused(started, secret):
    """It answers /invocations to whoever asks."""
    _, process, log = started(
        "serve", "--public", NGROK_AUTHTOKEN="t", LEADS_API_KEYS_SECRET=secret
    )
    assert process.wait(timeout=60) == 1
    assert "answers /invocations without a key" in log.read_text()


def test_the_key_that_is_refused_is_the_one_that_the_local_stack_has():
    assert DEMO_KEY == LOCAL_API_KEY
