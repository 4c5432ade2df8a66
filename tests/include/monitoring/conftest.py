"""Local AWS (S3 and the warehouse) and a registered champion whose training snapshot lies in S3."""

import json
import uuid
from collections.abc import Callable
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from include.contract import KnownAt
from include.decisions import Decisions
from include.evaluation.tiers import TIERS
from include.features.calibration import Decision
from include.lake.frames import write_parquet
from include.registry.packaging import log_pipeline
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.settings import settings
from include.training.data.dataset import make_dataset
from include.training.data.snapshot import write_manifest
from include.training.fit import refit
from include.training.recipe import Recipe
from include.warehouse.client import Warehouse


@pytest.fixture
def warehouse(statements, layout) -> Warehouse:
    """The warehouse with an empty drift table of the test contract."""
    warehouse = Warehouse(settings())
    warehouse.execute(
        f"DROP TABLE IF EXISTS public.{layout.contract.names.drift_table}"
    )
    warehouse.execute(statements.render("create_drift_metrics"))
    return warehouse


@pytest.fixture(scope="session")
def logged() -> dict[str, SimpleNamespace]:
    """The one model that every champion of a session is a version of; empty until the first one needs it."""
    return {}


@pytest.fixture
def model_in_mlflow(logged, tracking, contract, accounts_of) -> SimpleNamespace:
    """A logistic regression that was trained on 1,500 accounts and logged: its URI, id, run and threshold."""
    if "model" not in logged:
        data = make_dataset(
            accounts_of(1500, seed=9), contract, KnownAt.CONTACT, {}
        )
        recipe = Recipe(
            "logistic_regression", {}, "none", Decision("f1", 0.5, TIERS)
        )
        pipeline = refit(
            Decisions(),
            contract,
            recipe,
            data,
            data.split != "holdout",
            KnownAt.CONTACT,
        )
        mlflow.set_tracking_uri(tracking)
        mlflow.set_experiment("models of the monitoring tests")
        with mlflow.start_run() as run:
            info = log_pipeline(pipeline, data.frame)
        logged["model"] = SimpleNamespace(
            uri=info.model_uri, id=info.model_id, run=run.info.run_id
        )
    return logged["model"]


@pytest.fixture
def crown(layout, tracking, model_in_mlflow) -> Callable[..., str]:
    """Makes a champion whose snapshot is a frame; returns its version.

    A broken one has no artefact, an undecided one brings no threshold along.
    """

    def make(
        frame: pd.DataFrame, broken: bool = False, undecided: bool = False
    ) -> str:
        run = f"training-{uuid.uuid4().hex[:8]}"
        write_parquet(frame, f"{layout.snapshot(run)}part.parquet")
        manifest = write_manifest(settings(), layout.contract, run, "test")
        client, model, logged = (
            connect(settings().mlflow.tracking_uri),
            layout.contract.model_name(),
            model_in_mlflow,
        )
        tags = {"snapshot_uri": manifest["uri"], "threshold": "0.5"}
        if broken:
            trained = client.create_run(
                mlflow.set_experiment(
                    layout.contract.names.experiment
                ).experiment_id
            ).info
            found = register(
                client,
                model,
                f"{trained.artifact_uri}/model",
                trained.run_id,
                tags,
            )
        elif undecided:
            mlflow.set_experiment(layout.contract.names.experiment)
            with mlflow.start_run() as started:
                plain = mlflow.sklearn.log_model(
                    DummyClassifier(), name="model", pip_requirements=[]
                )
            found = register(
                client,
                model,
                plain.model_uri,
                started.info.run_id,
                tags,
                plain.model_id,
            )
        else:
            found = register(
                client, model, logged.uri, logged.run, tags, logged.id
            )
        promote(
            connect(settings().mlflow.tracking_uri), model, str(found.version)
        )
        return str(found.version)

    return make


@pytest.fixture
def set_up(monkeypatch) -> Callable[..., None]:
    """Sets fields of the settings for one test."""

    def change(**fields: object) -> None:
        for name, value in fields.items():
            text = value if isinstance(value, str) else json.dumps(value)
            monkeypatch.setenv(f"LEADS_{name.upper()}", text)
        settings.cache_clear()

    return change


@pytest.fixture
def window(layout) -> Callable[[pd.DataFrame], str]:
    """Writes a frame as the current window and returns its folder."""

    def write(frame: pd.DataFrame) -> str:
        folder = layout.window(f"window-{uuid.uuid4().hex[:8]}")
        write_parquet(frame, f"{folder}part.parquet")
        return folder

    return write


@pytest.fixture
def drift_table(contract) -> str:
    """The drift table as SQL names it."""
    return f"public.{contract.names.drift_table}"
