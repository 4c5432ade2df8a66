"""Compute the features of one lead after the other in DuckDB, by the same SQL text as many leads at once.

Statements are prepared once for each connection, and as many connections are kept as were needed at once. Nothing here
needs pandas or Arrow, without which the scoring API goes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from queue import Empty, LifoQueue
from typing import Any

import duckdb

from include.asof.compile import features_sql
from include.asof.rate_history import RateRow
from include.asof.tables import RATE_ROWS, Tables, lead_columns
from include.contract.format.features import (
    EVENT_COLUMNS,
    ColumnType,
    Feature,
    Features,
    HistoricalRate,
    needed_columns,
)

LEAD = 1
"""Key of the one lead."""
TEXT = "VARCHAR"
NUMBER = "DOUBLE"
WHOLE_NUMBER = "BIGINT"
CONFIG = {
    "threads": 1,
    "memory_limit": "512MB",
    # Nothing that a request brings can reach a file or the network.
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
}
Cell = str | int | float | date | datetime | None


@dataclass(frozen=True)
class KnownEvent:
    """One event of the lead.

    Attributes:
        occurred_at: microseconds since 1970 in UTC.
        arrived_at: when it was here and known to be the lead's, in the same unit.
        values: column of the source to its value.
    """

    occurred_at: int
    arrived_at: int
    values: Mapping[str, Cell]


@dataclass(frozen=True)
class LeadInputs:
    """What the features of one lead are made of.

    Attributes:
        moments: stage to its moment, in microseconds since 1970 in UTC.
        created_at: creation of the lead, in the same unit.
        events: source to the lead's events.
        rates: name of a rate to the counts of other leads; a rate without any is missing.
    """

    moments: Mapping[str, int]
    created_at: int
    events: Mapping[str, Sequence[KnownEvent]]
    rates: Mapping[str, Sequence[RateRow]] = field(default_factory=dict)


class PreparedFeatures:
    """Compute features as of the moments of their stages, one lead at a time; threads may share it."""

    def __init__(self, features: Mapping[str, Features]) -> None:
        """Write the SQL text of each stage; statements are prepared at the first lead.

        Args:
            features: stage to the features that are computed as of its moment.
        """
        self._features = {
            stage: declared for stage, declared in features.items() if declared
        }
        together: list[Feature] = []
        for declared in self._features.values():
            together += declared
        self._columns = needed_columns(tuple(together))
        self._rates = [
            feature.name
            for feature in together
            if isinstance(feature, HistoricalRate)
        ]
        self._database = duckdb.connect(":memory:", config=CONFIG)
        self._idle: LifoQueue[duckdb.DuckDBPyConnection] = LifoQueue()

    def text(self, stage: str) -> str:
        """Return the SQL text of a stage."""
        tables = Tables(
            leads=f"leads_{stage}",
            events={name: f"events_{name}" for name in self._columns},
            rates={name: f"rate_{name}" for name in self._rates},
        )
        return features_sql(self._features[stage], tables)

    def compute(self, inputs: LeadInputs) -> dict[str, Any]:
        """Return the value of each feature, None where it is missing."""
        values: dict[str, Any] = {}
        with self._engine() as engine, _rolled_back(engine):
            self._insert(engine, inputs)
            for stage, declared in self._features.items():
                row = engine.execute(f"EXECUTE {stage}").fetchall()[0]
                names = [feature.name for feature in declared]
                values |= zip(names, row[2:], strict=True)
        return values

    @contextmanager
    def _engine(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a connection with tables and statements of its own, which nobody else uses meanwhile."""
        try:
            engine = self._idle.get_nowait()
        except Empty:
            engine = self._database.cursor()
            self._prepare(engine)
        yield engine
        # One on which something failed is not used again.
        self._idle.put(engine)

    def _prepare(self, engine: duckdb.DuckDBPyConnection) -> None:
        """Make the tables and prepare the statement of each stage."""
        for stage, declared in self._features.items():
            columns = dict.fromkeys(lead_columns(declared), WHOLE_NUMBER)
            columns["stage"] = TEXT
            _create(engine, f"leads_{stage}", columns)
        for source, types in self._columns.items():
            columns = dict.fromkeys(EVENT_COLUMNS, WHOLE_NUMBER)
            columns |= {name: _type(kind) for name, kind in types.items()}
            _create(engine, f"events_{source}", columns)
        for name in self._rates:
            columns = dict.fromkeys(RATE_ROWS, WHOLE_NUMBER)
            columns["level"] = TEXT
            _create(engine, f"rate_{name}", columns)
        # Of so few rows any plan is as good, and the optimizer takes longer than they do.
        engine.execute("PRAGMA disable_optimizer")
        for stage in self._features:
            engine.execute(f"PREPARE {stage} AS {self.text(stage)}")

    def _insert(
        self, engine: duckdb.DuckDBPyConnection, inputs: LeadInputs
    ) -> None:
        """Fill the tables with one lead."""
        for stage, declared in self._features.items():
            lead: dict[str, Cell] = {
                "lead_key": LEAD,
                "stage": stage,
                "moment": inputs.moments[stage],
                "created_at": inputs.created_at,
            }
            columns = [[lead[name]] for name in lead_columns(declared)]
            _fill(engine, f"leads_{stage}", columns)
        for source, types in self._columns.items():
            events = inputs.events.get(source, ())
            _fill(engine, f"events_{source}", _event_columns(events, types))
        for name in self._rates:
            rows = inputs.rates.get(name, ())
            _fill(engine, f"rate_{name}", _rate_columns(rows))


@contextmanager
def _rolled_back(engine: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let nothing of a lead stay in the tables."""
    engine.begin()
    try:
        yield
    finally:
        engine.rollback()


def _type(kind: ColumnType) -> str:
    """Return the type of a column; values that are only told from each other may be text."""
    return NUMBER if kind == "number" else TEXT


def _create(
    engine: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]
) -> None:
    """Make a table that only this connection sees."""
    types = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    engine.execute(f"CREATE TEMP TABLE {table} ({types})")


def _fill(
    engine: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Sequence[Cell]],
) -> None:
    """Insert rows that stand in columns."""
    if not columns[0]:
        return
    places = range(1, len(columns) + 1)
    lists = ", ".join(f"UNNEST(${place})" for place in places)
    engine.execute(f"INSERT INTO {table} SELECT {lists}", list(columns))


def _event_columns(
    events: Sequence[KnownEvent], types: Mapping[str, ColumnType]
) -> list[list[Cell]]:
    """Return the columns of a table of events."""
    columns: list[list[Cell]] = [
        [LEAD] * len(events),
        [event.occurred_at for event in events],
        [event.arrived_at for event in events],
    ]
    for name, kind in types.items():
        values = [event.values.get(name) for event in events]
        if kind != "number":
            values = [_as_text(value) for value in values]
        columns.append(values)
    return columns


def _rate_columns(rows: Sequence[RateRow]) -> list[list[Cell]]:
    """Return the columns of a table of counts; they are of other leads, whose keys do not matter."""
    return [
        [None] * len(rows),
        [level for level, _, _, _ in rows],
        [known_at for _, known_at, _, _ in rows],
        [outcomes for _, _, outcomes, _ in rows],
        [happened for _, _, _, happened in rows],
    ]


def _as_text(value: Cell) -> Cell:
    """Return a value as Arrow writes it, whose text many leads at once are compared by."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, float):
        return repr(value).removesuffix(".0").replace("e-0", "e-")
    return str(value)
