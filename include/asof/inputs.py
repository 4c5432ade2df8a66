"""Bring tables of leads, events and outcomes into the types that the compiled query compares.

Times become microseconds since 1970 in UTC; a time without a zone is in UTC. A column that is empty everywhere has the
type that its feature declares, so that one lead without events is computed as a million leads are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.asof.errors import FeatureInputError
from include.asof.tables import (
    EVENTS,
    OUTCOMES,
    RATE_ROWS,
    TIMES,
    lead_columns,
)
from include.contract.format.features import (
    ColumnType,
    Features,
    needed_columns,
    needed_outcomes,
)

Frame: TypeAlias = pd.DataFrame | pa.Table  # noqa: UP040 - Glue's Python is 3.11


@dataclass(frozen=True)
class Inputs:
    """Tables from which features are computed.

    Attributes:
        leads: `lead_key`, `stage`, `moment`, and `created_at` where a window begins with it; lead and stage are unique.
        events: source to its rows: `lead_key`, `occurred_at`, `arrived_at` and the columns that features read.
        outcomes: outcome to its rows: `lead_key`, `occurred_at`, `arrived_at` and `value` (1, 0 or missing).
        rates: name of a rate to rows of `rate_rows_sql`, in place of that rate's outcomes.
    """

    leads: Frame
    events: Mapping[str, Frame] = field(default_factory=dict)
    outcomes: Mapping[str, Frame] = field(default_factory=dict)
    rates: Mapping[str, Frame] = field(default_factory=dict)


def typed_inputs(features: Features, inputs: Inputs) -> Inputs:
    """Return the columns that the features read, as Arrow tables of the query's types.

    Raises:
        FeatureInputError: a table or a column is missing or holds another type, or a lead stands twice in a stage.
    """
    leads = _typed_leads(features, inputs.leads)
    key_type = leads.schema.field("lead_key").type
    events = {
        source: _typed(
            f"events of {source}",
            _of(inputs.events, source, "source"),
            key_type,
            EVENTS,
            columns,
        )
        for source, columns in needed_columns(features).items()
    }
    rates = {
        name: _typed(f"rate {name}", frame, key_type, RATE_ROWS, {})
        for name, frame in inputs.rates.items()
    }
    counted = [feature for feature in features if feature.name not in rates]
    outcomes = {
        outcome: _typed(
            f"outcome {outcome}",
            _of(inputs.outcomes, outcome, "outcome"),
            key_type,
            OUTCOMES,
            {},
        )
        for outcome in needed_outcomes(tuple(counted))
    }
    return Inputs(leads, events, outcomes, rates)


def _of(frames: Mapping[str, Frame], name: str, kind: str) -> Frame:
    if name not in frames:
        raise FeatureInputError(
            f"no table is given for the {kind} {name!r}, which the features read"
        )
    return frames[name]


def _typed_leads(features: Features, frame: Frame) -> pa.Table:
    table = _arrow(frame)
    columns = lead_columns(features)
    _check_columns("leads", table, columns)
    key_type = _plain(table.schema.field("lead_key").type)
    table = _typed("leads", table, key_type, columns, {})
    groups = table.group_by(["lead_key", "stage"]).aggregate([])
    if len(groups) != len(table):
        raise FeatureInputError(
            "leads: a lead stands twice in one stage; give one row for each lead and stage"
        )
    for column in ("lead_key", "stage", "moment"):
        if table[column].null_count:
            raise FeatureInputError(
                f"leads: a row has no {column}, and each needs one"
            )
    return table


def _arrow(frame: Frame) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    return pa.Table.from_pandas(frame, preserve_index=False)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type of a key without what differs between writers of the same content."""
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.string()


def _typed(
    place: str,
    frame: Frame,
    key_type: pa.DataType,
    own: Iterable[str],
    columns: Mapping[str, ColumnType],
) -> pa.Table:
    """Return the columns of one table in their types.

    Args:
        place: what errors call the table.
        frame: its rows.
        key_type: of `lead_key`.
        own: columns that each such table has.
        columns: columns of the source to the type that features read them as.
    """
    table = _arrow(frame)
    own = tuple(own)
    _check_columns(place, table, (*own, *columns))
    typed: dict[str, pa.ChunkedArray] = {}
    for name in (*own, *columns):
        kind = columns.get(name) or _own_type(name)
        wanted = key_type if name == "lead_key" else None
        try:
            typed[name] = _cast(table[name], kind, wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise FeatureInputError(
                f"{place}: the column {name!r} cannot be read as {kind}: {error}"
            ) from error
    return pa.table(typed)


def _check_columns(place: str, table: pa.Table, columns: Iterable[str]) -> None:
    missing = sorted(set(columns) - set(table.column_names))
    if missing:
        raise FeatureInputError(
            f"{place}: there is no column {', '.join(missing)}; columns are {', '.join(table.column_names)}"
        )


def _own_type(name: str) -> str:
    """Return the type of a column that leads, events or outcomes always have."""
    if name in TIMES:
        return "time"
    if name in ("value", "outcomes", "happened"):
        return "whole number"
    return "text"


def _cast(
    column: pa.ChunkedArray, kind: str, wanted: pa.DataType | None
) -> pa.ChunkedArray:
    """Return a column in the type of its kind."""
    if wanted is not None:
        return column.cast(wanted)
    if kind == "time":
        return microseconds(column)
    if kind == "whole number":
        return column.cast(pa.int64())
    if kind == "number":
        return column.cast(pa.float64())
    if kind == "text" or pa.types.is_null(column.type):
        return column.cast(pa.string())
    return column


def microseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times as microseconds since 1970; whole numbers are taken to be that already."""
    kind = column.type
    if pa.types.is_date(kind):
        column = column.cast(pa.timestamp("us"))
    elif pa.types.is_timestamp(kind):
        finest = pa.timestamp("us", tz=kind.tz)
        column = pc.cast(column, finest, safe=False)
    return column.cast(pa.int64())
