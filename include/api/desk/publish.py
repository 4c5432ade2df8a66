"""Publish the open leads of a scoring run for the lead desk, in a form that is read without a library of Parquet."""

import gzip
import json
import logging
from datetime import datetime

import pandas as pd

from include.api.desk.listing import COLUMNS, NOT_KNOWN
from include.contract import Contract
from include.contract.derived.shown import (
    EXPECTED_VALUE,
    filter_columns,
    outcome_columns,
)
from include.lake.errors import ObjectMissingError
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.lake.objects import write_bytes

log = logging.getLogger(__name__)


def publish(run_id: str, layout: Layout, scored_at: datetime) -> int:
    """Make what the run has unloaded the list that every desk shows: one object, so that none shows half of it.

    Args:
        run_id: of the scoring run.
        layout: where unload_desk.sql has written to, and where the desk looks.
        scored_at: when the run ran.

    Returns:
        Number of leads in the list.
    """
    leads = _unloaded(layout.desk(run_id), layout.contract)
    table = leads.to_json(orient="split")
    content = {
        "run_id": run_id,
        "scored_at": scored_at.isoformat(),
        "leads": json.loads(table),
    }
    # Without a moment of its own in the header, the same list is the same object.
    packed = gzip.compress(json.dumps(content).encode(), mtime=0)
    write_bytes(layout.desk_list, packed)
    log.info(
        "Published %d open leads of %s for the lead desk", len(leads), run_id
    )
    return len(leads)


def _unloaded(uri: str, contract: Contract) -> pd.DataFrame:
    """Return the unloaded leads, the best first, with NOT_KNOWN in the empty cells of the fields to filter by."""
    key = contract.key
    fields = [column.field for column in filter_columns(contract)]
    names = [key, *COLUMNS, *outcome_columns(contract), *fields]
    order = ["probability"]
    if contract.value is not None:
        order.insert(0, EXPECTED_VALUE)
    try:
        leads = read_parquet(uri)
    except ObjectMissingError:  # UNLOAD of an empty result writes no object
        return pd.DataFrame(columns=names)
    leads = leads.sort_values(
        [*order, key],
        ascending=[*(False for _ in order), True],
        kind="stable",
    )
    for field in fields:
        cells = leads[field].astype(object)
        leads[field] = cells.where(cells.notna(), NOT_KNOWN)
    return leads[names].reset_index(drop=True)
