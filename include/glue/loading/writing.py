"""Reads the parts of a load a second time and writes their rows: those that are loaded, and those in quarantine."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.glue.job_contract import ROW_KEY, JobContract
from include.glue.loading.duplicates import SUPERSEDED, LostRows
from include.glue.loading.row_keys import (
    NO_NUMBERS,
    RowNumbers,
    with_row_keys,
    with_row_numbers,
)
from include.glue.objects import FoundObject, write_bytes
from include.glue.parts.chunks import Chunk
from include.glue.parts.division import Part, open_part
from include.glue.parts.plain_rows import rows_schema
from include.glue.records.csv_records import Record, records_above


class WritePart(NamedTuple):
    """A part to write.

    Attributes:
        part: itself.
        lines_above: lines of the file that lie above it.
        lost: the rows that are not loaded, if any.
        key_numbers: numbers of the rows whose key is a digest.
        example_lines: lines of the file whose rows are shown in the metrics.
    """

    part: Part
    lines_above: int
    lost: LostRows | None
    key_numbers: RowNumbers = NO_NUMBERS
    example_lines: tuple[int, ...] = ()


class Target(NamedTuple):
    """Where the rows go: the load, and the folders of Parquet and of the quarantine."""

    load_id: str
    output_uri: str
    quarantine_uri: str


@dataclass
class Written:
    """What was written: rows, those with a level that the contract does not list, by field, and examples by line."""

    loaded: int = 0
    quarantined: int = 0
    unknown_levels: dict[str, Counter[str]] = field(default_factory=dict)
    examples: dict[int, str] = field(default_factory=dict)


def loaded_schema(contract: JobContract) -> pa.Schema:
    """Return the schema of the Parquet: the contract's columns, then where a row comes from."""
    schema = rows_schema(contract)
    schema = schema.append(pa.field("source_file", pa.string()))
    return schema.append(pa.field("source_changed_at", pa.timestamp("ms")))


def write_parts(
    contract: JobContract,
    number: int,
    parts: Sequence[WritePart],
    target: Target,
) -> Written:
    """Write the rows of some parts into one Parquet file and one file of the quarantine, named after `number`.

    The same parts give the same files, so that a worker may do its work twice.
    """
    written = Written()
    quarantine: list[str] = []
    content = BytesIO()
    with pq.ParquetWriter(
        content,
        loaded_schema(contract),
        store_schema=False,
        use_deprecated_int96_timestamps=True,  # as Spark writes moments
    ) as writer:
        for part in parts:
            _write_part(contract, part, target, writer, quarantine, written)
    written.quarantined = len(quarantine)
    if written.loaded or number == 0:
        name = f"part-{number:05}.parquet"
        write_bytes(_below(target.output_uri, name), content.getvalue())
    if quarantine:
        name = f"part-{number:05}.json"
        text = "".join(quarantine)
        write_bytes(_below(target.quarantine_uri, name), text.encode())
    return written


def _below(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def _write_part(
    contract: JobContract,
    write: WritePart,
    target: Target,
    writer: pq.ParquetWriter,
    quarantine: list[str],
    written: Written,
) -> None:
    file = write.part.found
    opened = open_part(contract, write.part)
    if opened.header is None or opened.reader is None:
        return
    if opened.above is not None:
        quarantine += [
            _quarantined(record, file, 0, target.load_id)
            for record in records_above(opened.header, opened.above)
        ]
    first = 0
    for chunk in opened.reader.chunks():
        quarantine += [
            _quarantined(record, file, write.lines_above, target.load_id)
            for record in chunk.rejected
        ]
        if contract.key_column.derived == ROW_KEY:
            numbers = write.key_numbers
            chunk.rows = with_row_keys(contract, chunk.rows, first, numbers)
        lines = chunk.lines + write.lines_above
        chunk.rows = with_row_numbers(contract, chunk.rows, file, lines)
        for row in np.flatnonzero(np.isin(lines, write.example_lines)).tolist():
            written.examples[int(lines[row])] = chunk.texts.raw(row)
        rows, superseded = _kept(chunk, first, write)
        quarantine += [
            _quarantined(record, file, write.lines_above, target.load_id)
            for record in superseded
        ]
        first += len(chunk.lines)
        _count_levels(contract, rows, written.unknown_levels)
        written.loaded += len(rows)
        if len(rows):
            writer.write_table(_with_source(rows, file, contract))


def _kept(
    chunk: Chunk, first: int, write: WritePart
) -> tuple[pa.Table, list[Record]]:
    """Return the rows of a chunk that are loaded, and those that others superseded as rejected records.

    `first` is the number of the chunk's first row in the part.
    """
    if write.lost is None:
        return chunk.rows, []
    numbers = write.lost.rows
    here = slice(
        *np.searchsorted(numbers, [first, first + len(chunk.lines)]).tolist()
    )
    lost_rows = numbers[here] - first
    keep = np.ones(len(chunk.lines), np.bool_)
    keep[lost_rows] = False
    superseded = [
        _superseded(chunk, row, winner)
        for row, differs, winner in zip(
            lost_rows.tolist(),
            write.lost.superseded[here].tolist(),
            write.lost.winners[here],
            strict=True,
        )
        if differs
    ]
    return chunk.rows.filter(pa.array(keep)), superseded


def _superseded(chunk: Chunk, row: int, winner: tuple[str, int]) -> Record:
    file, line = winner
    return Record(
        "rejected",
        int(chunk.lines[row]),
        chunk.texts.raw(row),
        SUPERSEDED,
        f"superseded by {file} line {line}",
    )


def _quarantined(
    record: Record, found: FoundObject, lines_above: int, load_id: str
) -> str:
    """Return a line of the quarantine: where a record stood, why it is here, and the record itself."""
    content = {
        "load_id": load_id,
        "source_file": found.path,
        "source_line": record.line + lines_above,
        "rule": record.rule,
        "reason": record.reason,
        "raw": record.raw,
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def _with_source(
    rows: pa.Table, found: FoundObject, contract: JobContract
) -> pa.Table:
    size = len(rows)
    path = pa.array([found.path], pa.string())
    zeros: npt.NDArray[np.int32] = np.zeros(size, np.int32)
    source = path.take(pa.array(zeros))
    changed = pa.array([found.changed], pa.timestamp("ms")).take(
        pa.array(zeros)
    )
    return pa.table(
        [*rows.columns, source, changed], schema=loaded_schema(contract)
    )


def _count_levels(
    contract: JobContract, rows: pa.Table, counts: dict[str, Counter[str]]
) -> None:
    """Add the rows with a level that the contract does not list."""
    for column in contract.columns:
        if not column.levels:
            continue
        allowed_levels = set(column.levels)
        values = pc.value_counts(rows.column(column.field).unify_dictionaries())
        for entry in values.to_pylist():
            level = entry["values"]
            if level is not None and level not in allowed_levels:
                field_counts = counts.setdefault(column.field, Counter())
                field_counts[level] += entry["counts"]


def sum_levels(
    written: Sequence[Written],
) -> Mapping[str, Counter[str]]:
    """Return the rows with unlisted levels of all parts, by field."""
    total: dict[str, Counter[str]] = {}
    for part in written:
        for name, counts in part.unknown_levels.items():
            total.setdefault(name, Counter()).update(counts)
    return total
