"""Champions that were really trained: in memory for scoring, registered ones for loading."""

import time
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import boto3
import mlflow.sklearn
import pandas as pd
import pytest
import yaml
from flask.testing import FlaskClient
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt, load_contract
from include.features.calibration import Calibration, Decision
from include.lake.objects import upload_file
from include.registry.registry import ChampionInfo, NoChampion, promote, register
from include.registry.tracking import connect
from include.serving import deployment
from include.serving.app import create_app
from include.serving.bundle import pack
from include.serving.holder import ChampionHolder, Champions
from include.serving.model_folder import write_index
from include.serving.scorer import Scorer, scorer_of
from include.serving.stages import StagedScorer
from include.settings import settings
from include.training.families import build_pipeline, deployable
from include.training.packaging import log_pipeline, stage_code

EPOCH = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
DECISION = Decision("f1", 0.4, (("A", 70), ("B", 40), ("C", 20), ("D", 0)))
VERSIONS = {KnownAt.CONTACT: "7", KnownAt.CAPTURE: "3"}
FITTED: dict[tuple[str, KnownAt, str], Pipeline] = {}
"""Pipelines on the same leads for the scorers in memory; each test gets copies of its own."""


def fit(contract: Contract, accounts: pd.DataFrame, stage: KnownAt, family: str = "logistic_regression") -> Pipeline:
    """A pipeline as a training deploys it."""
    fitted = build_pipeline(family, contract, stage).fit(accounts, accounts[contract.label])
    return deployable(fitted, Calibration("sigmoid", (0.8, 0.8), 0.1), DECISION)


@pytest.fixture
def scorer_for(contract, accounts) -> Callable[..., Scorer]:
    """Maker of scorers in memory: version 7 for contact, 3 for capture."""

    def make(stage: KnownAt, family: str = "logistic_regression") -> Scorer:
        tags = {"holdout_roc_auc": "0.91"}
        version = ChampionInfo(contract.model_name(stage), VERSIONS[stage], "a-run", tags, EPOCH)
        what = (contract.contract, stage, family)
        if what not in FITTED:
            FITTED[what] = fit(contract, accounts, stage, family)
        return scorer_of(version, stage, contract, deepcopy(FITTED[what]))

    return make


@pytest.fixture
def scorer(scorer_for) -> Scorer:
    return scorer_for(KnownAt.CONTACT)


@pytest.fixture
def staged(contract, scorer, scorer_for) -> StagedScorer:
    """Both stages' champions."""
    return StagedScorer(contract, {KnownAt.CONTACT: scorer, KnownAt.CAPTURE: scorer_for(KnownAt.CAPTURE)})


@pytest.fixture
def mixed(accounts) -> pd.DataFrame:
    """Leads of which every third has been contacted."""
    return accounts.assign(opinion=accounts["opinion"].where(accounts.index % 3 == 0, None))


@pytest.fixture
def registered(contract, tracking, accounts) -> Callable[..., str]:
    """Registers and promotes a pipeline for a stage; returns the version."""
    client = connect(settings())
    mlflow.set_experiment(contract.names.experiment)

    def make(pipeline: Pipeline | None = None, stage: KnownAt = KnownAt.CONTACT, **tags: str) -> str:
        model = contract.model_name(stage)
        with mlflow.start_run() as run:
            logged = log_pipeline(pipeline or fit(contract, accounts, stage), accounts)
        version = str(register(client, model, logged.model_uri, run.info.run_id, tags, logged.model_id).version)
        promote(model, version)
        return version

    return make


@pytest.fixture
def fresh_settings(monkeypatch) -> Iterator[Callable[[], None]]:
    """Reads the settings again, now and after the test."""
    yield settings.cache_clear
    settings.cache_clear()


@pytest.fixture
def serving_champions(contract, staged) -> Champions:
    """Both stages' champions, as an application takes them."""
    holders = {stage: ChampionHolder(lambda served, scorer=one: scorer) for stage, one in staged.scorers.items()}
    champions = Champions(contract, holders, poll_seconds=60)
    champions.refresh()
    return champions


@pytest.fixture
def write_models(staged) -> Callable[[Path], None]:
    """Lays both stages' champions out as a bundle has them."""

    def write(folder: Path) -> None:
        for stage, one in staged.scorers.items():
            path = str(folder / stage)
            mlflow.sklearn.save_model(one.pipeline, path, serialization_format="cloudpickle", pip_requirements=[])
        write_index(folder, {stage: one.champion for stage, one in staged.scorers.items()})

    return write


@pytest.fixture
def client_of(monkeypatch, fresh_settings) -> Callable[..., FlaskClient]:
    """Maker of clients of an API with given champions; without keys it lets everyone through."""
    monkeypatch.setenv("LEADS_API_AUTH", "off")
    fresh_settings()
    return lambda champions, keys=None: create_app(champions, keys).test_client()


@pytest.fixture
def client(serving_champions, client_of) -> FlaskClient:
    return client_of(serving_champions)


@pytest.fixture
def untrained(contract, client_of) -> FlaskClient:
    """A client of an API before the first promotion."""

    def none_yet(served):
        raise NoChampion("nothing promoted yet")

    champions = Champions(contract, {KnownAt.CONTACT: ChampionHolder(none_yet)}, poll_seconds=60)
    champions.refresh()
    return client_of(champions)


@pytest.fixture
def lead() -> dict[str, object]:
    return {"account": "a-1", "visits": 3, "minutes": 42.5, "channel": "web", "fit": "high", "opinion": "hot"}


@pytest.fixture
def contract_with_levels(tmp_path, monkeypatch, use_contract) -> Iterator[Contract]:
    """The test contract, with the known levels of one category named."""
    use_contract(tmp_path, monkeypatch)
    path = tmp_path / "accounts.yaml"
    content = yaml.safe_load(path.read_text())
    (channel,) = (column for column in content["columns"] if column["field"] == "channel")
    channel["allowed"] = ["web", "mail", "fair", "other"]
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    load_contract.cache_clear()
    yield load_contract(str(path))
    settings.cache_clear()
    load_contract.cache_clear()


@pytest.fixture
def endpoint(layout, monkeypatch):
    """An endpoint's name of this test's own; what stands there at the end is deleted."""
    name = f"e-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("LEADS_ENDPOINT_NAME", name)
    settings.cache_clear()
    api = boto3.client("sagemaker")
    yield api
    if deployment.present(settings()):
        api.delete_endpoint(EndpointName=name)


@pytest.fixture
def packed(layout, scorer_for, contract, tmp_path):
    """Archive of both stages' champions under made-up versions, as `bundle` uploads it, without a registry."""

    def make(version: str) -> dict[str, str]:
        folder, archive = tmp_path / f"v{version}", tmp_path / f"v{version}.tar.gz"
        found = {}
        for stage in (KnownAt.CONTACT, KnownAt.CAPTURE):
            code = stage_code(_new(tmp_path / f"code-{version}-{stage}"))
            pipeline = scorer_for(stage).pipeline
            mlflow.sklearn.save_model(
                pipeline,
                folder / stage,
                code_paths=[str(code)],
                serialization_format="cloudpickle",
                pip_requirements=[],
            )
            moment = datetime(2026, 1, 1, tzinfo=UTC)
            found[stage] = ChampionInfo(contract.model_name(stage), version, "a-run", {}, moment)
        write_index(folder, found)
        pack(folder, archive)
        uri = layout.endpoint_model(f"v{version}")
        upload_file(archive, uri)
        return {"model_data_url": uri, "sha256": version * 64, "versions": f"contact-{version}-capture-{version}"}

    return make


def _new(folder):
    folder.mkdir()
    return folder


@pytest.fixture
def settled(layout) -> Callable[[], dict[str, str]]:
    """Waits until SageMaker is done with the settings' endpoint; returns what is there."""

    def wait() -> dict[str, str]:
        for _ in range(600):
            now = deployment.present(settings())
            if now["status"] not in ("Creating", "Updating"):
                return now
            time.sleep(0.2)
        raise TimeoutError(now)

    return wait


@pytest.fixture
def deploy(endpoint, settled) -> Callable[[dict[str, str]], str]:
    """What the DAG's operators do; returns the config's name once SageMaker is done with it."""

    def create(packed: dict[str, str]) -> str:
        asked = deployment.requests(settings(), packed)
        role = f"arn:aws:iam::123456789012:role/{settings().endpoint_role}"
        endpoint.create_model(**asked["model"] | {"ExecutionRoleArn": role})
        endpoint.create_endpoint_config(**asked["config"])
        change = endpoint.create_endpoint if deployment.present(settings()) is None else endpoint.update_endpoint
        change(**asked["endpoint"])
        settled()
        return asked["name"]

    return create
