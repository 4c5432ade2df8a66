"""A training that has run once against a real MLflow server, for the tests that look at what it left behind."""

from dataclasses import dataclass
from typing import Any

import pytest

from include.lake.frames import write_parquet
from include.settings import settings
from include.training.challenger import register_challenger
from include.training.snapshot import write_manifest
from include.training.train import start_training, train_family


@pytest.fixture
def snapshot(layout, contract, accounts):
    """URI of a snapshot of the labelled accounts."""
    uri = layout.snapshot("run-1")
    write_parquet(accounts, f"{uri}0000_part_00.parquet")
    write_manifest(settings(), contract, "run-1", "UNLOAD …")
    return uri


@dataclass(frozen=True)
class Training:
    snapshot: str
    parent: str
    results: list[dict[str, Any]]
    challenger: dict[str, Any]


@pytest.fixture
def training(snapshot, tracking):
    """Both families trained and the better one registered."""
    parent = start_training(snapshot, "run-1")
    results = [train_family(snapshot, family, "contact", parent) for family in ("logistic_regression", "lightgbm")]
    return Training(snapshot, parent, results, register_challenger(snapshot, results, "contact", parent))
