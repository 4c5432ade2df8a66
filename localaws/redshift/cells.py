"""Write the engine's values as the Data API's cells, CSV lines and column descriptions."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from localaws.redshift.columns import Origin

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
    "TIME": "time",
    "TIME WITH TIME ZONE": "timetz",
    "JSON": "super",
    "BLOB": "varbyte",
}
_PRECISION = {
    "int2": (5, 0),
    "int4": (10, 0),
    "int8": (19, 0),
    "float4": (8, 8),
    "float8": (17, 17),
    "bool": (1, 0),
    "date": (13, 0),
    "time": (15, 6),
    "timetz": (21, 6),
    "timestamp": (29, 6),
    "timestamptz": (35, 6),
}
"""Precision and scale by type name, as Redshift's JDBC driver gives them. That of an int4 is in the example of
https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-calling-cli-get-statement-result.html; the others are from
memory of the driver's TypeInfoCache."""
_CHARACTERS = ("char", "character", "nchar", "bpchar")
_DECLARED = re.compile(
    r"(?P<name>[a-z ]+?)\s*(?:\(\s*(?P<size>\d+|max)\s*(?:,\s*(?P<scale>\d+)\s*)?\))?"
)
_MAX_BYTES = 65535
_DEFAULT_BYTES = {"char": 1, "character": 1, "nchar": 1}
_BARE_VARCHAR = 256
_ENGINE_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
Cell = dict[str, Any]


@dataclass(frozen=True)
class ResultSet:
    """Rows of a query as Data API cells, with their column descriptions and their size in bytes."""

    columns: tuple[dict[str, Any], ...]
    records: tuple[tuple[Cell, ...], ...]
    size: int


def result_set(
    description: list[tuple[str, Any]],
    rows: list[tuple[Any, ...]],
    origins: Sequence[Origin] = (),
) -> ResultSet:
    """Make a result set of a cursor's description (name, type, …), rows, and what is known of the columns."""
    if len(origins) != len(description):
        origins = [Origin()] * len(description)
    columns = tuple(
        describe_column(name, str(engine_type), origin)
        for (name, engine_type, *_), origin in zip(
            description, origins, strict=True
        )
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


def csv_lines(records: Iterable[Sequence[Cell]]) -> str:
    r"""Return records as CSV, without a header, in lines that end in `\r\n`; nothing stands for NULL.

    Source: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-calling-cli-get-statement-result.html
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for record in records:
        writer.writerow([_csv_value(item) for item in record])
    return text.getvalue()


def _csv_value(item: Cell) -> Any:
    if "isNull" in item:
        return ""
    value = next(iter(item.values()))
    return str(value).lower() if isinstance(value, bool) else value


def describe_column(
    name: str, engine_type: str, origin: Origin
) -> dict[str, Any]:
    """Return the ColumnMetadata of a column.

    Args:
        name: its label.
        engine_type: the engine's type.
        origin: the table's column behind it, as far as known.
    """
    type_name, length, precision, scale = _measures(engine_type, origin.type)
    description = {
        "name": name,
        "label": name,
        "typeName": type_name,
        "nullable": 0 if origin.required else 1,
        "isCaseSensitive": type_name in ("varchar", "bpchar", "super"),
        "isCurrency": False,
        "isSigned": type_name.startswith(("int", "float", "numeric")),
        "length": length,
        "precision": precision,
        "scale": scale,
        "schemaName": origin.schema,
        "tableName": origin.table,
    }
    return description


def _measures(engine_type: str, declared: str) -> tuple[str, int, int, int]:
    """Return type name, length, precision and scale; computed text may have the most bytes that a VARCHAR holds."""
    decimal = _ENGINE_DECIMAL.fullmatch(engine_type)
    if decimal:
        return "numeric", 0, int(decimal[1]), int(decimal[2])
    fallback = "numeric" if engine_type.startswith("DECIMAL") else "varchar"
    type_name = _TYPE_NAMES.get(engine_type, fallback)
    if type_name != "varchar":
        precision, scale = _PRECISION.get(type_name, (0, 0))
        return type_name, 0, precision, scale
    match = _DECLARED.fullmatch(declared.strip())
    if match is None:
        return "varchar", _MAX_BYTES, _MAX_BYTES, 0
    name = match["name"]
    size = _bytes(name, match["size"])
    type_name = "bpchar" if name in _CHARACTERS else "varchar"
    return type_name, size, size, 0


def _bytes(name: str, size: str | None) -> int:
    """Return the bytes that a character type holds."""
    if size is None:
        return _DEFAULT_BYTES.get(name, _BARE_VARCHAR)
    return _MAX_BYTES if size == "max" else int(size)


def _timestamp(value: datetime) -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    fraction = f"{value.microsecond:06d}".rstrip("0")
    if fraction:
        text += f".{fraction}"
    if value.tzinfo:
        text += "+00"  # sessions are in UTC
    return text
