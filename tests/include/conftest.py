"""Real services for the tests of include/: a local AWS, an MLflow server, and a small data set of its own."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import numpy as np
import pandas as pd
import pytest
import requests
import yaml

from include.contract import Contract, load_contract
from include.lake.layout import Layout
from include.local.aws.server import running
from include.settings import settings

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "ap-south-1",
}


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """One local AWS for all tests below, with the project's default names, whatever the test that comes first sets."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("LEADS_")]:
            environment.delenv(name)
        with running() as endpoint:
            yield endpoint


@pytest.fixture(scope="session")
def mlflow_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--serve-artifacts"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "server.log").open("w") as log:
        # Without its job runner, which is eight more processes that nothing here uses.
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.exceptions.RequestException:
            time.sleep(0.3)
    pytest.fail(f"MLflow did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def use_bucket(aws_endpoint: str) -> Callable[[pytest.MonkeyPatch], str]:
    """The maker of a new bucket that is the settings' bucket for as long as the patch lasts."""

    def make(patch: pytest.MonkeyPatch) -> str:
        name = f"leads-{uuid.uuid4().hex[:12]}"
        for variable, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws_endpoint, "LEADS_BUCKET": name}.items():
            patch.setenv(variable, value)
        settings.cache_clear()
        client = boto3.client("s3", endpoint_url=aws_endpoint, region_name="ap-south-1")
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        return name

    return make


@pytest.fixture
def bucket(use_bucket: Callable[[pytest.MonkeyPatch], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new bucket that is the settings' bucket."""
    yield use_bucket(monkeypatch)
    settings.cache_clear()


def _column(name: str, kind: str, known_at: str = "capture", **more: object) -> dict[str, object]:
    return {
        "name": name.title(), "field": name, "type": kind, "label": name, "description": name,
        "known_at": known_at, "because": "said so", **more,
    }  # fmt: skip


def _use_contract(folder: Path, patch: pytest.MonkeyPatch) -> Contract:
    suffix = uuid.uuid4().hex[:8]
    content = {
        "contract": "accounts", "version": 3, "description": "test", "null_tokens": ["", "n/a"],
        "key": "account", "label": "won", "clock": "number",
        "names": {
            "table": f"accounts_{suffix}", "scores_table": f"scores_{suffix}", "drift_table": f"drift_{suffix}",
            "promotions_table": f"promotions_{suffix}", "feedback_table": f"feedback_{suffix}",
            "model": f"winner-{suffix}", "experiment": f"accounts {suffix}",
        },
        "columns": [
            _column("account", "string"),
            _column("number", "integer"),
            _column("won", "integer", "contact", minimum=0, maximum=1),
            _column("visits", "integer", minimum=0),
            _column("minutes", "number", minimum=0),
            _column("channel", "category", groups={"Online": ["web", "mail"], "Person": ["fair"]}),
            _column("region", "category"),
            _column("remark", "string"),
            _column("constant", "yes_no", near_constant=True),
            _column("newsletter", "yes_no"),
            _column("fit", "ordinal", "engagement", order=["low", "mid", "high"]),
            _column("opinion", "category", "contact"),
        ],
    }  # fmt: skip
    path = folder / "accounts.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    patch.setenv("LEADS_CONTRACT", str(path))
    settings.cache_clear()
    return load_contract(str(path))


@pytest.fixture(scope="session")
def use_contract() -> Callable[[Path, pytest.MonkeyPatch], Contract]:
    """The maker of such a contract as `contract` is, set for as long as the patch lasts."""
    return _use_contract


@pytest.fixture
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contract]:
    """A contract that shares no column with the guide's, with names of its own, set as the settings' contract."""
    yield _use_contract(tmp_path, monkeypatch)
    settings.cache_clear()


@pytest.fixture
def layout(bucket: str, contract: Contract) -> Layout:
    settings.cache_clear()
    return Layout(settings(), contract)


@pytest.fixture
def tracking(mlflow_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a real MLflow server that is the settings' server."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_address)
    settings.cache_clear()
    yield mlflow_address
    settings.cache_clear()


def make_accounts(rows: int = 600, seed: int = 0, signal: float = 1.0) -> pd.DataFrame:
    """Labelled rows of the test contract; `signal` 1 can be predicted well, 0 not at all."""
    random = np.random.default_rng(seed)
    minutes, fit = random.gamma(2, 30, rows), random.choice(["low", "mid", "high"], rows)
    opinion = random.choice(["hot", "cold"], rows)
    logit = signal * (
        0.03 * (minutes - 60) + 2.0 * (fit == "high") - 1.5 * (fit == "low") + 4.0 * (opinion == "hot") - 2
    )
    frame = pd.DataFrame(
        {
            "account": [f"{seed}-{number:05d}" for number in range(rows)],
            "number": np.arange(1, rows + 1),
            "won": (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(int),
            "visits": random.poisson(3, rows).astype(float),
            "minutes": minutes,
            "channel": random.choice(["web", "mail", "fair", "other"], rows),
            "region": random.choice(["north", "south"], rows),
            "remark": "free text",
            "constant": "No",
            "newsletter": random.choice(["Yes", "No"], rows),
            "fit": fit,
            "opinion": opinion,
        }
    )
    frame.loc[frame.index % 7 == 0, "visits"] = np.nan
    frame.loc[frame.index % 5 == 0, "region"] = None
    return frame


@pytest.fixture
def accounts() -> pd.DataFrame:
    return make_accounts()


@pytest.fixture(scope="session")
def accounts_of():
    """The maker of rows of the test contract, for other sizes, seeds and strengths of signal."""
    return make_accounts


@pytest.fixture(scope="session")
def leads_csv() -> Path:
    """The real file; tests that need it are skipped where it is not there."""
    path = Path(os.environ.get("LEADS_CSV", "../shared/data/Leads.csv"))
    if not path.is_file():
        pytest.skip(f"no real leads at {path}")
    return path
