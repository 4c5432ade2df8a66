"""Bring the typed rows of a source into one form: every event once, with the moments that decide what was known.

Moments are whole microseconds since 1970 in UTC.
"""

from collections.abc import Collection
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
    source: SourcePlan,
    table: pa.Table | None,
    as_of: int | None = None,
    columns: Collection[str] | None = None,
) -> SourceRows:
    """Return the rows of a source, each event once.

    Args:
        source: as the contract compiles it.
        table: its typed rows, with `source_changed_at`, the time of their file; None where nothing is there.
        as_of: what was known later is left out.
        columns: that somebody reads afterwards, by default all. The others would take memory for nothing.

    Raises:
        UnifyError: a column is missing.
    """
    table = _checked(source, table, [*source.columns, CHANGED])
    moments = _moments(source, table)
    without_moment = table.num_rows - moments.places.size
    if as_of is not None:
        moments = moments.take(moments.known_at <= as_of)
    arrived = moments.arrived
    last_arrived = int(arrived.max()) if arrived.size else None
    first = _first_arrivals(source, table, moments)
    repeated = moments.places.size - first.size
    moments = moments.take(first)
    names = [
        name for name in source.columns if columns is None or name in columns
    ]
    events = table.select(names).take(pa.array(moments.places))
    return SourceRows(
        table=events.append_column(KNOWN, pa.array(moments.known_at)),
        occurred=moments.occurred,
        known_at=moments.known_at,
        rows=table.num_rows,
        repeated=repeated,
        without_moment=without_moment,
        last_arrived=last_arrived,
    )


def moment_columns(source: SourcePlan) -> list[str]:
    """Return the columns that say when the rows of a source occurred and arrived."""
    columns = [source.occurred_at, CHANGED]
    if source.arrived_at is not None:
        columns.append(source.arrived_at)
    return list(dict.fromkeys(columns))


def last_arrival(source: SourcePlan, table: pa.Table | None) -> int | None:
    """Return when the last row of a source arrived that says when it occurred, None without one.

    Args:
        source: as the contract compiles it.
        table: the columns of its moments, None where nothing is there.

    Raises:
        UnifyError: a column is missing.
    """
    table = _checked(source, table, moment_columns(source))
    arrived = _moments(source, table).arrived
    return int(arrived.max()) if arrived.size else None


def _checked(
    source: SourcePlan, table: pa.Table | None, columns: Collection[str]
) -> pa.Table:
    """Return the rows of a source, which have all of some columns."""
    if table is None:
        return _empty(source)
    missing = sorted(set(columns) - set(table.column_names))
    if missing:
        raise UnifyError(
            f"source {source.name}: there is no column {', '.join(missing)}; columns are "
            f"{', '.join(table.column_names)}. Correct the files, or the source's columns in the contract"
        )
    return table


@dataclass(frozen=True)
class _Moments:
    """The moments of some rows of a table, each of shape (rows,).

    Attributes:
        places: of the rows in the table.
        occurred: when the content of each became true.
        arrived: when each was here.
    """

    places: Numbers
    occurred: Numbers
    arrived: Numbers

    @property
    def known_at(self) -> Numbers:
        """Return when each row had occurred and had arrived."""
        return np.maximum(self.occurred, self.arrived)

    def take(self, rows: Numbers | Flags) -> "_Moments":
        """Return some of the rows, by number or by a flag for each."""
        return _Moments(
            self.places[rows], self.occurred[rows], self.arrived[rows]
        )


def _moments(source: SourcePlan, table: pa.Table) -> _Moments:
    """Return the moments of the rows that say when they occurred."""
    is_there = pc.is_valid(table[source.occurred_at]).to_numpy()
    places = np.flatnonzero(is_there)
    rows = table.select(moment_columns(source)).take(pa.array(places))
    occurred = _microseconds(rows[source.occurred_at])
    return _Moments(places, occurred, _arrivals(source, rows))


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
    source: SourcePlan, table: pa.Table, moments: _Moments
) -> Numbers:
    """Return which of the rows are no repetition of one that arrived earlier, in the order of arrival."""
    order = np.argsort(moments.arrived, kind="stable")
    keys = [source.key] if source.key else _content(source)
    columns = table.select(keys).take(pa.array(moments.places[order]))
    numbers = pa.array(np.arange(order.size))
    columns = columns.append_column("fx_number", numbers)
    without_key = np.zeros(order.size, dtype=np.bool_)
    if source.key:
        without_key = columns[source.key].is_null().to_numpy()
    groups = columns.group_by(keys).aggregate([("fx_number", "min")])
    keep = without_key
    keep[groups["fx_number_min"].to_numpy()] = True
    first: Numbers = order[keep]
    return first


def _content(source: SourcePlan) -> list[str]:
    """Return the columns that tell one event from another."""
    return [
        name
        for name in source.columns
        if name != source.arrived_at and name not in NOT_CONTENT
    ]
