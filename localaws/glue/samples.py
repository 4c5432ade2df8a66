"""Infer the schema of one object from a sample of it, as a Glue crawler does."""

import csv
import json
import re
import unicodedata
import zlib
from dataclasses import dataclass
from functools import reduce
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb

from localaws.errors import LocalAwsError

_SAMPLE_BYTES = 1024 * 1024
_GZIP = b"\x1f\x8b"
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<sign>.?)"?', re.IGNORECASE)
_DELIMITERS = (",", "|", "\t", ";", "\x01")
_DELIMITER_LINES = 50
"""Lines that are enough to tell by which sign they are divided."""
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LARGEST_INT = 2**31 - 1
_WIDTHS = {"int": 0, "bigint": 1, "double": 2, "string": 3}
_PARQUET_TYPES = {
    "INTEGER": "int",
    "BIGINT": "bigint",
    "SMALLINT": "smallint",
    "DOUBLE": "double",
    "FLOAT": "float",
    "BOOLEAN": "boolean",
    "DATE": "date",
}


class UnreadableObjectError(LocalAwsError):
    """An object that is none of the formats that a crawler reads; the message says why."""


@dataclass(frozen=True)
class Schema:
    """What a crawler sees in one object.

    Attributes:
        classification: parquet, json or csv.
        columns: name to type, in their order.
        delimiter: of a csv; empty for other formats.
        problem: why the object could not be read to its end; None if it could.
    """

    classification: str
    columns: dict[str, str]
    delimiter: str = ""
    problem: str | None = None


def common_type(first: str, second: str) -> str:
    """Return a type that holds both; text where neither holds the other."""
    if first == second:
        return first
    if first in _WIDTHS and second in _WIDTHS:
        return max(first, second, key=lambda name: _WIDTHS[name])
    return "string"


def read_schema(s3: Any, bucket: str, key: str) -> Schema:
    """Read a sample of one object.

    Raises:
        UnreadableObjectError: it has no format that is read here, or it is damaged.
        botocore.exceptions.ClientError: it is gone.
    """
    try:
        return _read_schema(s3, bucket, key)
    except (duckdb.Error, zlib.error) as error:
        raise UnreadableObjectError(str(error)) from error


def _read_schema(s3: Any, bucket: str, key: str) -> Schema:
    sample = s3.get_object(
        Bucket=bucket, Key=key, Range=f"bytes=0-{_SAMPLE_BYTES - 1}"
    )["Body"].read()
    if sample.startswith(b"PAR1"):
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return Schema("parquet", _parquet_columns(content))
    complete = len(sample) < _SAMPLE_BYTES
    if sample.startswith(_GZIP):
        sample, complete = _unpack(sample, complete)
    text = _text(sample)
    if text.lstrip()[:1] in ("{", "["):
        return Schema("json", _json_columns(text, complete))
    columns, delimiter, problem = _csv_columns(text, complete)
    return Schema("csv", columns, delimiter, problem)


def _unpack(sample: bytes, complete: bool) -> tuple[bytes, bool]:
    """Return what gzip has packed, and whether that is all of it.

    Raises:
        zlib.error: gzip is damaged.
    """
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    text = unpacker.decompress(sample, _SAMPLE_BYTES)
    if complete and not unpacker.eof and not unpacker.unconsumed_tail:
        raise zlib.error("gzip ends before its end")
    return text, unpacker.eof


def _parquet_columns(content: bytes) -> dict[str, str]:
    with (
        NamedTemporaryFile(suffix=".parquet") as file,
        duckdb.connect() as engine,
    ):
        file.write(content)
        file.flush()
        description = engine.execute(
            f"DESCRIBE SELECT * FROM read_parquet('{file.name}')"  # noqa: S608
        ).fetchall()
    return {
        name.lower(): _parquet_type(engine_type)
        for name, engine_type, *_ in description
    }


def _parquet_type(engine_type: str) -> str:
    if engine_type.startswith("TIMESTAMP"):
        return "timestamp"
    if engine_type.startswith("DECIMAL"):
        return engine_type.lower()
    return _PARQUET_TYPES.get(engine_type, "string")


def _text(sample: bytes) -> str:
    """Return a sample as text; what cannot be decoded is replaced, as a crawler only looks."""
    encoding = (
        "utf-16"
        if sample.startswith((b"\xff\xfe", b"\xfe\xff"))
        else "utf-8-sig"
    )
    text = sample.decode(encoding, errors="replace")
    return text.replace("\0", "").lstrip("\ufeff")


def _json_columns(text: str, complete: bool) -> dict[str, str]:
    """Return the fields of JSON lines, of one object, or of an array of objects.

    Raises:
        UnreadableObjectError: it is no JSON, or holds something else than objects.
    """
    columns: dict[str, str] = {}
    for record in _json_records(text, complete):
        if not isinstance(record, dict):
            raise UnreadableObjectError("JSON that is not made of objects")
        for name, value in record.items():
            field_type = _json_type(value)
            if field_type:
                former = columns.get(name.lower(), field_type)
                columns[name.lower()] = common_type(former, field_type)
            else:
                columns.setdefault(name.lower(), "string")
    return columns


def _json_records(text: str, complete: bool) -> list[Any]:
    """Return the records; the last line of a sample that is not `complete` may be cut off, so it is left out."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if not complete:
            lines = lines[:-1]
        try:
            return [json.loads(line) for line in lines]
        except json.JSONDecodeError as error:
            raise UnreadableObjectError(f"no JSON: {error}") from error
    return whole if isinstance(whole, list) else [whole]


def _json_type(value: Any) -> str:
    """Return the catalog's type of a value, as Glue names it; empty for null."""
    match value:
        case None:
            return ""
        case bool():
            return "boolean"
        case int():
            return "bigint" if abs(value) > _LARGEST_INT else "int"
        case float():
            return "double"
        case list():
            inner = [_json_type(item) for item in value]
            filled = [item for item in inner if item] or ["string"]
            return f"array<{reduce(common_type, filled)}>"
        case dict():
            fields = [
                f"{name.lower()}:{_json_type(item) or 'string'}"
                for name, item in value.items()
            ]
            return f"struct<{','.join(fields)}>"
        case _:
            return "string"


def _csv_columns(
    text: str, complete: bool
) -> tuple[dict[str, str], str, str | None]:
    """Return header and types of a CSV sample, its delimiter, and why it could not be read to its end.

    The last line of a sample that is not `complete` may be cut off, so it is left out.
    """
    lines = text.splitlines(keepends=True)
    named = _SEPARATOR_LINE.fullmatch(lines[0].strip()) if lines else None
    if named:
        lines = lines[1:]
    if not complete and len(lines) > 1:
        lines = lines[:-1]
    delimiter = (named["sign"] if named else "") or _delimiter(lines)
    rows, problem = _csv_rows(lines, delimiter)
    if not rows:
        return {}, delimiter, problem
    header, *records = rows
    columns = {}
    for position, name in enumerate(header):
        column = _column_name(name)
        if column:
            cells = [
                record[position] for record in records if position < len(record)
            ]
            columns[column] = _csv_type(cells)
    return columns, delimiter, problem


def _delimiter(lines: list[str]) -> str:
    """Return the sign that divides most lines into as many cells as the first, of those that Glue's classifier knows.

    Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html (comma, pipe, tab, semicolon, Ctrl-A).
    """
    best, most = ",", 0
    for sign in _DELIMITERS:
        rows, _ = _csv_rows(lines[:_DELIMITER_LINES], sign)
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows)
        if width > 1 and alike * width > most:
            best, most = sign, alike * width
    return best


def _column_name(heading: str) -> str:
    """Return a heading in lower case, without what nobody sees in it."""
    visible = [
        character
        for character in unicodedata.normalize("NFKC", heading)
        if unicodedata.category(character) != "Cf"
    ]
    return " ".join("".join(visible).split()).lower()


def _csv_rows(
    lines: list[str], delimiter: str
) -> tuple[list[list[str]], str | None]:
    """Return the rows, up to the first cell that Python's csv reader refuses, and why it does.

    It refuses cells of more than 128 KiB, such as those that begin with a quote which is never closed.
    """
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
    except csv.Error as error:
        return rows, f"line {reader.line_num}: {error}"
    return rows, None


def _csv_type(cells: list[str]) -> str:
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return "string"
    if all(_INTEGER.fullmatch(cell) for cell in filled):
        return "bigint"
    if all(_NUMBER.fullmatch(cell) for cell in filled):
        return "double"
    return "string"
