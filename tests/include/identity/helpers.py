"""What the tests of identity share: rules, loads made of short rows, and views of a ledger."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from include.contract.format.identity import IdentityDocument
from include.identity.claims import Load, joined_loads, read_load
from include.identity.ledger import Ledger, people_of
from include.identity.matching import match
from include.identity.rules import IdentityRules, rules_of

START = datetime(2026, 3, 1, tzinfo=UTC)
LOADED = datetime(2026, 6, 1, tzinfo=UTC)

DOCUMENT = IdentityDocument.model_validate(
    {
        "default_region": "DE",
        "max_records": 3,
        "keys": [
            {"name": "crm", "kind": "id"},
            {"name": "mail", "kind": "email"},
            {"name": "phone", "kind": "phone"},
        ],
        "sources": {
            "leads": {
                "defines": True,
                "keys": {
                    "crm": ["id", "merged_into"],
                    "mail": ["mail"],
                    "phone": ["phone", "mobile"],
                },
            },
            "events": {"keys": {"crm": ["id"], "mail": ["mail"]}},
        },
    }
)

COLUMNS = ("row", "id", "merged_into", "mail", "phone", "mobile")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in COLUMNS),
        ("day", pa.timestamp("us", tz="UTC")),
    ]
)


def rules(**changes: object) -> IdentityRules:
    return rules_of(DOCUMENT.model_dump() | changes)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def lead(row: str, number: float = 0, **keys: str) -> dict[str, object]:
    return {"row": row, "day": day(number), **keys}


def leads_load(rows: Iterable[dict[str, object]]) -> Load:
    table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    return read_load(table, "leads", rules(), "row", LOADED, "day")


def grown(
    *loads: Iterable[dict[str, object]], ledger: Ledger | None = None
) -> Ledger:
    """Return the ledger after loads of leads."""
    ledger = ledger or Ledger.empty()
    for rows in loads:
        load = joined_loads([leads_load(rows)])
        ledger = ledger.plus(match(ledger, load, rules()))
    return ledger


def people(ledger: Ledger) -> dict[str, str]:
    """Return row to person."""
    table = people_of(ledger)
    records = table["record"].to_pylist()
    ids = table["person_id"].to_pylist()
    return dict(zip(records, ids, strict=True))


def together(ledger: Ledger) -> set[frozenset[str]]:
    """Return the rows of each person."""
    rows: dict[str, set[str]] = {}
    for row, person in people(ledger).items():
        rows.setdefault(person, set()).add(row)
    return {frozenset(group) for group in rows.values()}


def sets(*groups: str) -> set[frozenset[str]]:
    """Return what `together` returns for groups of rows, each a text of names with spaces."""
    return {frozenset(group.split()) for group in groups}
