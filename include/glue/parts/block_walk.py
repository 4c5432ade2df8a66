"""Walks over the records at the beginning of some bytes: finds the plain ones, and has all others judged.

A record that is not plain is shown to the careful path, which says what it is and where it ends. If it does not end
where its quotes say, the walk goes on behind it, with a smaller step: a quote that was never closed must not turn the
rest of a file inside out.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from include.glue.job_contract import JobContract
from include.glue.parts.blocks import Block, Positions, Scan
from include.glue.parts.careful_lines import SeenLines
from include.glue.records.csv_header import Header
from include.glue.records.csv_lines import RECORD_LINES
from include.glue.records.csv_records import Record, parse_record

STEP_BYTES = 8 * 1024 * 1024
SMALL_STEP_BYTES = 64 * 1024
UNDIVIDED_BYTES = 1024 * 1024
"""So far the end of a record is looked for by its quotes alone."""
LOOKED_AHEAD_BYTES = 32 * 1024
LOOKED_AHEAD_LINES = 2 * RECORD_LINES + 2
"""The careful path is shown so many lines: a longer record is broken anyway."""


class Judgement(NamedTuple):
    """What the careful path says of a record.

    Attributes:
        end: offset behind it.
        lines: that it takes.
        record: None for an empty line.
    """

    end: int
    lines: int
    record: Record | None


class Place(NamedTuple):
    """How far a walk has come: an offset, and the lines before it."""

    offset: int = 0
    lines: int = 0


@dataclass
class PlainRecords:
    """Places of plain records: offsets of their beginnings and ends, and how many lines lie before each."""

    starts: list[Positions] = field(default_factory=list)
    ends: list[Positions] = field(default_factory=list)
    lines: list[Positions] = field(default_factory=list)


class BlockWalk:
    """A walk over the records of some bytes.

    Attributes:
        place: behind the last record that was found; what follows it must be read first.
        plain: the plain records.
        judged: the others, each with its line counted from 1.
    """

    def __init__(
        self,
        contract: JobContract,
        header: Header,
        content: bytes,
        complete: bool,
    ) -> None:
        """Begin a walk.

        Args:
            contract: what a row is.
            header: of the file.
            content: bytes of the file; a record begins with them.
            complete: whether the file ends with them.
        """
        self.place = Place()
        self.plain = PlainRecords()
        self.judged: list[Record] = []
        self._contract = contract
        self._header = header
        self._content = content
        self._complete = complete
        self._scan = Scan(content, complete, contract.dialect)
        self._can_be_plain = header.rule is None

    def go(self, limit: int) -> None:
        """Find the records that begin before the limit."""
        size = len(self._content)
        step = STEP_BYTES
        while self.place.offset < min(size, limit):
            place_before = self.place
            block = self._next_block(step, limit)
            if len(block.ends) and self._take(block):
                step = min(step * 2, STEP_BYTES)
            elif self.place != place_before:
                step = SMALL_STEP_BYTES
            elif step < min(UNDIVIDED_BYTES, size - place_before.offset):
                step *= 4
            elif self._take_first():
                step = SMALL_STEP_BYTES
            else:
                return

    def _next_block(self, step: int, limit: int) -> Block:
        """Return the records within a step that begin before the limit."""
        offset = self.place.offset
        behind = min(offset + step, len(self._content))
        block = self._scan.records(offset, behind, self._header.width)
        block = block.first(int(np.searchsorted(block.starts, limit)))
        if self._contract.files.lines_are_rows:
            return block._replace(lines=np.ones_like(block.lines))
        return block

    def _take(self, block: Block) -> bool:
        """Take the records of a block, as far as they end where their quotes say.

        Returns:
            Whether they all do, and the walk has come to the end of the block.
        """
        plain = block.plain & self._can_be_plain
        starts = block.starts
        ends = block.ends
        lines = self.place.lines + np.cumsum(block.lines) - block.lines
        for index in np.flatnonzero(~plain):
            start = int(starts[index])
            end = int(ends[index])
            judgement = self.judge(start, end if block.certain[index] else None)
            if judgement is not None and judgement.end == end:
                self._add(judgement, int(lines[index]))
                continue
            plain_before = plain[:index]
            self._keep(
                starts[:index][plain_before],
                ends[:index][plain_before],
                lines[:index][plain_before],
            )
            self.place = Place(start, int(lines[index]))
            if judgement is not None:
                self._add(judgement, self.place.lines)
                self._go_behind(judgement)
            return False
        self._keep(starts[plain], ends[plain], lines[plain])
        self.place = Place(int(ends[-1]), int(lines[-1] + block.lines[-1]))
        return True

    def _take_first(self) -> bool:
        """Have the next record judged. Returns False if more of the file must be seen for that."""
        judgement = self.judge(self.place.offset)
        if judgement is None:
            return False
        self._add(judgement, self.place.lines)
        self._go_behind(judgement)
        return True

    def judge(self, start: int, end: int | None = None) -> Judgement | None:
        """Return what the careful path says of the record at `start`, None if more of the file must be seen for that.

        `end` is where the record ends, if that is beyond doubt.
        """
        if end is not None:
            return self._judge(start, SeenLines(self._content[start:end]))
        size = LOOKED_AHEAD_BYTES
        while True:
            lines = SeenLines(
                self._content[start : start + size], LOOKED_AHEAD_LINES
            )
            judgement = self._judge(start, lines)
            if lines.cut or not lines.reached_end:
                return judgement
            if start + size >= len(self._content):
                return judgement if self._complete else None
            size *= 4

    def _judge(self, start: int, lines: SeenLines) -> Judgement:
        record, count = parse_record(self._contract, self._header, lines, 0)
        end = start + lines.size(count)
        if self._contract.files.lines_are_rows:
            count = 1
        return Judgement(end, count, record)

    def _add(self, judgement: Judgement, lines_before: int) -> None:
        record = judgement.record
        if record is not None:
            line = lines_before + record.line
            self.judged.append(record._replace(line=line))

    def _go_behind(self, judgement: Judgement) -> None:
        lines = self.place.lines + judgement.lines
        self.place = Place(judgement.end, lines)

    def _keep(
        self, starts: Positions, ends: Positions, lines: Positions
    ) -> None:
        self.plain.starts.append(starts)
        self.plain.ends.append(ends)
        self.plain.lines.append(lines)
