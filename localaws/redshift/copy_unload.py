"""Copy and unload: move Parquet between S3 and the engine, with Redshift's checks of columns, types and prefixes."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from localaws.redshift.catalog import Catalog
from localaws.redshift.commands import CopyCommand, UnloadCommand
from localaws.redshift.dialect import Query, translate
from localaws.redshift.errors import RedshiftError
from localaws.redshift.meaning.characters import character_width
from localaws.runtime import list_objects, split_uri

_SLICES = 2
"""Slices of the smallest warehouse: each writes an object of its own where it has rows."""


def copy(
    cursor: duckdb.DuckDBPyConnection,
    command: CopyCommand,
    s3: Any,
    scratch: Path,
) -> int:
    """Load every Parquet object under the prefix, matching columns by position; return the number of rows loaded.

    `scratch` is the folder in which the engine may read files.

    Raises:
        RedshiftError: no object under the prefix, another number of columns than the table's, or another type.
    """
    columns = _table_columns(cursor, command)
    values = _values(cursor, command, columns)
    bucket, prefix = split_uri(command.uri)
    keys = [
        key
        for key in _keys(s3, bucket, prefix)
        if not Path(key).name.startswith(("_", "."))
    ]
    if not keys:
        raise RedshiftError(
            f"The specified S3 prefix '{prefix}' does not exist"
        )
    names = ", ".join(f'"{name}"' for name, _ in columns)
    table = command.relation.sql("duckdb")
    target = f"INSERT INTO {table} ({names})"
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        files: list[str] = []
        for key in keys:
            if key.endswith("/"):
                continue
            file = str(Path(folder, f"{len(files):05d}.parquet"))
            s3.download_file(bucket, key, file)
            _check_columns(cursor, file, f"s3://{bucket}/{key}", columns)
            files.append(file)
        rows = 0
        for file in files:
            counts = cursor.execute(
                f"{target} SELECT {values} FROM {_read(file)} AS f ({names})"  # noqa: S608 - names checked
            ).fetchone()
            rows += counts[0] if counts else 0
    return rows


def unload(
    cursor: duckdb.DuckDBPyConnection,
    command: UnloadCommand,
    s3: Any,
    scratch: Path,
) -> int:
    """Write the query's rows as Parquet objects; return the number of rows written.

    The objects are `<prefix>0000_part_00.parquet`, `<prefix>0001_part_00.parquet`, one for each slice of the
    warehouse that has rows, and none for no rows. With PARALLEL OFF the object is `<prefix>000.parquet`.
    `scratch` is the folder in which the engine may write files.
    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html

    Raises:
        RedshiftError: the prefix holds objects, and the command has neither ALLOWOVERWRITE nor CLEANPATH.
    """
    query = translate(command.query, Catalog(cursor))
    if not isinstance(query, Query) or not query.returns_rows:
        raise RedshiftError("UNLOAD takes a SELECT")
    if query.has_limit:
        raise RedshiftError("Limit clause is not supported")
    sql = _padded(cursor, query.statements[-1], query.widths)
    cursor.execute(f"DESCRIBE {sql}")  # the query's own faults come first
    bucket, prefix = split_uri(command.uri)
    existing = _keys(s3, bucket, prefix)
    if existing and not (command.overwrite or command.clean):
        raise RedshiftError(
            "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually "
            "removing the target files in S3, or using the ALLOWOVERWRITE option."
        )
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        file = str(Path(folder, "rows.parquet"))
        counts = cursor.execute(
            f"COPY ({sql}) TO '{file}' (FORMAT PARQUET)"
        ).fetchone()
        rows = int(counts[0]) if counts else 0
        parts = _parts(cursor, file, rows) if command.parallel else [file]
        if command.clean:
            for key in existing:
                s3.delete_object(Bucket=bucket, Key=key)
        for number, part in enumerate(parts if rows else []):
            name = (
                f"{number:04d}_part_00.parquet"
                if command.parallel
                else "000.parquet"
            )
            s3.upload_file(part, bucket, prefix + name)
    return rows


def _parts(
    cursor: duckdb.DuckDBPyConnection, file: str, rows: int
) -> list[str]:
    """Return files with the rows of one file, divided among the slices of the warehouse."""
    number = min(_SLICES, rows)
    if number < 2:
        return [file]
    size = -(-rows // number)  # rounded up
    parts: list[str] = []
    for place in range(number):
        part = file.replace("rows.parquet", f"{place:04d}.parquet")
        selection = f"{_read(file)} LIMIT {size} OFFSET {place * size}"
        cursor.execute(
            f"COPY (SELECT * FROM {selection}) TO '{part}' (FORMAT PARQUET)"  # noqa: S608 - our own path
        )
        parts.append(part)
    return parts


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    try:
        return [item["Key"] for item in list_objects(s3, bucket, prefix)]
    except ClientError as error:
        raise RedshiftError(
            f"S3ServiceException:{error.response['Error']['Message']}: s3://{bucket}"
        ) from error


def _table_columns(
    cursor: duckdb.DuckDBPyConnection, command: CopyCommand
) -> list[tuple[str, str]]:
    """Return name and type of the columns to load, in the order of the file's."""
    relation = Catalog(cursor).relation(command.relation)
    if relation is None:
        raise RedshiftError(
            f"Cannot COPY into nonexistent table {command.table}"
        )
    if relation.is_view:
        raise RedshiftError(f'cannot COPY into the view "{relation.name}"')
    types = {
        column.name: column.engine_type for column in relation.columns.values()
    }
    missing = [name for name in command.columns if name not in types]
    if missing:
        raise RedshiftError(
            f'column "{missing[0]}" of relation "{command.table}" does not exist'
        )
    return [(name, types[name]) for name in command.columns or types]


def _values(
    cursor: duckdb.DuckDBPyConnection,
    command: CopyCommand,
    columns: list[tuple[str, str]],
) -> str:
    """Return what to select from a file: its columns, without the trailing blanks of those for CHAR."""
    relation = Catalog(cursor).relation(command.relation)
    values: list[str] = []
    for name, _ in columns:
        column = relation.columns[name] if relation else None
        declaration = column.declaration if column else None
        is_char = bool(declaration and character_width(declaration.type))
        values.append(f'rtrim("{name}")' if is_char else f'"{name}"')
    return ", ".join(values)


def _padded(
    cursor: duckdb.DuckDBPyConnection, sql: str, widths: tuple[int, ...]
) -> str:
    """Return a query with its values of CHAR padded with blanks."""
    if not widths:
        return sql
    names = [row[0] for row in cursor.execute(f"DESCRIBE {sql}").fetchall()]
    items = [
        f'rpad("{name}", {width}, \' \') AS "{name}"' if width else f'"{name}"'
        for name, width in zip(names, widths, strict=True)
    ]
    return f"SELECT {', '.join(items)} FROM ({sql}) AS q"  # noqa: S608 - a checked query


def _check_columns(
    cursor: duckdb.DuckDBPyConnection,
    file: str,
    uri: str,
    columns: list[tuple[str, str]],
) -> None:
    """Refuse a file whose columns do not fit by number and, in order, by type."""
    try:
        file_columns = cursor.execute(
            f"DESCRIBE SELECT * FROM {_read(file)}"  # noqa: S608 - our own path
        ).fetchall()
    except duckdb.InvalidInputException as error:
        raise RedshiftError(
            f"File '{uri}' has an invalid version number or is no Parquet file"
        ) from error
    if len(file_columns) != len(columns):
        raise RedshiftError(
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(file_columns)}, File name: {uri}"
        )
    _check_moments(file, uri)
    for (name, table_type), (file_name, file_type, *_) in zip(
        columns, file_columns, strict=True
    ):
        if _family(table_type) != _family(file_type):
            raise RedshiftError(
                f"File '{uri}' has an incompatible Parquet schema for column '{name}'. "
                f"Column type: {table_type}, Parquet column '{file_name}': {file_type}"
            )


def _check_moments(file: str, uri: str) -> None:
    """Refuse moments that Redshift reads as other ones: INT64 without a ConvertedType (apache/arrow#38000)."""
    schema = pq.ParquetFile(file).schema
    for place in range(len(schema)):
        column = schema.column(place)
        is_moment = column.logical_type.type == "TIMESTAMP"
        if is_moment and column.converted_type == "NONE":
            raise RedshiftError(
                f"File '{uri}': COPY would misread the moments of column '{column.name}': they are INT64 without a "
                "ConvertedType; write them as INT96 (use_deprecated_int96_timestamps)"
            )


def _family(type_name: str) -> str:
    """Return the same name for types that Redshift takes for each other in Parquet: only timestamps, and text."""
    if type_name.startswith("TIMESTAMP"):
        return "TIMESTAMP"
    if type_name in ("BLOB", "JSON"):
        return "VARCHAR"
    return type_name


def _read(file: str) -> str:
    return f"read_parquet('{file}', hive_partitioning=false)"
