"""Write the engine's values as the Data API's cells and column descriptions."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_TYPE_NAMES = {
    "TINYINT": "int2",
    "SMALLINT": "int2",
    "INTEGER": "int4",
    "BIGINT": "int8",
    "HUGEINT": "int8",
    "FLOAT": "float4",
    "DOUBLE": "float8",
    "BOOLEAN": "bool",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "JSON": "super",
    "BLOB": "varbyte",
}
Cell = dict[str, Any]


@dataclass(frozen=True)
class ResultSet:
    """Rows of a query as Data API cells, with their column descriptions and their size in bytes."""

    columns: tuple[dict[str, Any], ...]
    records: tuple[tuple[Cell, ...], ...]
    size: int


def result_set(
    description: list[tuple[str, Any]], rows: list[tuple[Any, ...]]
) -> ResultSet:
    """Make a result set of a cursor's description (name, type, …) and rows."""
    columns = tuple(
        _column(name, str(engine_type)) for name, engine_type, *_ in description
    )
    records = []
    size = 0
    for row in rows:
        records.append(tuple(cell(value) for value in row))
        size += sum(len(str(value)) for value in row if value is not None)
    return ResultSet(columns, tuple(records), size)


def cell(value: Any) -> Cell:
    """Return a value as a Data API field; decimals, dates and times travel as text, as on AWS."""
    match value:
        case None:
            return {"isNull": True}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"longValue": value}
        case float():
            return {"doubleValue": value}
        case datetime():
            return {"stringValue": _timestamp(value)}
        case date() | Decimal():
            return {"stringValue": str(value)}
        case _:
            return {"stringValue": str(value)}


def _timestamp(value: datetime) -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    fraction = f"{value.microsecond:06d}".rstrip("0")
    if fraction:
        text += f".{fraction}"
    if value.tzinfo:
        text += "+00"  # sessions are in UTC
    return text


def _column(name: str, engine_type: str) -> dict[str, Any]:
    fallback = "numeric" if engine_type.startswith("DECIMAL") else "varchar"
    type_name = _TYPE_NAMES.get(engine_type, fallback)
    return {
        "name": name,
        "label": name,
        "typeName": type_name,
        "nullable": 1,
        "isCaseSensitive": type_name in ("varchar", "super"),
        "isCurrency": False,
        "isSigned": type_name.startswith(("int", "float", "numeric")),
        "length": 0,
        "precision": 0,
        "scale": 0,
        "schemaName": "",
        "tableName": "",
    }
