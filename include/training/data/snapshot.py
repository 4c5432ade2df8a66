"""Describes and reads training snapshots: labelled leads that are unloaded once and never changed."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.core.util.hashing import combine_hash_arrays  # type: ignore[attr-defined] # not in the stubs

from include.contract import Contract
from include.contract.derived.maturity import seconds_until_final
from include.feedback.votes import count_votes
from include.lake.arrival import arrival_numbers
from include.lake.columns import (
    ParquetColumns,
    ahead,
    open_parquet,
    parts_digest,
)
from include.lake.errors import ObjectMissingError
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.lake.objects import read_json, write_json
from include.settings import Settings
from include.training.errors import NotEnoughRowsError, SnapshotChangedError

log = logging.getLogger(__name__)
MANIFEST = "manifest.json"


def final_leads(contract: Contract, leads: pd.DataFrame) -> pd.DataFrame:
    """Return the leads whose outcome is known and final, as `sql/unload_snapshot.sql` selects them; the oldest first.

    Args:
        contract: as the outcome sees it.
        leads: the contract's columns, and `source_changed_at`, the moment of the run that put them together.
    """
    known = leads[leads[contract.label].notna()]
    created = arrival_numbers(known[contract.clock])
    seconds = seconds_until_final(contract)
    if seconds:
        as_of = arrival_numbers(known["source_changed_at"])
        known = known[created + seconds <= as_of]
    order = [contract.clock, contract.key]
    return known.sort_values(order, kind="stable", ignore_index=True)


def content_hash(leads: pd.DataFrame | ParquetColumns) -> str:
    """Return the SHA-256 of the rows, which depends neither on their order nor on how many Parquet parts hold them.

    Memory holds one column at a time; the rows' hashes are those of `pandas.util.hash_pandas_object`.
    """
    names = sorted(leads.columns)
    hashes: Iterator[npt.NDArray[Any]]
    if isinstance(leads, pd.DataFrame):
        hashes = (_hashes(leads[name]) for name in names)
    else:
        hashes = ahead(partial(_column_hashes, leads), names)
    row_hashes = np.sort(combine_hash_arrays(hashes, len(names)))
    return hashlib.sha256(row_hashes.tobytes()).hexdigest()


def _hashes(values: pd.Series, categorize: bool = True) -> npt.NDArray[Any]:
    """Return the hash of each value."""
    hashes = pd.util.hash_pandas_object(
        values, index=False, categorize=categorize
    )
    return hashes.to_numpy()


def _column_hashes(leads: ParquetColumns, name: str) -> npt.NDArray[Any]:
    """Return the hashes of a column's values, row by row."""
    hashes = []
    for piece in leads.pieces(name):
        # pandas can hash each distinct value once (categorize), which costs more than it saves on a column of text.
        hashes.append(_hashes(piece, categorize=piece.hasnans))
    return np.concatenate(hashes)


def digests(leads: ParquetColumns) -> dict[str, str]:
    """Return what a manifest says of the rows, so that a later reader knows whether they are still the same.

    Returns:
        `sha256`, of the rows, whatever parts hold them. `parts_sha256`, of the parts' bytes: where it is the same, the
        rows are, and no row has to be looked at.
    """
    return {
        "sha256": content_hash(leads),
        "parts_sha256": parts_digest(leads),
    }


def write_manifest(
    settings: Settings, contract: Contract, run_id: str, sql: str
) -> dict[str, Any]:
    """Describe the snapshot that UNLOAD has just written for `run_id`, in `manifest.json` beside it.

    Args:
        settings: where the lake is.
        contract: what a lead is.
        run_id: the run that the snapshot belongs to.
        sql: the statement that wrote it.

    Returns:
        The manifest: uri, run_id, rows, labelled_rows, positives, clock (least and greatest value), feedback (what
        `count_votes` says), sha256 and parts_sha256 (see `digests`), contract, contract_version, sql.

    Raises:
        NotEnoughRowsError: the warehouse unloaded nothing.
    """
    uri = Layout(settings, contract).snapshot(run_id)
    try:
        leads = open_parquet(uri)
    except ObjectMissingError as error:
        raise NotEnoughRowsError(
            f"{uri} is empty: the warehouse holds no labelled lead; run ingest_leads first"
        ) from error
    label = leads[contract.label]
    manifest = {
        "uri": uri,
        "run_id": run_id,
        "rows": len(leads),
        "labelled_rows": int(label.notna().sum()),
        "positives": int(label.sum()),
        "clock": _range(leads[contract.clock]),
        "feedback": count_votes(settings, contract, run_id),
        **digests(leads),
        "contract": contract.contract,
        "contract_version": contract.version,
        "sql": sql,
    }
    write_json(uri + MANIFEST, manifest)
    log.info(
        "Snapshot %s: %s rows, %s converted",
        uri,
        manifest["rows"],
        manifest["positives"],
    )
    return manifest


def _range(clock: pd.Series) -> list[float | str] | None:
    """Return the least and the greatest value of the clock, dates as text; None where no lead has one."""
    order = arrival_numbers(clock).dropna()
    if order.empty:
        return None
    ends = [clock[order.idxmin()], clock[order.idxmax()]]
    if isinstance(ends[0], date):
        return [end.isoformat() for end in ends]
    return [order.min().item(), order.max().item()]


def read_manifest(uri: str) -> dict[str, Any]:
    """Return the manifest of the snapshot folder `uri`. Raises ObjectMissingError where the snapshot is gone."""
    manifest: dict[str, Any] = read_json(uri + MANIFEST)
    return manifest


def load_snapshot(uri: str) -> pd.DataFrame:
    """Return the rows of the snapshot folder `uri`, checked against its manifest.

    Raises:
        ObjectMissingError: the snapshot or its manifest is gone.
        SnapshotChangedError: the rows are not those the manifest describes.
    """
    manifest = read_manifest(uri)
    frame = read_parquet(uri)
    _check(uri, content_hash(frame), manifest["sha256"])
    return frame


def open_snapshot(uri: str) -> ParquetColumns:
    """Open the rows of a snapshot of any size: as `load_snapshot` does, but they stay on disk.

    Rows are hashed only where the parts are not those of the manifest byte by byte, or where it is from before it
    described them: hashing a million rows takes seconds, their bytes a fraction of one.

    Raises:
        ObjectMissingError: the snapshot or its manifest is gone.
        ParquetUnreadableError: a part of it is damaged.
        SnapshotChangedError: the rows are not those the manifest describes.
    """
    manifest = read_manifest(uri)
    leads = open_parquet(uri)
    if parts_digest(leads) != manifest.get("parts_sha256"):
        _check(uri, content_hash(leads), manifest["sha256"])
    return leads


def _check(uri: str, actual: str, expected: str) -> None:
    """Raise SnapshotChangedError where the hash of the rows is not that of the manifest."""
    if actual != expected:
        raise SnapshotChangedError(
            f"{uri} holds rows with hash {actual[:12]}, its manifest says {expected[:12]}; take a new snapshot"
        )
