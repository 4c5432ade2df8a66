"""Reads the parts of a load a first time: counts what is in them, and finds the rows whose key stands twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.contract.cells import TEMPORAL
from include.glue.errors import UnreadableFileError
from include.glue.job_contract import ROW_KEY, JobContract
from include.glue.loading.row_keys import (
    NO_NUMBERS,
    RowNumbers,
    mix_numbers,
    numbers_of_equals,
    with_row_keys,
)
from include.glue.parts.columns import arrow_type
from include.glue.parts.division import Part, open_part
from include.glue.parts.key_hashes import HASH_BYTES, hash_texts
from include.glue.records.csv_header import Header
from include.glue.records.csv_records import FileCounts, Record, records_above

EXAMPLES = 10


class FirstRejected(NamedTuple):
    """The first record of a part that breaks a rule."""

    line: int
    reason: str


@dataclass
class Survey:
    """What a part holds.

    Attributes:
        start: offset of its first record.
        end: offset behind its last one.
        lines: that it takes, of a file's first part those above the records too.
        header: of the file; None if every line is blank.
        unreadable: why the file is no CSV text at all, or None.
        counts: records, blank ones and null tokens.
        rejected: records by the rule that they break.
        first_rejected: the first record that breaks each rule, with its line in the part.
        rejected_examples: the records of the first EXAMPLES that break each rule, as the quarantine has them.
        key_hashes: HASH_BYTES for the key of each typed row, in the order of the chunks.
        key_numbers: of rows whose key is a digest, how many rows of the file before each have the same; empty for none.
    """

    start: int = 0
    end: int = 0
    lines: int = 0
    header: Header | None = None
    unreadable: str | None = None
    counts: FileCounts = field(default_factory=FileCounts)
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejected: dict[str, FirstRejected] = field(default_factory=dict)
    rejected_examples: dict[str, list[str]] = field(default_factory=dict)
    key_hashes: bytes = b""
    key_numbers: RowNumbers = NO_NUMBERS

    def count_rejected(self, record: Record) -> None:
        """Count a record that breaks a rule."""
        rule = record.rule or ""
        self.rejected[rule] += 1
        examples = self.rejected_examples.setdefault(rule, [])
        if len(examples) < EXAMPLES:
            examples.append(record.raw)
        first = self.first_rejected.get(rule)
        if first is None or record.line < first.line:
            self.first_rejected[rule] = FirstRejected(
                record.line, record.reason or ""
            )

    @property
    def rows(self) -> int:
        """Return how many rows were typed."""
        return len(self.key_hashes) // HASH_BYTES


def survey_part(contract: JobContract, part: Part) -> Survey:
    """Return what a part holds; a file that is no CSV text has nothing but the reason."""
    try:
        return _survey(contract, part)
    except UnreadableFileError as error:
        return Survey(unreadable=str(error))


def _survey(contract: JobContract, part: Part) -> Survey:
    opened = open_part(contract, part)
    survey = Survey(opened.start, opened.start, header=opened.header)
    if opened.header is None or opened.reader is None:
        return survey
    if opened.above is not None:
        for record in records_above(opened.header, opened.above):
            survey.counts.add(record)
            survey.count_rejected(record)
    hashes: list[bytes] = []
    for chunk in opened.reader.chunks():
        survey.counts.rows += (
            len(chunk.lines) + len(chunk.rejected) + chunk.blank_rows
        )
        survey.counts.blank_rows += chunk.blank_rows
        survey.counts.null_tokens.update(chunk.null_tokens)
        for record in chunk.rejected:
            survey.count_rejected(record)
        keys = chunk.rows.column(contract.key)
        hashes.append(hash_texts(keys).tobytes())
    survey.key_hashes = b"".join(hashes)
    survey.end = opened.reader.offset
    survey.lines = opened.reader.lines
    return survey


def number_keys(
    contract: JobContract, parts: Sequence[Part], surveys: Sequence[Survey]
) -> None:
    """Number the rows of each file that have the same digest, and hash digest and number of each row as its key.

    Equal hashes are taken for equal digests. Should two digests share a hash, one of the two rows has a number that it
    does not need; its key stays its own.
    """
    if contract.key_column.derived != ROW_KEY:
        return
    first = 0
    for behind in range(1, len(parts) + 1):
        if behind < len(parts) and parts[behind].found == parts[first].found:
            continue
        _number_file(surveys[first:behind])
        first = behind


def _number_file(surveys: Sequence[Survey]) -> None:
    content = b"".join(survey.key_hashes for survey in surveys)
    hashes = np.frombuffer(content, np.uint64)
    numbers = numbers_of_equals(hashes)
    keys = mix_numbers(hashes, numbers)
    row = 0
    for survey in surveys:
        rows = slice(row, row + survey.rows)
        row = rows.stop
        survey.key_hashes = keys[rows].tobytes()
        survey.key_numbers = RowNumbers.of(numbers[rows])


def repeated_rows(surveys: list[Survey]) -> list[npt.NDArray[np.int64]]:
    """Return for each part the rows whose key may stand in another row too; equal hashes say so."""
    counts = [survey.rows for survey in surveys]
    hashes = np.frombuffer(
        b"".join(survey.key_hashes for survey in surveys), np.uint64
    )
    order = np.argsort(hashes)
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    repeated = np.zeros(len(hashes), np.bool_)
    repeated[order[1:][same]] = True
    repeated[order[:-1][same]] = True
    borders = np.cumsum([0, *counts])
    return [
        np.flatnonzero(repeated[first:behind])
        for first, behind in zip(borders, borders[1:], strict=False)
    ]


def compared_schema(contract: JobContract) -> pa.Schema:
    """Return what is compared of a row whose key may stand in another row too.

    `row` is its number in the part, `line` its line there. `moment` says when it was changed, by the contract's column:
    a number, or text that sorts by time. Two rows share their `digest` only if they have the same values.
    """
    moment = pa.string()
    for column in contract.columns:
        if (
            column.field == contract.changed_at
            and column.rule.text_bytes is None
        ):
            moment = pa.float64()
            if column.rule.type in TEMPORAL:
                moment = arrow_type(column.rule)
    return pa.schema(
        [
            ("row", pa.int64()),
            ("line", pa.int64()),
            ("key", pa.string()),
            ("moment", moment),
            ("digest", pa.binary(16)),
        ]
    )


def compare_part(
    contract: JobContract,
    part: Part,
    rows: npt.NDArray[np.int64],
    key_numbers: RowNumbers = NO_NUMBERS,
) -> pa.Table:
    """Return what is compared (`compared_schema`) of some rows of a part, which are given by their numbers."""
    reader = open_part(contract, part).reader
    tables: list[pa.Table] = []
    first = 0
    for chunk in reader.chunks() if reader is not None else ():
        behind = first + len(chunk.lines)
        row_numbers = rows[(rows >= first) & (rows < behind)] - first
        if len(row_numbers):
            keyed = chunk.rows
            if contract.key_column.derived == ROW_KEY:
                keyed = with_row_keys(contract, keyed, first, key_numbers)
            values = keyed.take(pa.array(row_numbers))
            lines = chunk.lines[row_numbers]
            places = row_numbers + first
            tables.append(_compared(contract, values, lines, places))
        first = behind
    nothing = compared_schema(contract).empty_table()
    return pa.concat_tables([nothing, *tables])


def _compared(
    contract: JobContract,
    values: pa.Table,
    lines: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
) -> pa.Table:
    columns = [_comparable(column) for column in values.columns]
    digests = [
        blake2b(repr(row).encode(), digest_size=16).digest()
        for row in zip(*columns, strict=True)
    ]
    key = columns[contract.key_position]
    moments: list[object] = [None] * len(places)
    if contract.changed_at is not None:
        moments = columns[contract.fields.index(contract.changed_at)]
    return pa.table(
        [
            places,
            lines,
            [str(cell) for cell in key],
            moments,
            digests,
        ],
        schema=compared_schema(contract),
    )


def _comparable(column: pa.ChunkedArray) -> list[object]:
    """Return the values; 0.0 and -0.0 are one number."""
    values: list[object] = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [
            value + 0.0 if isinstance(value, float) else value
            for value in values
        ]
    return values
