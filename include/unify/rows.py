"""Bring the typed rows of a source into one form: every event once, with the moments that decide what was known.

Moments are whole microseconds since 1970 in UTC.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.asof.inputs import microseconds
from include.unify.errors import UnifyError
from include.unify.plan import SourcePlan

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

OCCURRED = "occurred_at"
ARRIVED = "arrived_at"
KNOWN = "fx_known_at"
CHANGED = "source_changed_at"
NOT_CONTENT = ("source_file", CHANGED, "row_key")
MICROSECONDS = pa.timestamp("us")
ARROW_TYPES = {
    "integer": pa.int32(),
    "number": pa.float64(),
    "date": pa.date32(),
    "timestamp": MICROSECONDS,
}


@dataclass(frozen=True)
class SourceRows:
    """What a source holds.

    Attributes:
        table: its columns, one row for each event; `KNOWN` is the later one of both moments.
        occurred: when each row's content became true, shape (rows,).
        known_at: when each row had occurred and had arrived, shape (rows,).
        rows: number of rows that were read.
        repeated: rows left out because they had arrived before.
        without_moment: rows left out because they do not say when they occurred.
        last_arrived: the moment of the last arrival, None without rows.
    """

    table: pa.Table
    occurred: Numbers
    known_at: Numbers
    rows: int
    repeated: int
    without_moment: int
    last_arrived: int | None


def arrow_type(kind: str) -> pa.DataType:
    """Return the type in Arrow of a column's type in the contract."""
    return ARROW_TYPES.get(kind, pa.string())


def source_rows(
    source: SourcePlan, table: pa.Table | None, as_of: int | None = None
) -> SourceRows:
    """Return the rows of a source, each event once.

    Args:
        source: as the contract compiles it.
        table: its typed rows, with `source_changed_at`, the time of their file; None where nothing is there.
        as_of: what was known later is left out.

    Raises:
        UnifyError: a column is missing.
    """
    if table is None:
        table = _empty(source)
    rows = table.num_rows
    missing = sorted({*source.columns, CHANGED} - set(table.column_names))
    if missing:
        raise UnifyError(
            f"source {source.name}: there is no column {', '.join(missing)}; columns are "
            f"{', '.join(table.column_names)}. Correct the files, or the source's columns in the contract"
        )
    table = table.filter(pc.is_valid(table[source.occurred_at]))
    without_moment = rows - table.num_rows
    occurred = _microseconds(table[source.occurred_at])
    arrived = _arrivals(source, table)
    known_at = np.maximum(occurred, arrived)
    if as_of is not None:
        early = known_at <= as_of
        table = table.filter(pa.array(early))
        occurred, arrived = occurred[early], arrived[early]
        known_at = known_at[early]
    first = _first_arrivals(source, table, arrived)
    repeated = table.num_rows - first.size
    names = list(source.columns)
    events = table.select(names).take(pa.array(first))
    events = events.append_column(KNOWN, pa.array(known_at[first]))
    return SourceRows(
        table=events,
        occurred=occurred[first],
        known_at=known_at[first],
        rows=rows,
        repeated=repeated,
        without_moment=without_moment,
        last_arrived=int(arrived.max()) if arrived.size else None,
    )


def _empty(source: SourcePlan) -> pa.Table:
    fields = [
        pa.field(name, arrow_type(kind))
        for name, kind in source.columns.items()
    ]
    fields.append(pa.field(CHANGED, MICROSECONDS))
    return pa.schema(fields).empty_table()


def _microseconds(column: Any) -> Numbers:
    """Return dates or moments without nulls in microseconds."""
    numbers: Numbers = microseconds(column).to_numpy()
    return numbers


def _arrivals(source: SourcePlan, table: pa.Table) -> Numbers:
    """Return when each row arrived: never later than its file was written, whatever another system's clock says."""
    changed = _microseconds(table[CHANGED])
    if source.arrived_at is None:
        return changed
    column = table[source.arrived_at]
    empty = column.is_null().to_numpy()
    filled = pc.coalesce(column, table[CHANGED].cast(column.type, safe=False))
    arrived = _microseconds(filled)
    return np.where(empty | (arrived > changed), changed, arrived)


def _first_arrivals(
    source: SourcePlan, table: pa.Table, arrived: Numbers
) -> Numbers:
    """Return the rows that are no repetition of one that arrived earlier, in the order of arrival."""
    order = np.argsort(arrived, kind="stable")
    keys = [source.key] if source.key else _content(source)
    columns = table.select(keys).take(pa.array(order))
    places = pa.array(np.arange(order.size))
    columns = columns.append_column("fx_place", places)
    without_key = np.zeros(order.size, dtype=np.bool_)
    if source.key:
        without_key = columns[source.key].is_null().to_numpy()
    groups = columns.group_by(keys).aggregate([("fx_place", "min")])
    keep = without_key
    keep[groups["fx_place_min"].to_numpy()] = True
    first: Numbers = order[keep]
    return first


def _content(source: SourcePlan) -> list[str]:
    """Return the columns that tell one event from another."""
    return [
        name
        for name in source.columns
        if name != source.arrived_at and name not in NOT_CONTENT
    ]
