"""The API keeps to its own OpenAPI document whatever is sent: schemathesis, all its checks, against a real server."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import hypothesis
import pytest
from waitress import create_server

from include.api.access.keys import Keys, hash_of
from include.api.app import create_app
from include.settings import settings

KEY = "fuzzers-key"
LARGE = hypothesis.settings.get_current_profile_name() == "large"
EXAMPLES = 500 if LARGE else 8
SECONDS = 3000 if LARGE else 120


@pytest.fixture
def address(serving_champions, layout, monkeypatch, fresh_settings):
    for name, value in {
        "REQUESTS_PER_SECOND": 0,
        "MAX_LEADS": 20,
        "MAX_COLUMNS": 40,
    }.items():
        monkeypatch.setenv(
            f"LEADS_API_{name}", str(value)
        )  # small limits: they are overstepped on purpose, and often
    fresh_settings()
    keys = Keys(lambda: {"fuzzer": hash_of(KEY)})
    keys.refresh()
    server = create_server(
        create_app(settings(), serving_champions, keys),
        host="127.0.0.1",
        port=0,
        threads=4,
    )
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


@pytest.mark.fuzz
@pytest.mark.timeout(SECONDS + 60)
def test_no_request_makes_the_api_break_its_own_description(address, tmp_path):
    hooks = {
        "SCHEMATHESIS_HOOKS": "fuzz_hooks",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{address}/openapi.json",
        "--checks",
        "all",
    ]
    command += [
        "--header",
        f"X-API-Key: {KEY}",
        "--max-examples",
        str(EXAMPLES),
        "--seed",
        "1",
    ]
    command += [
        "--generation-database",
        "none",
        "--no-color",
        "--continue-on-failure",
        *os.environ.get("FUZZ", "").split(),
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | hooks,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout
