"""Types the plain records of a block as columns, and finds those that the careful path has to judge."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from include.contract.text import clean_text
from include.glue.job_contract import JOINED_KEY, ROW_KEY, JobContract
from include.glue.parts.columns import (
    PLAIN_TEXT,
    ColumnTyper,
    TypedColumn,
    arrow_type,
)
from include.glue.records.csv_header import ABSENT, Header
from include.glue.records.made_keys import digest_rows, escaped, join_columns
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
        self._present = [
            position
            for position, place in enumerate(header.positions)
            if place != ABSENT
        ]
        self._typers = [
            ColumnTyper(contract.columns[position].rule)
            for position in self._present
        ]
        names = [f"cell {place}" for place in range(header.width)]
        present_names = [
            names[header.positions[place]] for place in self._present
        ]
        self._read_options = {"use_threads": False, "column_names": names}
        self._parse_options = arrow_csv.ParseOptions(
            delimiter=_arrow_delimiter(contract),
            quote_char=contract.dialect.quote,
            newlines_in_values=True,
            ignore_empty_lines=False,
        )
        self._convert_options = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(present_names, CELL_TYPE),
            include_columns=present_names,
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
        texts = dict(
            zip(self._present, map(_one_chunk, cells.columns), strict=True)
        )
        columns = self._type_columns(texts, rows)
        doubtful = self._doubtful_keys(texts, columns)
        for column in columns:
            if column.broken_cells is not None:
                doubtful |= column.broken_cells
        if self._contract.key_column.derived:
            doubtful |= self._make_keys(texts, columns)
        batch = pa.RecordBatch.from_arrays(
            [column.values for column in columns], schema=self._schema
        )
        if doubtful.any():
            batch = batch.filter(pa.array(~doubtful))
        tokens = self._count_null_tokens(texts, columns, ~doubtful)
        return PlainRows(batch, doubtful, tokens)

    def _type_columns(
        self, texts: Mapping[int, pa.DictionaryArray], rows: int
    ) -> list[TypedColumn]:
        """Return the values of every column; nothing but missing ones where the file has none."""
        columns = [
            TypedColumn(_nothing(kind, rows), None, {})
            for kind in self._schema.types
        ]
        for typer, (position, cells) in zip(
            self._typers, texts.items(), strict=True
        ):
            columns[position] = typer.type_cells(cells)
        return columns

    def _make_keys(
        self,
        texts: Mapping[int, pa.DictionaryArray],
        columns: list[TypedColumn],
    ) -> Flags:
        """Put the keys that no cell holds among the columns; returns the rows for the careful path."""
        contract = self._contract
        derived = contract.key_column.derived
        positions = contract.key_parts
        if derived == ROW_KEY:
            positions = contract.digested_positions
        rows = len(columns[0].values)
        joined = join_columns(
            [
                _clean_column(texts[position])
                if position in texts
                else pa.array([""]).take(pa.array(np.zeros(rows, np.int32)))
                for position in positions
            ]
        )
        doubtful = np.zeros(rows, np.bool_)
        keys = joined
        if derived == ROW_KEY:
            keys = digest_rows(joined)
        elif derived == JOINED_KEY:
            longest = contract.key_column.rule.text_bytes or 0
            too_long = pc.greater(pc.binary_length(joined), longest)
            doubtful = too_long.to_numpy(zero_copy_only=False)
        values = keys.dictionary_encode()
        columns[contract.key_position] = TypedColumn(values, None, {})
        return doubtful

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
        self,
        texts: Mapping[int, pa.DictionaryArray],
        columns: Sequence[TypedColumn],
    ) -> Flags:
        """Return the rows whose key is missing, is not plain, has a form that is refused, or stands alone."""
        rows = len(columns[0].values)
        doubtful = np.zeros(rows, np.bool_)
        for position in self._contract.key_parts:
            if position not in texts:
                return np.ones(rows, np.bool_)
            cells = texts[position]
            sound = pc.and_not(
                pc.match_substring_regex(cells.dictionary, PLAIN_TEXT),
                pc.match_substring_regex(cells.dictionary, SUSPECT_KEY.pattern),
            )
            codes = cells.indices.to_numpy()
            doubtful |= ~sound.to_numpy(zero_copy_only=False)[codes]
            doubtful |= _missing(columns[position].values)
        alone = np.ones(rows, np.bool_)
        for position in self._contract.value_positions:
            if alone.any():
                alone &= _missing(columns[position].values)
        flags: Flags = doubtful | alone
        return flags

    def _count_null_tokens(
        self,
        texts: Mapping[int, pa.DictionaryArray],
        columns: Sequence[TypedColumn],
        good: Flags,
    ) -> Counter[tuple[str, str]]:
        """Return how many good rows have each text that means missing, by field."""
        counts: Counter[tuple[str, str]] = Counter()
        fields = self._contract.fields
        for position, cells in texts.items():
            column = columns[position]
            if not column.null_tokens:
                continue
            field = fields[position]
            codes = cells.indices.to_numpy()[good]
            rows = np.bincount(codes)
            for code, token in column.null_tokens.items():
                if code < len(rows) and rows[code]:
                    counts[field, token] += int(rows[code])
        return counts


def _arrow_delimiter(contract: JobContract) -> str:
    """Return what separates cells; behind a sign of more than one byte no record is plain."""
    sign = contract.dialect.delimiter
    return sign if sign.isascii() else ","


def _nothing(kind: pa.DataType, rows: int) -> pa.Array:
    """Return missing values."""
    if not pa.types.is_dictionary(kind):
        return pa.nulls(rows, kind)
    codes = pa.nulls(rows, kind.index_type)
    return pa.DictionaryArray.from_arrays(codes, pa.array([], kind.value_type))


def _clean_column(cells: pa.DictionaryArray) -> pa.Array:
    """Return the text of each cell as `clean_text` has it, ready to be joined."""
    texts = [escaped(clean_text(text)) for text in cells.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(cells.indices)


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
