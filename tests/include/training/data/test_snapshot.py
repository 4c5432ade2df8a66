"""Snapshots: described once, checked on every read."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from include.lake.errors import ObjectMissingError
from include.lake.frames import write_parquet
from include.lake.objects import read_json, write_json
from include.settings import settings
from include.training.data import snapshot
from include.training.errors import NotEnoughRowsError, SnapshotChangedError
from include.training.data.snapshot import (
    content_hash,
    load_snapshot,
    open_snapshot,
    write_manifest,
)


@pytest.fixture
def unloaded(layout, accounts):
    """A snapshot folder as UNLOAD leaves it: two parts, no manifest."""
    uri = layout.snapshot("run-1")
    write_parquet(accounts.head(300), f"{uri}0000_part_00.parquet")
    write_parquet(accounts.tail(300), f"{uri}0001_part_00.parquet")
    return uri


def test_the_manifest_counts_the_rows_and_lies_beside_them(
    unloaded, contract, accounts
):
    manifest = write_manifest(settings(), contract, "run-1", "UNLOAD …")
    assert read_json(unloaded + "manifest.json") == manifest
    assert (manifest["rows"], manifest["labelled_rows"]) == (600, 600)
    assert manifest["positives"] == accounts["won"].sum()
    assert (manifest["uri"], manifest["contract_version"], manifest["sql"]) == (
        unloaded,
        3,
        "UNLOAD …",
    )


def test_the_same_rows_in_other_parts_have_the_same_hash(
    unloaded, contract, layout, accounts
):
    write_parquet(
        accounts.sample(frac=1, random_state=1),
        f"{layout.snapshot('run-2')}0000_part_00.parquet",
    )
    first, second = (
        write_manifest(settings(), contract, run, "")["sha256"]
        for run in ("run-1", "run-2")
    )
    assert first == second


def test_one_changed_cell_changes_the_hash(accounts):
    assert content_hash(accounts) != content_hash(
        accounts.assign(minutes=[0.0, *accounts["minutes"][1:]])
    )


def test_a_snapshot_comes_back_with_all_rows(unloaded, contract):
    write_manifest(settings(), contract, "run-1", "")
    assert len(load_snapshot(unloaded)) == 600


def test_a_snapshot_that_changed_is_refused(unloaded, contract, accounts):
    write_manifest(settings(), contract, "run-1", "")
    write_parquet(accounts.head(10), f"{unloaded}0001_part_00.parquet")
    with pytest.raises(SnapshotChangedError, match="take a new snapshot"):
        load_snapshot(unloaded)


def test_a_deleted_snapshot_is_named(layout):
    with pytest.raises(
        ObjectMissingError, match="snapshots/gone/manifest.json"
    ):
        load_snapshot(layout.snapshot("gone"))


def test_a_warehouse_without_labelled_leads_is_a_clear_error(layout, contract):
    with pytest.raises(
        NotEnoughRowsError,
        match="holds no labelled lead; run ingest_leads first",
    ):
        write_manifest(settings(), contract, "empty", "")


def test_the_hash_is_that_of_pandas_rows_sorted(accounts):
    rows = pd.util.hash_pandas_object(
        accounts[sorted(accounts)], index=False
    ).to_numpy()
    assert (
        content_hash(accounts)
        == hashlib.sha256(np.sort(rows).tobytes()).hexdigest()
    )


def test_a_snapshot_on_disk_has_the_hash_of_its_frame(unloaded, contract):
    manifest = write_manifest(settings(), contract, "run-1", "")
    leads = open_snapshot(unloaded)
    assert (len(leads), content_hash(leads)) == (600, manifest["sha256"])


def test_a_snapshot_on_disk_that_changed_is_refused(
    unloaded, contract, accounts
):
    write_manifest(settings(), contract, "run-1", "")
    write_parquet(accounts.head(10), f"{unloaded}0001_part_00.parquet")
    with pytest.raises(SnapshotChangedError, match="take a new snapshot"):
        open_snapshot(unloaded)


@pytest.fixture
def hashed(monkeypatch):
    """The snapshots whose rows were hashed."""
    calls = []

    def count(leads):
        calls.append(leads)
        return content_hash(leads)

    monkeypatch.setattr(snapshot, "content_hash", count)
    return calls


def test_rows_are_not_hashed_where_every_part_is_the_same_byte_by_byte(
    unloaded, contract, hashed
):
    write_manifest(settings(), contract, "run-1", "")
    hashed.clear()
    assert len(open_snapshot(unloaded)) == 600
    assert hashed == []


def test_the_same_rows_in_other_parts_are_hashed_and_accepted(
    unloaded, contract, accounts, hashed
):
    write_manifest(settings(), contract, "run-1", "")
    write_parquet(accounts.tail(200), f"{unloaded}0001_part_00.parquet")
    write_parquet(accounts[300:400], f"{unloaded}0002_part_00.parquet")
    hashed.clear()
    assert len(open_snapshot(unloaded)) == 600
    assert len(hashed) == 1


def test_a_manifest_from_before_parts_were_described_is_checked_by_its_rows(
    unloaded, contract, accounts
):
    manifest = write_manifest(settings(), contract, "run-1", "")
    del manifest["parts_sha256"]
    write_json(f"{unloaded}manifest.json", manifest)
    assert len(open_snapshot(unloaded)) == 600
    write_parquet(accounts.head(10), f"{unloaded}0001_part_00.parquet")
    with pytest.raises(SnapshotChangedError):
        open_snapshot(unloaded)
