"""Hold what was decided about people, and since when. Rows are added and never changed.

    ledger.as_of(moment)        # the ledger as it was at that moment: every table cut by valid_from
    people_of(ledger)           # the person of each record, by the merges that the ledger holds
    id_intervals(ledger)        # for SQL: as which id an ended id lives on, from when to when

A feature as of a moment reads `people_of(ledger.as_of(moment))`. In SQL the same is a join of `id_intervals` on
`valid_from <= moment AND (valid_to IS NULL OR moment < valid_to)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from include.identity.claims import MOMENT

RECORD_FIELDS = [("source", pa.string()), ("record", pa.string())]
KEY_FIELDS = [("name", pa.string()), ("value", pa.string())]
VALID_FROM = [("valid_from", MOMENT)]

SCHEMAS: Mapping[str, pa.Schema] = {
    "records": pa.schema(
        [*RECORD_FIELDS, ("person_id", pa.string()), *VALID_FROM]
    ),
    "keys": pa.schema([*KEY_FIELDS, ("person_id", pa.string()), *VALID_FROM]),
    "claims": pa.schema(
        [*RECORD_FIELDS, *KEY_FIELDS, ("outcome", pa.string()), *VALID_FROM]
    ),
    "merges": pa.schema(
        [
            ("ended_id", pa.string()),
            ("living_id", pa.string()),
            *KEY_FIELDS,
            *VALID_FROM,
        ]
    ),
    "retired": pa.schema(
        [
            *KEY_FIELDS,
            ("reason", pa.string()),
            ("records", pa.int64()),
            *VALID_FROM,
        ]
    ),
}

INTERVALS_SCHEMA = pa.schema(
    [
        ("person_id", pa.string()),
        ("lives_as", pa.string()),
        ("valid_from", MOMENT),
        ("valid_to", MOMENT),
    ]
)


@dataclass(frozen=True)
class Ledger:
    """What was decided, columns as SCHEMAS says.

    Attributes:
        records: the person of each record when the record came.
        keys: the person of each key when the key came.
        claims: each record's keys: `joined`, `conflict` (another person's key) or `no_key` (retired before).
        merges: ids that ended, the id that each lives on as, and the key that showed it.
        retired: keys that are none since then: `shared` by too many records, or `contested` by people whose ids differ.
    """

    records: pa.Table
    keys: pa.Table
    claims: pa.Table
    merges: pa.Table
    retired: pa.Table

    @classmethod
    def empty(cls) -> Self:
        """Return the ledger before the first load."""
        return cls.of(
            {name: schema.empty_table() for name, schema in SCHEMAS.items()}
        )

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> Self:
        """Return the ledger that consists of tables, by name."""
        return cls(
            **{
                name: tables[name].select(schema.names).cast(schema)
                for name, schema in SCHEMAS.items()
            }
        )

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables by name, as they are stored."""
        return {table.name: getattr(self, table.name) for table in fields(self)}

    def plus(self, additions: "Ledger") -> "Ledger":
        """Return this ledger with the rows that a load has added."""
        added = additions.tables()
        return Ledger.of(
            {
                name: pa.concat_tables([table, added[name]])
                for name, table in self.tables().items()
            }
        )

    def as_of(self, moment: datetime) -> "Ledger":
        """Return the ledger as it was known at a moment, with a time zone."""
        limit = pa.scalar(moment, MOMENT)
        return Ledger.of(
            {
                name: table.filter(pc.less_equal(table["valid_from"], limit))
                for name, table in self.tables().items()
            }
        )

    def known_until(self) -> int | None:
        """Return the moment of the last decision in microseconds since 1970, or None before the first load."""
        latest = None
        for table in self.tables().values():
            moments = table["valid_from"].cast(pa.int64())
            last = pc.max(moments).as_py()
            if last is not None:
                latest = last if latest is None else max(latest, last)
        return latest


def living_ids(merges: pa.Table) -> dict[str, str]:
    """Return for each ended id the id that it lives on as."""
    ended = merges["ended_id"].to_pylist()
    successors = merges["living_id"].to_pylist()
    next_id = dict(zip(ended, successors, strict=True))
    return {person: _last(person, next_id) for person in ended}


def _last(person: str, next_id: Mapping[str, str]) -> str:
    while person in next_id:
        person = next_id[person]
    return person


def living(person_ids: pa.ChunkedArray, merges: pa.Table) -> pa.ChunkedArray:
    """Return each id, or the id that it lives on as."""
    successors = living_ids(merges)
    if not successors:
        return person_ids
    ended = pa.array(list(successors), pa.string())
    last = pa.array(list(successors.values()), pa.string())
    places = pc.index_in(person_ids, value_set=ended)
    return pc.coalesce(last.take(places.combine_chunks()), person_ids)


def people_of(ledger: Ledger) -> pa.Table:
    """Return source, record and person_id of each record, by the merges that the ledger holds."""
    person_ids = living(ledger.records["person_id"], ledger.merges)
    records = ledger.records.select(["source", "record"])
    return records.append_column("person_id", person_ids)


def id_intervals(ledger: Ledger) -> pa.Table:
    """Return as which id each ended id lives on: columns of INTERVALS_SCHEMA; valid_to is null for the present."""
    merges = {row["ended_id"]: row for row in ledger.merges.to_pylist()}
    intervals = []
    for ended_id, first in merges.items():
        merge = first
        while merge is not None:
            following = merges.get(merge["living_id"])
            end = following["valid_from"] if following else None
            if end != merge["valid_from"]:
                interval = {
                    "person_id": ended_id,
                    "lives_as": merge["living_id"],
                    "valid_from": merge["valid_from"],
                    "valid_to": end,
                }
                intervals.append(interval)
            merge = following
    return pa.Table.from_pylist(intervals, schema=INTERVALS_SCHEMA)
