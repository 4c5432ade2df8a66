"""Data frames in S3: Parquet folders in, Parquet objects out."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.lake.errors import ObjectMissingError
from include.lake.objects import (
    LOCAL,
    download_file,
    list_objects,
    read_bytes,
    upload_file,
    write_bytes,
)

INT96_MOMENTS = True
"""Whether moments are written as INT96. COPY misreads what Arrow writes otherwise, INT64 without a ConvertedType: the
year 2023 becomes 161065 (apache/arrow#38000, dask/fastparquet#432)."""


def read_parquet(folder_uri: str) -> pd.DataFrame:
    """Return the rows of every *.parquet object under `folder_uri`, in the order of the object names.

    A column that is empty in one part and typed in another takes the type of the other.

    Raises:
        ObjectMissingError: there is no Parquet object under the folder.
    """
    tables = [
        pq.read_table(BytesIO(read_bytes(uri)))
        for uri in parquet_parts(folder_uri)
    ]
    table = pa.concat_tables(tables, promote_options="permissive")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def parquet_chunks(folder_uri: str, rows: int) -> Iterator[pd.DataFrame]:
    """Yield the rows of `read_parquet`, at most `rows` of them in memory at a time.

    A chunk has the dtypes of its own values: whole numbers without a gap are integers even where another chunk has one.

    Raises:
        ObjectMissingError: there is no Parquet object under the folder.
    """
    for uri in parquet_parts(folder_uri):
        with _on_disk(uri) as path, pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield batch.to_pandas()


@contextmanager
def _on_disk(uri: str) -> Iterator[Path]:
    """Give the object as a local file, for as long as the context lasts."""
    if uri.startswith(LOCAL):
        yield Path(uri.removeprefix(LOCAL))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.parquet")
        download_file(uri, path)
        yield path


def parquet_parts(folder_uri: str) -> list[str]:
    """Return the *.parquet objects under `folder_uri` by name, one at least; raises ObjectMissingError."""
    parts = [
        uri for uri in list_objects(folder_uri) if uri.endswith(".parquet")
    ]
    if not parts:
        raise ObjectMissingError(f"{folder_uri}*.parquet")
    return parts


def write_parquet(
    frame: pd.DataFrame, uri: str, schema: pa.Schema | None = None
) -> None:
    """Store `frame` without its index as the Parquet object at `uri`.

    Args:
        frame: any rows; columns keep their order.
        uri: of the object itself, which ends with .parquet (`read_parquet` and COPY look for it by that).
        schema: Arrow types, needed where COPY must find a type that an empty column does not show.
    """
    if not uri.endswith(".parquet"):
        raise ValueError(f"{uri!r} must name a .parquet object, not a folder")
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    buffer = BytesIO()
    pq.write_table(table, buffer, use_deprecated_int96_timestamps=INT96_MOMENTS)
    write_bytes(uri, buffer.getvalue())


def write_parquet_chunks(
    chunks: Iterable[pd.DataFrame], uri: str, schema: pa.Schema
) -> int:
    """Store frames of the same columns, one after the other, as one Parquet object; returns the rows written.

    What has been written waits on disk, so that memory holds one chunk; without any chunk the object has no rows.

    Args:
        chunks: rows; columns in the order of `schema`.
        uri: of the object itself, as in `write_parquet`.
        schema: Arrow types.
    """
    rows = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.parquet")
        with pq.ParquetWriter(
            path, schema, use_deprecated_int96_timestamps=INT96_MOMENTS
        ) as writer:
            writer.write_table(schema.empty_table())
            for chunk in chunks:
                table = pa.Table.from_pandas(
                    chunk, schema=schema, preserve_index=False
                )
                writer.write_table(table)
                rows += len(chunk)
        upload_file(path, uri)
    return rows
