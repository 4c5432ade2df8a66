"""Reads the typed rows of a load's sources, which lie as Parquet beside its output."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from include.glue.objects import list_objects, read_bytes


class TypedRows(Mapping[str, pa.Table | None]):
    """Typed rows of each source, read from below its folder when they are asked for: all at once take much memory."""

    def __init__(
        self,
        folders: Mapping[str, str],
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Remember where the rows lie.

        Args:
            folders: of each source.
            columns: that are read of each source, where they are there; by default all.
        """
        self._folders = folders
        self._columns = columns

    def __getitem__(self, source: str) -> pa.Table | None:
        """Return the rows of a source, None where there is no file."""
        columns = None if self._columns is None else self._columns[source]
        return read_parquet(self._folders[source], columns)

    def of_columns(self, columns: Mapping[str, Sequence[str]]) -> "TypedRows":
        """Return the same rows with some columns of each source only, which take less time to read."""
        return TypedRows(self._folders, columns)

    def __iter__(self) -> Iterator[str]:
        """Return the names of the sources."""
        return iter(self._folders)

    def __len__(self) -> int:
        """Return the number of sources."""
        return len(self._folders)


def read_parquet(
    folder: str, columns: Sequence[str] | None = None
) -> pa.Table | None:
    """Return the rows of all Parquet files below a folder, None where there is no file."""
    names = None if columns is None else list(columns)
    tables = [
        pq.read_table(BytesIO(read_bytes(file.uri)), columns=names)
        for file in list_objects(folder)
        if file.path.endswith(".parquet")
    ]
    return pa.concat_tables(tables) if tables else None
