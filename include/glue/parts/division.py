"""Divides large files into parts that are read side by side, and opens a part.

A part holds the records that begin in it. Its worker finishes the last one beyond the part's end, and says where that
was. Where the next part begins is a guess at first, made from its first lines: a quoted cell may run over the border.
The guess is right if it is the place where the part before ended; `find_misplaced` names those that have to be read
again from the right place. So no record is lost or read twice, whatever stands at a border.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from include.glue.job_contract import JobContract
from include.glue.objects import FoundObject
from include.glue.parts.blocks import Scan, find_line_ends
from include.glue.parts.careful_lines import SeenLines
from include.glue.parts.part_reader import PartReader
from include.glue.parts.source_bytes import (
    ByteSource,
    is_divisible,
    open_middle,
    open_text,
)
from include.glue.records.csv_dialect import Dialect
from include.glue.records.csv_header import Header, find_header
from include.glue.records.csv_lines import plain_bytes

PART_BYTES = 32 * 1024 * 1024
HEAD_BYTES = 64 * 1024
GUESS_BYTES = 256 * 1024


class Part(NamedTuple):
    """A file, or a part of a large one.

    Attributes:
        found: the file.
        start: offset at which the part begins.
        end: offset before which its records begin; None for the end of the file.
        whole: whether it is the whole file.
        certain: whether a record begins at `start` for sure.
    """

    found: FoundObject
    start: int = 0
    end: int | None = None
    whole: bool = True
    certain: bool = True


class OpenPart(NamedTuple):
    """A part to be read.

    Attributes:
        header: of the file; None if every line of it is blank.
        above: lines above the records, for the first part of a file.
        reader: of the records; None without a header.
        start: offset of the first record.
    """

    header: Header | None
    above: SeenLines | None
    reader: PartReader | None
    start: int


class ReadPart(Protocol):
    """Where the records of a part began and ended."""

    start: int
    end: int


def divide(
    files: Iterable[FoundObject],
    part_bytes: int = PART_BYTES,
) -> list[Part]:
    """Return the parts of the files, in the order of the files."""
    parts: list[Part] = []
    for file in files:
        if file.size < 2 * part_bytes or not is_divisible(file):
            parts.append(Part(file))
            continue
        starts = range(0, file.size - part_bytes + 1, part_bytes)
        ends = [*starts[1:], None]
        parts += [
            Part(file, start, end, whole=False, certain=start == 0)
            for start, end in zip(starts, ends, strict=True)
        ]
    return parts


def find_misplaced(
    parts: Sequence[Part], results: Sequence[ReadPart]
) -> dict[int, Part]:
    """Return the parts that did not begin where the part before them ended, by position, with the right beginning."""
    misplaced: dict[int, Part] = {}
    right = 0
    for index, (part, result) in enumerate(zip(parts, results, strict=True)):
        begins_file = index == 0 or part.found != parts[index - 1].found
        if begins_file or result.start == right:
            right = result.end
            continue
        misplaced[index] = part._replace(start=right, certain=True)
        # one that the record before it covers as a whole is empty
        if part.end is None or right < part.end:
            right = result.end
    return misplaced


def open_part(contract: JobContract, part: Part) -> OpenPart:
    """Return a part, ready to be read.

    Raises:
        UnreadableFileError: the file is no CSV text at all.
    """
    if part.whole:
        return _open_beginning(
            contract, part, open_text(part.found, contract), 0
        )
    source = open_middle(part.found, 0)
    head = source.read(HEAD_BYTES)
    marks = len(head) - len(plain_bytes(head))
    source.close()
    beginning = open_middle(part.found, marks)
    if part.start == 0:
        return _open_beginning(contract, part, beginning, marks)
    header, _, _ = _read_header(contract, beginning)
    beginning.close()
    if header is None:
        return OpenPart(None, None, None, part.start)
    return _open_middle(contract, part, header)


def _open_beginning(
    contract: JobContract, part: Part, source: ByteSource, offset: int
) -> OpenPart:
    """Return the first part of a file, or all of it, which begins at `offset` behind byte order marks."""
    header, lines, content = _read_header(contract, source)
    if header is None:
        return OpenPart(None, None, None, offset)
    size = lines.size(header.end)
    lines_above = 0 if contract.files.lines_are_rows else header.end
    reader = PartReader(
        contract,
        header,
        source,
        content[size:],
        offset + size,
        part.end,
        lines_above,
    )
    return OpenPart(header, lines, reader, offset + size)


def _open_middle(contract: JobContract, part: Part, header: Header) -> OpenPart:
    """Return a part that does not begin with its file."""
    before = 0 if part.certain else 1
    source = open_middle(part.found, part.start - before)
    content = source.read(GUESS_BYTES)
    start = part.start
    if not part.certain:
        skipped = _guess_start(content, header.width, source, contract.dialect)
        while skipped is None:
            content += source.read(len(content))
            skipped = _guess_start(
                content, header.width, source, contract.dialect
            )
        content = content[skipped:]
        start += skipped - before
    reader = PartReader(contract, header, source, content, start, part.end)
    return OpenPart(header, None, reader, start)


def _read_header(
    contract: JobContract, source: ByteSource
) -> tuple[Header | None, SeenLines, bytes]:
    """Return the header, the lines that it was found in, and their bytes."""
    content = source.read(HEAD_BYTES)
    while True:
        lines = SeenLines(content)
        header = find_header(contract, lines)
        if not lines.reached_end or source.ended:
            return header, lines, content
        content += source.read(3 * len(content) + 1)


def _guess_start(
    content: bytes, width: int, source: ByteSource, dialect: Dialect
) -> int | None:
    """Return where the first record begins behind the first line end, None if more has to be seen.

    The line there is either a record's first or lies in a quoted cell. Of the two the one is taken after which more
    records are plain.
    """
    array = np.frombuffer(content, np.uint8)
    line_ends = find_line_ends(array, source.ended)
    if not len(line_ends):
        return len(content) if source.ended else None
    first = int(line_ends[0])
    quotes = np.flatnonzero(array == dialect.quote_byte)
    quotes = quotes[quotes >= first]
    closed = np.searchsorted(quotes, line_ends) % 2 == 1
    if not closed.any():
        return first
    second = int(line_ends[closed][0])
    scan = Scan(content, source.ended, dialect)
    plain = [
        scan.records(start, len(content), width).plain.sum()
        for start in (first, second)
    ]
    return second if plain[1] > plain[0] else first
