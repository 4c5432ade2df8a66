"""Derives the Redshift columns of a contract: names, types and how the table is laid out on disk."""

from include.contract.cells import TEXT_BYTES
from include.contract.model import Column, Contract

FIXED_TYPES = {
    "integer": "INTEGER",
    "number": "DOUBLE PRECISION",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}

SOURCE_FILE = ("source_file", "VARCHAR(1024)")
SOURCE_CHANGED_AT = ("source_changed_at", "TIMESTAMP")
"""When the file of a row was last modified, in UTC."""
MERGED_INTO = "lead_merged_into"
"""Column of the staging table with the key of the lead that a row's lead has become."""


def column_type(column: Column) -> str:
    """Return the Redshift type of a column: INTEGER, DOUBLE PRECISION, DATE, TIMESTAMP or VARCHAR(bytes)."""
    if column.type in FIXED_TYPES:
        return FIXED_TYPES[column.type]
    return f"VARCHAR({TEXT_BYTES[column.type]})"


def row_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Return (name, type) of what both the staging table and the table of leads have of a row, in their order."""
    columns = [
        (column.field, column_type(column)) for column in contract.columns
    ]
    return (*columns, SOURCE_FILE, SOURCE_CHANGED_AT)


def staging_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Return (name, type) of the staging table, in the order of the Parquet of a load, which COPY reads by position.

    Of leads from several sources a row also says whether a lead has become another one, and which of its outcomes were
    withdrawn: of leads from one source neither can be known.
    """
    columns = row_columns(contract)
    if not contract.unify:
        return columns
    key_type = column_type(contract.column(contract.key))
    withdrawn = [
        (withdrawn_column(contract, label), "INTEGER")
        for label in contract.labels
    ]
    return (*columns, (MERGED_INTO, key_type), *withdrawn)


def withdrawn_column(contract: Contract, label: str) -> str:
    """Return the column of the staging table that is 1 where an outcome was withdrawn."""
    return f"{label_prefix(contract, label)}withdrawn"


def moment_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Return (name, type) of the columns that say which of two rows of a lead is newer; the first one decides first."""
    if contract.changed_at is None:
        return (SOURCE_CHANGED_AT,)
    changed_at = contract.column(contract.changed_at)
    return ((changed_at.field, column_type(changed_at)), SOURCE_CHANGED_AT)


def leads_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Return (name, type) of the table of leads.

    After a row's columns come the first arrival of the row, and of each outcome the first arrival of its label and
    the moments of the row that brought it, which may be older than the row that brought the other values.
    """
    columns = [*row_columns(contract), ("ingested_at", "TIMESTAMP")]
    for label in contract.labels:
        prefix = label_prefix(contract, label)
        columns.append((f"{prefix}at", "TIMESTAMP"))
        for name, kind in moment_columns(contract):
            columns.append((f"{prefix}{name}", kind))
    return tuple(columns)


def label_prefix(contract: Contract, label: str) -> str:
    """Return how the names of an outcome's moments in the table of leads begin: `label_` for those of the main one."""
    return "label_" if label == contract.labels[0] else f"{label}_label_"


def feedback_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Return (name, type) of what a rep says of a score, in the order of the Parquet that COPY reads."""
    key_type = column_type(contract.column(contract.key))
    return (
        ("id", "VARCHAR(32) NOT NULL"),
        (contract.key, key_type),  # NOT NULL, as the key of every table
        ("rep", "VARCHAR(256) NOT NULL"),
        ("verdict", "VARCHAR(16) NOT NULL"),
        ("model_version", "VARCHAR(32) NOT NULL"),
        ("stage", "VARCHAR(16)"),
        ("rep_outcome", "INTEGER"),
        ("comment", "VARCHAR(4096)"),
        ("given_at", "TIMESTAMP NOT NULL"),
        ("stored_at", "TIMESTAMP NOT NULL"),
        ("said_by", "VARCHAR(64)"),
    )


def table_hints(contract: Contract) -> str:
    """Return what follows the column list: spread by key, so that MERGE joins locally; sorted by clock."""
    return f"DISTSTYLE KEY DISTKEY ({contract.key}) SORTKEY ({contract.clock})"
