"""A training that has run once against a real MLflow server, for the tests that look at what it left behind."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from include.contract import Contract, load_contract
from include.lake.frames import write_parquet
from include.lake.layout import Layout
from include.local.synthetic import synthetic_leads
from include.settings import settings
from include.training.challenger import register_challenger
from include.training.snapshot import write_manifest
from include.training.train import start_training, train_family


def write_snapshot(layout, frame):
    uri = layout.snapshot("run-1")
    write_parquet(frame, f"{uri}0000_part_00.parquet")
    write_manifest(settings(), layout.contract, "run-1", "UNLOAD …")
    return uri


@pytest.fixture
def snapshot(layout, accounts):
    """URI of a snapshot of the labelled accounts."""
    return write_snapshot(layout, accounts)


@dataclass(frozen=True)
class Training:
    contract: Contract
    snapshot: str
    parent: str
    results: list[dict[str, Any]]
    challenger: dict[str, Any]


@pytest.fixture(scope="module")
def training(use_bucket, use_contract, mlflow_address, accounts_of, tmp_path_factory):
    """Both families trained and the better one registered, once for all tests of a file: they only look at it.

    Its bucket, contract and tracking server stay those of the settings until the file's last test.
    """
    with pytest.MonkeyPatch.context() as patch:
        use_bucket(patch)
        contract = use_contract(tmp_path_factory.mktemp("contract"), patch)
        patch.setenv("MLFLOW_TRACKING_URI", mlflow_address)
        settings.cache_clear()
        uri = write_snapshot(Layout(settings(), contract), accounts_of())
        parent = start_training(uri, "run-1")
        results = [train_family(uri, family, "contact", parent) for family in ("logistic_regression", "lightgbm")]
        yield Training(contract, uri, parent, results, register_challenger(uri, results, "contact", parent))
    settings.cache_clear()


@pytest.fixture(scope="session")
def leads() -> pd.DataFrame:
    """Labelled leads of the guide's contract by field: the real ones where they are there, else synthetic ones."""
    path = Path(os.environ.get("LEADS_CSV", "../shared/data/Leads.csv"))
    frame = pd.read_csv(path, dtype=str, keep_default_na=False) if path.is_file() else synthetic_leads()
    return frame.rename(columns={column.name: column.field for column in load_contract("x_education").columns})
