"""The guide's success criteria (2.2) on the real file, where it is there."""

import pandas as pd
import pytest

from include.contract import KnownAt, load_contract
from include.lake.frames import write_parquet
from include.promotion.compare import compare
from include.settings import settings
from include.training.snapshot import write_manifest


@pytest.fixture
def real_snapshot(leads_csv, bucket, tracking, monkeypatch):
    monkeypatch.setenv("LEADS_CONTRACT", "x_education")
    settings.cache_clear()
    contract = load_contract("x_education")
    frame = pd.read_csv(leads_csv, dtype=str, keep_default_na=False)
    frame = frame.rename(columns={column.name: column.field for column in contract.columns})
    frame = frame.mask(frame.isin(contract.null_tokens), None)
    numbers = [column.field for column in contract.columns if column.numeric]
    frame[numbers] = frame[numbers].apply(pd.to_numeric)
    uri = f"s3://{bucket}/processed-data/snapshots/real/"
    write_parquet(frame, f"{uri}0000_part_00.parquet")
    write_manifest(settings(), contract, "real", "UNLOAD …")
    return uri


def test_the_winner_meets_the_guides_criteria_on_the_holdout_and_passes_the_gate(real_snapshot, trainer):
    parent = trainer.start(real_snapshot, "real")
    results = [
        trainer.train(real_snapshot, family, "contact", parent) for family in ("logistic_regression", "lightgbm")
    ]
    made = trainer.register(real_snapshot, results, KnownAt.CONTACT, parent)
    figures = made["metrics"]
    assert figures["roc_auc"] >= 0.97, figures
    assert figures["accuracy"] >= 0.90, figures
    assert min(figures["precision"], figures["recall"]) >= 0.85, figures
    assert compare(settings(), load_contract("x_education"), "real", real_snapshot, "contact").verdict == "promote"
