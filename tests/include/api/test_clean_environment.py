"""The API on a real registered model, with its own lock and the files of its image, and nothing else of the project."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import boto3
import httpx
import pytest

from include.api.access.keys import hash_of
from include.api.score_request import REASONS
from include.contract import KnownAt
from include.scoring.stages import load_champions
from include.settings import settings

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "docker" / "api-requirements.txt"
RECIPE = ROOT / "docker" / "ml.Dockerfile"
KEY = "clean-key"


def pins(path):
    return dict(
        re.findall(
            r"^([a-z0-9._-]+)==(\S+)", path.read_text(), flags=re.MULTILINE
        )
    )


def test_the_lock_has_the_pins_of_the_training_and_nothing_of_airflow_evidently_or_spark():
    ours, theirs = pins(LOCK), pins(ROOT / "requirements-dev.txt")
    assert {
        name: version
        for name, version in ours.items()
        if theirs[name] != version
    } == {}
    unwelcome = (
        "airflow",
        "evidently",
        "pyspark",
        "moto",
        "pyarrow",
        "matplotlib",
        "imbalanced",
    )
    assert [
        name for name in ours if any(word in name for word in unwelcome)
    ] == []


@pytest.fixture
def image(tmp_path):
    """The folder that the image's recipe copies the project into."""
    copied = re.findall(
        r"^COPY (include\S*) (include\S*)$",
        RECIPE.read_text(),
        flags=re.MULTILINE,
    )
    assert copied
    for source, target in copied:
        shutil.copytree(
            ROOT / source,
            tmp_path / "app" / target,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return tmp_path / "app"


@pytest.fixture
def clean_python(clean_environment):
    """Interpreter of an environment with nothing but the lock."""
    return clean_environment(LOCK)


@pytest.fixture
def api(image, clean_python, registered, bucket, layout, tmp_path):
    """Address of the API in the clean environment, on both stages' champions, with one key."""
    registered(stage=KnownAt.CONTACT)
    registered(stage=KnownAt.CAPTURE)
    boto3.client("secretsmanager").create_secret(
        Name=f"keys/{bucket}", SecretString=json.dumps({"crm": hash_of(KEY)})
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH"
    }
    environment |= {
        "LEADS_API_KEYS_SECRET": f"keys/{bucket}",
        "LEADS_API_PORT": str(port),
    }
    with (tmp_path / "api.log").open("w") as log:
        command = [clean_python, "-m", "include.api"]
        process = subprocess.Popen(
            command, cwd=image, env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(
            f"http://127.0.0.1:{port}/readyz", process, tmp_path / "api.log"
        )
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(timeout=10)


def wait_for(url, process, log, seconds=120):
    give_up = time.monotonic() + seconds
    with httpx.Client(timeout=5) as client:
        while time.monotonic() < give_up and process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
    pytest.fail(f"the API did not become ready:\n{log.read_text()[-3000:]}")


def test_it_scores_as_here_and_answers_everything_else(api, contract, mixed):
    rows = mixed.head(200)
    leads = rows.astype(object).where(rows.notna(), None).to_dict("records")
    with httpx.Client(
        base_url=api, headers={"X-API-Key": KEY}, timeout=60
    ) as client:
        scored = client.post("/predict", json=leads).json()["predictions"]
        assert scored == load_champions(settings(), contract).score(
            rows, REASONS
        ).astype(object).to_dict("records")
        assert (
            client.post(
                "/predict", json=leads[0], headers={"X-API-Key": "wrong"}
            ).status_code
            == 401
        )
        file = client.post(
            "/predict/batch",
            content=rows.to_csv(index=False),
            headers={"Content-Type": "text/csv"},
        )
        assert file.text.count("\r\n") == 201
        said = {
            "lead": "a-1",
            "rep": "mira",
            "verdict": "right",
            "model_version": "1",
        }
        assert client.post("/feedback", json=said).status_code == 201
        assert [
            client.get(path).status_code
            for path in ("/", "/model", "/metrics", "/docs", "/ping")
        ] == [200] * 5
        assert [
            client.get(f"/desk{path}").status_code
            for path in ("", "/score", "/static/desk.css")
        ] == [200] * 3
