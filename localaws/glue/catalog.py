"""The schema of the objects under a path, as a Glue crawler infers it."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb

_SAMPLE_BYTES = 1024 * 1024
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WIDTH = {"bigint": 0, "double": 1, "string": 2}
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
class Crawled:
    """What a crawler found under one path: columns by name, in order of first appearance."""

    classification: str = "UNKNOWN"
    columns: dict[str, str] = field(default_factory=dict)
    partitions: list[str] = field(default_factory=list)
    objects: int = 0
    size: int = 0

    def add(self, columns: dict[str, str]) -> None:
        """Take a file's columns in; where files disagree on a type the wider one stays."""
        for name, kind in columns.items():
            known = self.columns.get(name, kind)
            widest = max(known, kind, key=lambda item: _WIDTH.get(item, 2))
            self.columns[name] = kind if known == kind else (widest if known in _WIDTH and kind in _WIDTH else "string")


def table_name(bucket: str, prefix: str, table_prefix: str | None) -> str:
    """A crawler's name for the table of a path: its last folder, lower case, everything else than letters as `_`."""
    last = PurePosixPath(prefix).name or bucket
    return (table_prefix or "") + re.sub(r"[^a-z0-9_]", "_", last.lower())


def crawl_objects(s3: Any, bucket: str, prefix: str, objects: list[dict[str, Any]]) -> Crawled:
    """Read a sample of every object (keys, sizes as S3 lists them) and merge the schemas; empty ones say nothing."""
    found = Crawled()
    for item in objects:
        name = PurePosixPath(item["Key"]).name
        if item["Size"] == 0 or name.startswith(("_", ".")):
            continue
        found.objects += 1
        found.size += item["Size"]
        found.partitions = found.partitions or _partitions(item["Key"].removeprefix(prefix))
        head = s3.get_object(Bucket=bucket, Key=item["Key"], Range=f"bytes=0-{_SAMPLE_BYTES - 1}")["Body"].read()
        if head.startswith(b"PAR1"):
            found.classification = "parquet"
            found.add(_parquet_columns(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()))
        else:
            found.classification = "csv"
            found.add(_csv_columns(head, complete=len(head) < _SAMPLE_BYTES))
    return found


def _partitions(relative: str) -> list[str]:
    return [part.split("=", 1)[0].lower() for part in relative.split("/")[:-1] if "=" in part]


def _parquet_columns(content: bytes) -> dict[str, str]:
    with NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as engine:
        file.write(content)
        file.flush()
        described = engine.execute(f"DESCRIBE SELECT * FROM read_parquet('{file.name}')").fetchall()  # noqa: S608
    return {name.lower(): _parquet_type(kind) for name, kind, *_ in described}


def _parquet_type(engine_type: str) -> str:
    if engine_type.startswith("TIMESTAMP"):
        return "timestamp"
    if engine_type.startswith("DECIMAL"):
        return engine_type.lower()
    return _PARQUET_TYPES.get(engine_type, "string")


def _csv_columns(head: bytes, complete: bool) -> dict[str, str]:
    """Header and types of a CSV sample; what cannot be decoded is replaced, as a crawler only looks."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    lines = head.decode(encoding, errors="replace").replace("\0", "").splitlines(keepends=True)
    rows = list(csv.reader(lines if complete or len(lines) < 2 else lines[:-1]))
    if not rows:
        return {}
    return {
        name.strip().lower(): _csv_type([row[place] for row in rows[1:] if place < len(row)])
        for place, name in enumerate(rows[0])
        if name.strip()
    }


def _csv_type(values: list[str]) -> str:
    filled = [value.strip() for value in values if value.strip()]
    if filled and all(_INTEGER.fullmatch(value) for value in filled):
        return "bigint"
    return "double" if filled and all(_NUMBER.fullmatch(value) for value in filled) else "string"
