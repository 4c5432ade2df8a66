"""Reads Parquet folders that are too large for one frame: the rows stay on disk, one column at a time is read."""

import hashlib
import shutil
import tempfile
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.lake.errors import ParquetUnreadableError
from include.lake.frames import parquet_parts
from include.lake.objects import LOCAL, download_file

SEED = 0
PIECE = 131_072


class ParquetColumns:
    """Rows of a Parquet folder, used like a frame of which only single columns and samples are asked for.

    Dtypes are those of `include.lake.frames.read_parquet`, but that text comes as pandas' Categorical: a million cells
    with a few levels are then a million bytes.
    """

    def __init__(self, folder_uri: str, files: Sequence[Path]) -> None:
        """Read the schemas of the files, which are the parts of the folder."""
        self.uri = folder_uri
        self.files = tuple(files)
        with self._readable():
            self._schemas = [pq.read_schema(file) for file in files]
            self._rows: int = sum(
                pq.read_metadata(file).num_rows for file in files
            )
        names: dict[str, None] = {}
        for schema in self._schemas:
            names.update(dict.fromkeys(schema.names))
        self.columns = tuple(names)

    def __len__(self) -> int:
        """Return the rows of all parts."""
        return self._rows

    def __getitem__(self, field: str) -> pd.Series:
        """Return all values of a column, in the order of the parts; missing where a part lacks it.

        Raises:
            KeyError: no part has it.
            ParquetUnreadableError: a part is damaged or types it in a way that does not fit.
        """
        return self._values(self._table(field).unify_dictionaries())

    def pieces(self, field: str) -> Iterator[pd.Series]:
        """Yield the values of a column at once; of a key, whose values hardly repeat, PIECE at a time.

        A piece is plain text, and such a column is never in memory as a whole. Raises what `[]` raises.
        """
        table = self._table(field)
        if _hardly_repeats(table):
            for start in range(0, len(table), PIECE):
                yield self._values(_plain(table.slice(start, PIECE)))
        else:
            yield self._values(table.unify_dictionaries())

    def each(self, fields: Sequence[str]) -> Iterator[tuple[str, pd.Series]]:
        """Yield columns one after the other, each read while the caller works on the one before it.

        Raises what `[]` raises.
        """
        return zip(fields, ahead(self.__getitem__, fields), strict=True)

    def sample(self, rows: int, seed: int = SEED) -> pd.DataFrame:
        """Return `rows` whole rows drawn without replacement, the same for the same seed; all if there are fewer.

        Text comes as text, as in a frame. Raises ParquetUnreadableError where a part is damaged.
        """
        positions = np.arange(len(self))
        if rows < len(self):
            random = np.random.default_rng(seed)
            positions = np.sort(random.choice(len(self), rows, replace=False))
        columns: dict[str, pd.Series] = {}
        for field in self.columns:
            cells = self._table(field).take(positions)
            columns[field] = self._values(_plain(cells))
        return pd.DataFrame(columns, index=pd.RangeIndex(len(positions)))

    def _table(self, field: str) -> pa.Table:
        if field not in self.columns:
            raise KeyError(field)
        with self._readable():
            parts = [
                self._part(file, field, schema)
                for file, schema in zip(self.files, self._schemas, strict=True)
            ]
            return pa.concat_tables(parts, promote_options="permissive")

    def _part(self, file: Path, field: str, schema: pa.Schema) -> pa.Table:
        """Return the column of one part, with text as a dictionary."""
        if field not in schema.names:
            rows = pq.read_metadata(file).num_rows
            return pa.table({field: pa.nulls(rows)})
        arrow_type = schema.field(field).type
        text_columns = [field] if pa.types.is_string(arrow_type) else None
        part = pq.ParquetFile(file, read_dictionary=text_columns)
        return part.read(columns=[field])

    @staticmethod
    def _values(table: pa.Table) -> pd.Series:
        values: pd.Series = table.to_pandas(use_threads=False)[
            table.column_names[0]
        ]
        return values

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Raise ParquetUnreadableError, with the damaged part, in place of Arrow's own errors."""
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise ParquetUnreadableError(self._damaged_part(), error) from error

    def _damaged_part(self) -> str:
        """Return the first part that cannot be read; the folder where each can be read by itself."""
        for file in self.files:
            try:
                pq.ParquetFile(file).read()
            except (pa.ArrowException, OSError):
                return f"{self.uri}{file.name}"
        return self.uri


def open_parquet(folder_uri: str) -> ParquetColumns:
    """Fetch the *.parquet objects under `folder_uri`, by name, to a temporary folder that is deleted with the result.

    Raises:
        ObjectMissingError: there is no Parquet object under the folder.
        ParquetUnreadableError: one of them is damaged.
    """
    parts = parquet_parts(folder_uri)
    if folder_uri.startswith(LOCAL):
        return ParquetColumns(
            folder_uri, [Path(uri.removeprefix(LOCAL)) for uri in parts]
        )
    folder = Path(tempfile.mkdtemp(prefix="leads-"))
    try:
        leads = ParquetColumns(
            folder_uri, [_fetch(uri, folder_uri, folder) for uri in parts]
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(leads, shutil.rmtree, folder, ignore_errors=True)
    return leads


def parts_digest(leads: ParquetColumns) -> str:
    """Return a SHA-256 of the bytes of all parts, whatever their names and order."""
    digests = []
    for path in leads.files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    all_digests = "\n".join(sorted(digests))
    return hashlib.sha256(all_digests.encode()).hexdigest()


def ahead[T](work: Callable[[str], T], fields: Sequence[str]) -> Iterator[T]:
    """Yield the result of `work` for each field, in order; a second thread works on the next one meanwhile."""
    futures: deque[Future[T]] = deque()
    with ThreadPoolExecutor(1) as worker:
        for field in fields:
            futures.append(worker.submit(work, field))
            if len(futures) > 1:
                yield futures.popleft().result()
        yield from (future.result() for future in futures)


def _fetch(uri: str, folder_uri: str, folder: Path) -> Path:
    file = folder / uri.removeprefix(folder_uri).lstrip("/").replace("/", "_")
    download_file(uri, file)
    return file


def _hardly_repeats(table: pa.Table) -> bool:
    """Return whether a column holds text of which more than half is different."""
    if not pa.types.is_dictionary(table.schema.field(0).type):
        return False
    chunks = table.column(0).chunks
    most_levels = max((len(chunk.dictionary) for chunk in chunks), default=0)
    most_rows = max((len(chunk) for chunk in chunks), default=0)
    return most_levels > most_rows / 2


def _plain(table: pa.Table) -> pa.Table:
    """Return the column with text in place of a dictionary of texts."""
    field = table.schema.field(0)
    if not pa.types.is_dictionary(field.type):
        return table
    schema = pa.schema([field.with_type(pa.string())])
    return table.cast(schema)
