"""Infer the schema of the objects under a path, as a Glue crawler does."""

import csv
import re
import unicodedata
import zlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb

_SAMPLE_BYTES = 1024 * 1024
_GZIP = b"\x1f\x8b"
_SEPARATOR_LINE = re.compile(r'"?sep=.?"?', re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WIDTHS = {"bigint": 0, "double": 1, "string": 2}
_PARQUET_TYPES = {
    "INTEGER": "int",
    "BIGINT": "bigint",
    "SMALLINT": "smallint",
    "DOUBLE": "double",
    "FLOAT": "float",
    "BOOLEAN": "boolean",
    "DATE": "date",
}


@dataclass
class CrawledTable:
    """What a crawler sees under one path: columns by name, in order of first appearance.

    `problems` says why an object could not be read, or not to its end, by key.
    """

    classification: str = "UNKNOWN"
    columns: dict[str, str] = field(default_factory=dict)
    partitions: list[str] = field(default_factory=list)
    objects: int = 0
    size: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    def add(self, columns: dict[str, str]) -> None:
        """Merge a file's columns; where files disagree on a type the wider one stays."""
        for name, column_type in columns.items():
            former_type = self.columns.get(name, column_type)
            self.columns[name] = _common_type(former_type, column_type)


def _common_type(first: str, second: str) -> str:
    """Return a type that holds both; text where neither holds the other."""
    if first == second:
        return first
    if first in _WIDTHS and second in _WIDTHS:
        return max(first, second, key=lambda name: _WIDTHS[name])
    return "string"


def table_name(bucket: str, prefix: str, table_prefix: str | None) -> str:
    """Return a crawler's name for the table of a path: its last folder, lower case, with `_` for signs."""
    folder = PurePosixPath(prefix).name or bucket
    return (table_prefix or "") + re.sub(r"[^a-z0-9_]", "_", folder.lower())


def crawl_objects(
    s3: Any, bucket: str, prefix: str, objects: list[dict[str, Any]]
) -> CrawledTable:
    """Read a sample of every object (keys, sizes as S3 lists them) and merge the schemas; empty objects have none.

    An object that cannot be read is named among the table's problems, and the others are crawled all the same.
    """
    table = CrawledTable()
    for item in objects:
        key = item["Key"]
        if item["Size"] == 0 or PurePosixPath(key).name.startswith(("_", ".")):
            continue
        table.objects += 1
        table.size += item["Size"]
        table.partitions = table.partitions or _partitions(
            key.removeprefix(prefix)
        )
        try:
            _crawl_object(s3, bucket, key, table)
        except (duckdb.Error, zlib.error) as error:
            table.problems[key] = str(error)
    return table


def _crawl_object(s3: Any, bucket: str, key: str, table: CrawledTable) -> None:
    """Add the columns of one object to the table."""
    sample = s3.get_object(
        Bucket=bucket, Key=key, Range=f"bytes=0-{_SAMPLE_BYTES - 1}"
    )["Body"].read()
    if sample.startswith(b"PAR1"):
        table.classification = "parquet"
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        table.add(_parquet_columns(content))
        return
    table.classification = "csv"
    complete = len(sample) < _SAMPLE_BYTES
    if sample.startswith(_GZIP):
        sample, complete = _unpack(sample, complete)
    columns, problem = _csv_columns(sample, complete)
    table.add(columns)
    if problem:
        table.problems[key] = problem


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


def _partitions(relative_key: str) -> list[str]:
    """Return the partition columns of a key, such as `dt` of `dt=2026-01-01/leads.csv`."""
    folders = relative_key.split("/")[:-1]
    return [
        folder.split("=", 1)[0].lower() for folder in folders if "=" in folder
    ]


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


def _csv_columns(
    sample: bytes, complete: bool
) -> tuple[dict[str, str], str | None]:
    """Return header and types of a CSV sample, and why it could not be read to its end.

    What cannot be decoded is replaced, as a crawler only looks. The last line of a sample that is not `complete` may
    be cut off, so it is left out.
    """
    encoding = (
        "utf-16"
        if sample.startswith((b"\xff\xfe", b"\xfe\xff"))
        else "utf-8-sig"
    )
    text = sample.decode(encoding, errors="replace").replace("\0", "")
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    if lines and _SEPARATOR_LINE.fullmatch(lines[0].strip()):
        lines = lines[1:]
    if not complete and len(lines) > 1:
        lines = lines[:-1]
    rows, problem = _csv_rows(lines)
    if not rows:
        return {}, problem
    header, *records = rows
    columns = {}
    for position, name in enumerate(header):
        column = _column_name(name)
        if column:
            cells = [
                record[position] for record in records if position < len(record)
            ]
            columns[column] = _csv_type(cells)
    return columns, problem


def _column_name(heading: str) -> str:
    """Return a heading in lower case, without what nobody sees in it."""
    visible = [
        character
        for character in unicodedata.normalize("NFKC", heading)
        if unicodedata.category(character) != "Cf"
    ]
    return " ".join("".join(visible).split()).lower()


def _csv_rows(lines: list[str]) -> tuple[list[list[str]], str | None]:
    """Return the rows, up to the first cell that Python's csv reader refuses, and why it does.

    It refuses cells of more than 128 KiB, such as those that begin with a quote which is never closed.
    """
    reader = csv.reader(lines, skipinitialspace=True)
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
