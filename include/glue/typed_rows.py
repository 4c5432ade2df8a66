"""Reads the typed rows of a load's sources, which lie as Parquet beside its output."""

from collections.abc import Iterator, Mapping
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from include.glue.objects import list_objects, read_bytes


class TypedRows(Mapping[str, pa.Table | None]):
    """Typed rows of each source, read from below its folder when they are asked for: all at once take much memory."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        """Remember the folder of each source."""
        self._folders = folders

    def __getitem__(self, source: str) -> pa.Table | None:
        """Return the rows of a source, None where there is no file."""
        return read_parquet(self._folders[source])

    def __iter__(self) -> Iterator[str]:
        """Return the names of the sources."""
        return iter(self._folders)

    def __len__(self) -> int:
        """Return the number of sources."""
        return len(self._folders)


def read_parquet(folder: str) -> pa.Table | None:
    """Return the rows of all Parquet files below a folder, None where there is no file."""
    tables = [
        pq.read_table(BytesIO(read_bytes(file.uri)))
        for file in list_objects(folder)
        if file.path.endswith(".parquet")
    ]
    return pa.concat_tables(tables) if tables else None
