"""Types the plain records of a block as columns, and finds those that the careful path has to judge."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from include.glue.job_contract import JobContract
from include.glue.parts.columns import (
    PLAIN_TEXT,
    ColumnTyper,
    TypedColumn,
    arrow_type,
)
from include.glue.records.csv_header import Header
from include.glue.records.rows import SUSPECT_KEY

Flags = npt.NDArray[np.bool_]
CELL_TYPE = pa.dictionary(pa.int32(), pa.string())


class PlainRows(NamedTuple):
    """What the plain records of a block hold.

    Attributes:
        values: the typed rows, without the doubtful ones.
        doubtful: for each record, whether the careful path has to judge it.
        null_tokens: rows by field and by text that means missing, as in `FileCounts`.
    """

    values: pa.RecordBatch
    doubtful: Flags
    null_tokens: Counter[tuple[str, str]]


def rows_schema(contract: JobContract) -> pa.Schema:
    """Return the schema of typed rows; text is dictionary-encoded."""
    return pa.schema(
        [
            (column.field, _stored_type(arrow_type(column.rule)))
            for column in contract.columns
        ]
    )


def _stored_type(value_type: pa.DataType) -> pa.DataType:
    return CELL_TYPE if pa.types.is_string(value_type) else value_type


class PlainTyper:
    """Types the blocks of one file."""

    def __init__(self, contract: JobContract, header: Header) -> None:
        """Take the columns' places from the header, which has no problem."""
        self._contract = contract
        self._typers = [ColumnTyper(column.rule) for column in contract.columns]
        names = [f"cell {place}" for place in range(header.width)]
        wanted = [names[place] for place in header.positions]
        self._read_options = {"use_threads": False, "column_names": names}
        self._parse_options = arrow_csv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False
        )
        self._convert_options = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(wanted, CELL_TYPE),
            include_columns=wanted,
            null_values=[],
            strings_can_be_null=False,
            check_utf8=False,  # checked before
        )
        self._schema = rows_schema(contract)

    def type_rows(self, content: bytes, rows: int) -> PlainRows:
        """Return the typed rows of plain records.

        Args:
            content: the records, one behind the other, and nothing else.
            rows: how many they are.
        """
        cells = self._read_cells(content)
        if cells is None or len(cells) != rows:  # the careful path can tell
            nothing = self._schema.empty_table().to_batches()
            empty = nothing[0] if nothing else _empty_batch(self._schema)
            return PlainRows(empty, np.ones(rows, np.bool_), Counter())
        columns = [
            typer.type_cells(_one_chunk(column))
            for typer, column in zip(self._typers, cells.columns, strict=True)
        ]
        doubtful = self._doubtful_keys(cells, columns)
        for column in columns:
            if column.broken_cells is not None:
                doubtful |= column.broken_cells
        batch = pa.RecordBatch.from_arrays(
            [column.values for column in columns], schema=self._schema
        )
        if doubtful.any():
            batch = batch.filter(pa.array(~doubtful))
        tokens = self._count_null_tokens(cells, columns, ~doubtful)
        return PlainRows(batch, doubtful, tokens)

    def _read_cells(self, content: bytes) -> pa.Table | None:
        """Return the cells as text, a column for each of the contract's; None where Arrow sees other rows."""
        options = arrow_csv.ReadOptions(
            **self._read_options, block_size=len(content) + 1
        )
        try:
            return arrow_csv.read_csv(
                pa.BufferReader(content),
                options,
                self._parse_options,
                self._convert_options,
            )
        except pa.ArrowInvalid:
            return None

    def _doubtful_keys(
        self, cells: pa.Table, columns: Sequence[TypedColumn]
    ) -> Flags:
        """Return the rows whose key is missing, is not plain, has a form that is refused, or stands alone."""
        position = self._contract.key_position
        texts = _one_chunk(cells.column(position))
        sound = pc.and_not(
            pc.match_substring_regex(texts.dictionary, PLAIN_TEXT),
            pc.match_substring_regex(texts.dictionary, SUSPECT_KEY.pattern),
        )
        codes = texts.indices.to_numpy()
        doubtful = ~sound.to_numpy(zero_copy_only=False)[codes]
        doubtful |= _missing(columns[position].values)
        alone = np.ones(len(codes), np.bool_)
        for number, column in enumerate(columns):
            if number != position and alone.any():
                alone &= _missing(column.values)
        flags: Flags = doubtful | alone
        return flags

    def _count_null_tokens(
        self, cells: pa.Table, columns: Sequence[TypedColumn], good: Flags
    ) -> Counter[tuple[str, str]]:
        """Return how many good rows have each text that means missing, by field."""
        counts: Counter[tuple[str, str]] = Counter()
        for field, column, cell in zip(
            self._contract.fields, columns, cells.columns, strict=True
        ):
            if not column.null_tokens:
                continue
            codes = _one_chunk(cell).indices.to_numpy()[good]
            rows = np.bincount(codes)
            for code, token in column.null_tokens.items():
                if code < len(rows) and rows[code]:
                    counts[field, token] += int(rows[code])
        return counts


def _one_chunk(column: pa.ChunkedArray) -> pa.DictionaryArray:
    return (
        column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    )


def _missing(values: pa.Array) -> Flags:
    if not values.null_count:
        return np.zeros(len(values), np.bool_)
    flags: Flags = values.is_null().to_numpy(zero_copy_only=False)
    return flags


def _empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)
