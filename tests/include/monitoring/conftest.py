"""Local AWS (S3 and the warehouse) and a registered champion whose training snapshot lies in S3."""

import uuid
from collections.abc import Callable, Iterator

import mlflow
import pandas as pd
import pytest

from include.lake.frames import write_parquet
from include.local.aws.server import running
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.settings import settings
from include.training.snapshot import write_manifest
from include.warehouse.client import Warehouse
from include.warehouse.templates import render


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Local AWS instead of S3 alone, because an analysis also writes to the warehouse."""
    with running() as url:
        yield url


@pytest.fixture
def warehouse(layout) -> Warehouse:
    """The warehouse with an empty drift table of the test contract."""
    warehouse = Warehouse(settings())
    warehouse.execute(f"DROP TABLE IF EXISTS public.{layout.contract.names.drift_table}")
    warehouse.execute(render("create_drift_metrics"))
    return warehouse


@pytest.fixture
def crown(layout, tracking) -> Callable[[pd.DataFrame], str]:
    """Makes a champion that was trained on a frame; returns its version. Nothing here loads its model."""

    def make(frame: pd.DataFrame) -> str:
        run = f"training-{uuid.uuid4().hex[:8]}"
        write_parquet(frame, f"{layout.snapshot(run)}part.parquet")
        manifest = write_manifest(settings(), layout.contract, run, "test")
        client, model = connect(), layout.contract.model_name()
        trained = client.create_run(mlflow.set_experiment(layout.contract.names.experiment).experiment_id).info
        source, tags = f"{trained.artifact_uri}/model", {"snapshot_uri": manifest["uri"]}
        version = register(client, model, source, trained.run_id, tags).version
        promote(model, str(version))
        return str(version)

    return make


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
