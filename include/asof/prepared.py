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
SENT = "sent"
"""The one table of a connection; relations of the query are views of its rows."""
RELATION = "relation"
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
        self._relations = {
            relation.name: relation for relation in self._needed()
        }
        self._database = duckdb.connect(":memory:", config=CONFIG)
        self._idle: LifoQueue[duckdb.DuckDBPyConnection] = LifoQueue()

    def _needed(self) -> Iterator["_Relation"]:
        """Return the relations that the queries read."""
        for stage, declared in self._features.items():
            columns = dict.fromkeys(lead_columns(declared), WHOLE_NUMBER)
            columns["stage"] = TEXT
            yield _Relation(f"leads_{stage}", columns)
        for source, types in self._columns.items():
            columns = dict.fromkeys(EVENT_COLUMNS, WHOLE_NUMBER)
            columns |= {name: _type(kind) for name, kind in types.items()}
            yield _Relation(f"events_{source}", columns)
        for name in self._rates:
            columns = dict.fromkeys(RATE_ROWS, WHOLE_NUMBER)
            columns["level"] = TEXT
            yield _Relation(f"rate_{name}", columns)

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
        """Make table and views that only this connection sees, and prepare the statement of each stage."""
        columns = {RELATION: TEXT}
        for relation in self._relations.values():
            columns |= relation.slot_types
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        engine.execute(f"CREATE TEMP TABLE {SENT} ({types})")
        for relation in self._relations.values():
            engine.execute(relation.view())
        # Of so few rows any plan is as good, and the optimizer takes longer than they do.
        engine.execute("PRAGMA disable_optimizer")
        for stage in self._features:
            engine.execute(f"PREPARE {stage} AS {self.text(stage)}")

    def _insert(
        self, engine: duckdb.DuckDBPyConnection, inputs: LeadInputs
    ) -> None:
        """Fill the tables with one lead, by one statement: each costs more than the rows do."""
        rows = _Rows()
        for stage, declared in self._features.items():
            lead: dict[str, Cell] = {
                "lead_key": LEAD,
                "stage": stage,
                "moment": inputs.moments[stage],
                "created_at": inputs.created_at,
            }
            columns = [[lead[name]] for name in lead_columns(declared)]
            rows.add(self._relations[f"leads_{stage}"], columns)
        for source, types in self._columns.items():
            columns = _event_columns(inputs.events.get(source, ()), types)
            rows.add(self._relations[f"events_{source}"], columns)
        for name in self._rates:
            columns = _rate_columns(inputs.rates.get(name, ()))
            rows.add(self._relations[f"rate_{name}"], columns)
        rows.insert(engine)


class _Relation:
    """One relation of the query: a view of the rows of one table, whose columns are shared by type."""

    def __init__(self, name: str, columns: Mapping[str, str]) -> None:
        self.name = name
        self.slots: dict[str, str] = {}
        self.slot_types: dict[str, str] = {}
        for column, kind in columns.items():
            taken = list(self.slot_types.values()).count(kind)
            slot = f"{kind.lower()}_{taken}"
            self.slots[column] = slot
            self.slot_types[slot] = kind

    def view(self) -> str:
        """Return the statement that makes the view."""
        columns = [f'{slot} AS "{name}"' for name, slot in self.slots.items()]
        return (
            f"CREATE TEMP VIEW {self.name} AS SELECT {', '.join(columns)} FROM {SENT} "
            f"WHERE {RELATION} = '{self.name}'"
        )


class _Rows:
    """Rows of several relations, as columns of the one table."""

    def __init__(self) -> None:
        self._columns: dict[str, list[Cell]] = {RELATION: []}

    def add(
        self, relation: _Relation, columns: Sequence[Sequence[Cell]]
    ) -> None:
        """Add rows of a relation, which stand in its columns."""
        number = len(columns[0])
        before = len(self._columns[RELATION])
        self._columns[RELATION] += [relation.name] * number
        for slot, values in zip(relation.slots.values(), columns, strict=True):
            column = self._columns.setdefault(slot, [])
            column += [None] * (before - len(column))
            column += values

    def insert(self, engine: duckdb.DuckDBPyConnection) -> None:
        """Insert them all."""
        names = ", ".join(self._columns)
        places = range(1, len(self._columns) + 1)
        lists = ", ".join(f"UNNEST(${place})" for place in places)
        # UNNEST fills the shorter ones with NULL.
        engine.execute(
            f"INSERT INTO {SENT} ({names}) SELECT {lists}",
            list(self._columns.values()),
        )


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
