"""Data frames in S3: Parquet folders in, Parquet objects out."""

from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.lake.objects import ObjectMissing, list_objects, read_bytes, write_bytes


def read_parquet(folder_uri: str) -> pd.DataFrame:
    """Rows of every *.parquet object under `folder_uri`, in the order of the object names.

    A column that is empty in one part and typed in another takes the type of the other.

    Raises:
        ObjectMissing: there is no Parquet object under the folder.
    """
    tables = [pq.read_table(BytesIO(read_bytes(uri))) for uri in parquet_parts(folder_uri)]
    frame: pd.DataFrame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    return frame


def parquet_parts(folder_uri: str) -> list[str]:
    """The *.parquet objects under `folder_uri` by name, one at least; raises ObjectMissing."""
    parts = [uri for uri in list_objects(folder_uri) if uri.endswith(".parquet")]
    if not parts:
        raise ObjectMissing(f"{folder_uri}*.parquet")
    return parts


def write_parquet(frame: pd.DataFrame, uri: str, schema: pa.Schema | None = None) -> None:
    """Stores `frame` without its index as the Parquet object at `uri`.

    Args:
        frame: any rows; columns keep their order.
        uri: of the object itself, which ends with .parquet (`read_parquet` and COPY look for it by that).
        schema: Arrow types, needed where COPY must find a type that an empty column does not show.
    """
    if not uri.endswith(".parquet"):
        raise ValueError(f"{uri!r} must name a .parquet object, not a folder")
    buffer = BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False), buffer)
    write_bytes(uri, buffer.getvalue())
