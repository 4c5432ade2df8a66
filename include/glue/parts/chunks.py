"""Makes one table of the rows of a block, whichever path they came by."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from include.glue.job_contract import ROW_KEY, JobContract
from include.glue.parts.block_walk import BlockWalk
from include.glue.parts.blocks import Flags, Positions
from include.glue.parts.careful_lines import SeenLines
from include.glue.parts.plain_rows import PlainTyper, rows_schema
from include.glue.records.csv_header import Header
from include.glue.records.csv_records import Record, parse_record

NOTHING = np.empty(0, np.int64)


class RowTexts(NamedTuple):
    """Where the text of the plain rows of a chunk stands, and what the careful path wrote of the others.

    `order` is the place of each row among them all; None where the plain ones come first.
    """

    contract: JobContract
    header: Header
    content: bytes
    starts: Positions
    ends: Positions
    others: list[str]
    order: Positions | None = None

    def raw(self, row: int) -> str:
        """Return a row as the careful path writes it."""
        if self.order is not None:
            row = int(self.order[row])
        if row >= len(self.starts):
            return self.others[row - len(self.starts)]
        text = self.content[self.starts[row] : self.ends[row]]
        record, _ = parse_record(self.contract, self.header, SeenLines(text), 0)
        return record.raw if record else ""


@dataclass
class Chunk:
    """What became of the records of a block.

    Attributes:
        rows: typed rows in the contract's columns, text as dictionaries: first the plain ones, or as they stand in the
            file where their key is a digest, which has no number yet.
        lines: line of each row in its part of the file, from 1.
        rejected: records that break a rule.
        blank_rows: records without a filled cell.
        null_tokens: rows by field and by text that means missing.
        texts: of the rows.
    """

    rows: pa.Table
    lines: Positions
    rejected: list[Record]
    blank_rows: int
    null_tokens: Counter[tuple[str, str]]
    texts: RowTexts


class _Plain(NamedTuple):
    """The rows of plain records: their values, places and lines, and those records that had to be judged after all."""

    batches: list[pa.RecordBatch]
    starts: Positions
    ends: Positions
    lines: Positions
    judged: list[Record]
    null_tokens: Counter[tuple[str, str]]


class ChunkMaker:
    """Makes the chunks of one file."""

    def __init__(self, contract: JobContract, header: Header) -> None:
        """Prepare to type the rows below a header."""
        self._contract = contract
        self._header = header
        self._typer = None
        if header.rule is None and header.width > 1:
            self._typer = PlainTyper(contract, header)

    def make(
        self, walk: BlockWalk, content: bytes, lines_above: int
    ) -> tuple[Chunk, list[Record]]:
        """Return what became of the records that a walk found.

        Args:
            walk: over the content.
            content: bytes of the file.
            lines_above: lines of the part before them.

        Returns:
            The chunk, whose `rejected` is still empty, and every judged record by line.
        """
        plain = self._type_plain(walk, content)
        judged = [
            record._replace(line=record.line + lines_above)
            for record in sorted(
                walk.judged + plain.judged, key=lambda record: record.line
            )
        ]
        others = [record for record in judged if record.kind == "row"]
        batches = plain.batches
        if others or not batches:
            batches.append(self._batch_of(others))
        tokens = plain.null_tokens
        for record in others:
            tokens.update(record.null_tokens)
        other_lines = np.array([record.line for record in others], np.int64)
        row_lines = np.concatenate((plain.lines + lines_above + 1, other_lines))
        rows = pa.Table.from_batches(batches)
        order = None
        if len(others) and self._contract.key_column.derived == ROW_KEY:
            # equal rows are numbered as they stand in the file
            order = np.argsort(row_lines, kind="stable")
            rows = rows.unify_dictionaries().take(pa.array(order))
            row_lines = row_lines[order]
        chunk = Chunk(
            rows,
            row_lines,
            [],
            sum(record.kind == "blank" for record in judged),
            tokens,
            RowTexts(
                self._contract,
                self._header,
                content,
                plain.starts,
                plain.ends,
                [record.raw for record in others],
                order,
            ),
        )
        return chunk, judged

    def _type_plain(self, walk: BlockWalk, content: bytes) -> _Plain:
        """Return the rows of the plain records, and have those judged whose cells are in doubt."""
        starts = np.concatenate([NOTHING, *walk.plain.starts])
        ends = np.concatenate([NOTHING, *walk.plain.ends])
        lines = np.concatenate([NOTHING, *walk.plain.lines])
        if self._typer is None or not len(starts):
            return _Plain([], starts, ends, lines, [], Counter())
        rows = self._typer.type_rows(joined(content, starts, ends), len(starts))
        judged = self._judge_doubtful(walk, starts, ends, lines, rows.doubtful)
        certain = ~rows.doubtful
        return _Plain(
            [rows.values],
            starts[certain],
            ends[certain],
            lines[certain],
            judged,
            rows.null_tokens,
        )

    def _judge_doubtful(
        self,
        walk: BlockWalk,
        starts: Positions,
        ends: Positions,
        lines: Positions,
        doubtful: Flags,
    ) -> list[Record]:
        """Return what the careful path says of plain records whose cells are in doubt."""
        records = []
        for index in np.flatnonzero(doubtful):
            judgement = walk.judge(int(starts[index]), int(ends[index]))
            if judgement is not None and judgement.record is not None:
                line = int(lines[index]) + judgement.record.line
                records.append(judgement.record._replace(line=line))
        return records

    def _batch_of(self, records: list[Record]) -> pa.RecordBatch:
        """Return the values of rows that the careful path typed."""
        schema = rows_schema(self._contract)
        values = [record.values or () for record in records]
        columns = list(zip(*values, strict=True)) or [()] * len(schema)
        arrays = [
            pa.array(list(column), kind)
            for column, kind in zip(columns, schema.types, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def joined(content: bytes, starts: Positions, ends: Positions) -> bytes:
    """Return the records at these places, one behind the other."""
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    first = np.concatenate(([0], breaks))
    last = np.concatenate((breaks, [len(starts)])) - 1
    if len(first) == 1:
        return content[starts[0] : ends[-1]]
    view = memoryview(content)
    pieces = zip(starts[first].tolist(), ends[last].tolist(), strict=True)
    return b"".join([view[start:end] for start, end in pieces])
