"""A small shop of three sources, and tables of its rows."""

import pandas as pd
import pyarrow as pa

from include.asof.in_duckdb import compute_features, open_engine
from include.contract import parse_contract
from include.unify.unify import unify

ENGINE = open_engine()
DAY = 86_400_000_000

COLUMNS = [
    {"name": "at", "type": "timestamp"},
    {"name": "arrived", "type": "timestamp"},
    {"name": "mail", "type": "string"},
]
TIMES = {"occurred_at": "at", "arrived_at": "arrived"}
SHOP = {
    "format": 2,
    "contract": "shop",
    "key": "id",
    "clock": "made",
    "outcomes": [
        {
            "name": "bought",
            "column": "bought",
            "source": "orders",
            "positive": ["yes"],
            "negative": ["no"],
        }
    ],
    "columns": [
        {"name": "id", "type": "string", "known_at": "capture"},
        {"name": "made", "type": "timestamp", "known_at": "capture"},
        {"name": "area", "type": "category", "known_at": "capture"},
        {"name": "size", "type": "integer", "known_at": "contact"},
        {"name": "revenue", "type": "number", "known_at": "outcome"},
    ],
    "sources": [
        {
            "name": "people",
            "role": "leads",
            "prefix": "people/",
            "columns": [*COLUMNS, {"name": "merged_into", "type": "string"}],
            **TIMES,
        },
        {
            "name": "calls",
            "role": "events",
            "prefix": "calls/",
            "key": "row",
            "late_after": "3 days",
            "columns": [
                *COLUMNS,
                {"name": "row", "type": "string"},
                {"name": "kind", "type": "category"},
            ],
            **TIMES,
        },
        {
            "name": "orders",
            "role": "outcomes",
            "prefix": "orders/",
            "columns": COLUMNS,
            **TIMES,
        },
    ],
    "identity": {
        "keys": [{"name": "id", "kind": "id"}, {"name": "mail", "kind": "email"}],
        "sources": {
            "people": {"defines": True, "keys": {"id": ["id", "merged_into"], "mail": ["mail"]}},
            "calls": {"keys": {"mail": ["mail"]}},
            "orders": {"keys": {"mail": ["mail"]}},
        },
    },
    "stages": {"contact": {"source": "calls", "where": {"kind": ["call"]}}},
    "features": [
        {
            "name": "visits",
            "kind": "count",
            "events": {"source": "calls", "where": {"kind": "visit"}},
            "window": {"first": "7 days", "after": "creation"},
            "known_at": "engagement",
            "label": "Visits",
            "reason": "{value} visits",
        },
        {
            "name": "days_since_visit",
            "kind": "days_since_last",
            "events": {"source": "calls", "where": {"kind": "visit"}},
            "label": "Days since the last visit",
            "reason": "{value} days",
        },
        {
            "name": "area_rate",
            "kind": "historical_rate",
            "outcome": "bought",
            "by": {"source": "people", "column": "area"},
            "m": 0,
            "known_at": "contact",
            "label": "Rate of the area",
            "reason": "{value:.0%}",
        },
    ],
}  # fmt: skip
CONTRACT = parse_contract(SHOP, "shop")
WITHIN_30_DAYS = parse_contract(
    SHOP | {"outcomes": [SHOP["outcomes"][0] | {"within_days": 30}]}, "shop"
)
LATER = pd.Timestamp("2025-01-01")


def day(number):
    """Return noon of a day; day 0 is 28 February 2024."""
    return pd.Timestamp("2024-02-28 12:00") + pd.Timedelta(days=number)


def micros(number):
    return int(day(number).value // 1000)


def person(id, at, mail="", /, **cells):  # noqa: A002 - the column's name
    """Return a state of a lead that arrives when it occurs."""
    row = {"id": id, "made": day(at), "area": "north", "size": 1}
    row |= {
        "revenue": None,
        "merged_into": None,
        "mail": mail or f"{id}@example.com",
    }
    return row | {"at": day(at), "arrived": day(at)} | cells


def call(at, mail, kind="visit", /, **cells):
    """Return an event that arrives when it occurs."""
    row = {"row": f"{at} {mail} {kind}", "kind": kind, "mail": mail}
    return row | {"at": day(at), "arrived": day(at)} | cells


def order(at, mail, bought=1, /, **cells):
    """Return an outcome that arrives when it occurs."""
    row = {"mail": mail, "bought": bought}
    return row | {"at": day(at), "arrived": day(at)} | cells


SCHEMAS = {
    "people": {"id": "s", "made": "t", "area": "s", "size": "i", "revenue": "n", "merged_into": "s"},
    "calls": {"row": "s", "kind": "s"},
    "orders": {"bought": "i", "kept": "i"},
}  # fmt: skip
KINDS = {
    "s": pa.string(),
    "t": pa.timestamp("us"),
    "i": pa.int32(),
    "n": pa.float64(),
}


def table(source, rows):
    """Return the rows of a source as ingestion types them."""
    own = SCHEMAS[source] | {"mail": "s", "at": "t", "arrived": "t"}
    fields = {name: KINDS[kind] for name, kind in own.items()}
    schema = pa.schema(fields | {"source_changed_at": pa.timestamp("us")})
    rows = [{"source_changed_at": LATER} | row for row in rows]
    return pa.Table.from_pylist(rows, schema=schema)


def compute(features, inputs):
    return compute_features(features, inputs, ENGINE)


def unified(as_of=None, contract=CONTRACT, **sources):
    """Return the leads of some rows; as of a day, else of the last arrival."""
    tables = {name: table(name, rows) for name, rows in sources.items()}
    moment = None if as_of is None else micros(as_of)
    return unify(contract, tables, compute, moment)


def leads_of(result):
    """Return each lead by its key."""
    return {row["id"]: row for row in result.leads.to_pylist()}
