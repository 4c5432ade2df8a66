"""Brings tables of an earlier version up to date: columns that the DDL has and the table lacks are added.

Nothing else is changed: a column that left the DDL stays, and a type stays as it is. `CREATE TABLE IF NOT EXISTS`
leaves an existing table alone, so that without this a new column would only ever exist in new warehouses.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from include.warehouse.client import Warehouse
from include.warehouse.errors import ColumnOrderError
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)

CREATE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (?P<name>[\w.]+) \(\n(?P<columns>.*?)\n\)",
    re.DOTALL,
)
STAGING = "_staging"
POSITIONAL = ("create_scores",)
"""Tables that COPY fills: it reads Parquet by position, so their columns must stand in the DDL's order."""


@dataclass(frozen=True)
class Table:
    """Hold a table as its CREATE statement has it: qualified name, and name and type of each column in order."""

    name: str
    columns: dict[str, str]


def read_create(statement: str) -> Table:
    """Return the table of a rendered `create_*.sql`, which has one column a line.

    Raises:
        ValueError: the statement is none of these.
    """
    create = CREATE.match(statement)
    if not create:
        raise ValueError(
            f"not a CREATE TABLE IF NOT EXISTS with one column a line: {statement[:80]!r}"
        )
    columns: dict[str, str] = {}
    for line in create["columns"].splitlines():
        name, kind = line.strip().rstrip(",").split(None, 1)
        columns[name] = kind.removesuffix(" NOT NULL")
    return Table(create["name"], columns)


def add_missing_columns(
    statements: Statements, warehouse: Warehouse, names: Iterable[str]
) -> list[str]:
    """Add to existing tables what their DDL has gained; return the statements that were run.

    Added columns are nullable, since Redshift adds no other without a default. A staging table, which holds nothing
    between two loads, is made anew where it differs at all, because COPY reads a load by position.

    Args:
        statements: renders the files that create tables.
        warehouse: where the tables are.
        names: files in sql/ that create tables, without the extension.

    Raises:
        ColumnOrderError: a table that COPY fills gained a column that is not at the DDL's end; nothing was changed.
        WarehouseError: a statement failed.
    """
    changes: list[str] = []
    for name in names:
        changes += _changes(statements, warehouse, name)
    for change in changes:
        log.info("Migration: %s", change)
        warehouse.execute(change)
    return changes


def _changes(
    statements: Statements, warehouse: Warehouse, name: str
) -> list[str]:
    """Return the statements that bring one table up to date."""
    create = statements.render(name)
    table = read_create(create)
    present = _present_columns(statements, warehouse, table)
    if not present or present == list(table.columns):
        return []
    if name.endswith(STAGING):
        return [f"DROP TABLE {table.name}", create]
    missing = [column for column in table.columns if column not in present]
    if (
        missing
        and name in POSITIONAL
        and [*present, *missing] != list(table.columns)
    ):
        raise ColumnOrderError(
            f"{table.name} lacks {', '.join(missing)}, and COPY fills it by position: put new columns at the end of "
            f"include/warehouse/sql/{name}.sql, in the order in which they came"
        )
    return [
        f"ALTER TABLE {table.name} ADD COLUMN {column} {table.columns[column]}"
        for column in missing
    ]


def _present_columns(
    statements: Statements, warehouse: Warehouse, table: Table
) -> list[str]:
    """Return the columns that the table has in the warehouse, in order; none where there is no such table."""
    schema, _, name = table.name.rpartition(".")
    sql = statements.render("present_columns", schema=schema, table=name)
    return [row["name"] for row in warehouse.query(sql)]
