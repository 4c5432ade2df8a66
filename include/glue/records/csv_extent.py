"""Find which lines belong to one record, so that a broken one costs one row.

The lines of a record never become records of their own. A quote that was
never closed does not swallow the rows below it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from include.contract.text import clean_text
from include.glue.records.csv_dialect import Dialect
from include.glue.records.csv_lines import (
    RECORD_CHARACTERS,
    RECORD_LINES,
    Line,
    SplitRecord,
    split_record,
)

NOT_UTF_8 = "not readable as UTF-8 text"
TOO_LONG = (
    f"longer than {RECORD_LINES:,} lines or {RECORD_CHARACTERS:,} characters"
)


class RawRecord(NamedTuple):
    """The cells of a record as they are written, and the lines it takes.

    Attributes:
        cells: empty if they cannot be told apart.
        line_count: lines that belong to the record.
        problem: why the record is no row, or None.
    """

    cells: list[str]
    line_count: int
    problem: str | None = None

    @property
    def filled(self) -> int:
        """Return how many cells hold something that can be seen."""
        return sum(bool(clean_text(cell)) for cell in self.cells)

    @property
    def blank(self) -> bool:
        """Return whether every cell is empty."""
        return not any(clean_text(cell) for cell in self.cells)


def read_record(
    lines: Sequence[Line], start: int, width: int, dialect: Dialect
) -> RawRecord:
    """Return the record that begins at `lines[start]`.

    Args:
        lines: of the file.
        start: index of the record's first line, which is not blank.
        width: number of cells of the header; 0 if there is none.
        dialect: of the file.
    """
    split = split_record(lines, start, dialect)
    if not _is_closed(split, lines, start, width, dialect):
        count = _lines_of_unclosed(lines, start, width, dialect)
        problem = _unreadable(lines, start, count)
        return RawRecord([], count, problem or "a quote is not closed")
    problem = (
        _unreadable(lines, start, split.line_count)
        or split.problem
        or _too_long(lines, start, split.line_count)
    )
    return RawRecord(split.cells, split.line_count, problem)


def _is_closed(
    split: SplitRecord,
    lines: Sequence[Line],
    start: int,
    width: int,
    dialect: Dialect,
) -> bool:
    """Return whether the record ends where its quotes say.

    They do not if another quote further down has closed one that was never
    meant to reach so far. That shows where the cells do not fit the header,
    and either the first and the last line would fit it, each alone, or the
    record is too long.
    """
    if not split.closed:
        return False
    if split.line_count == 1 or len(split.cells) == width:
        return True
    if _too_long(lines, start, split.line_count):
        return False
    last = start + split.line_count - 1
    first_width = split_record([lines[start]], 0, dialect).loose_width
    last_width = split_record([lines[last]], 0, dialect).loose_width
    return not first_width == last_width == width


def _lines_of_unclosed(
    lines: Sequence[Line], start: int, width: int, dialect: Dialect
) -> int:
    """Return how many lines belong to a record with a quote never closed.

    The next record begins at the first line below that has the header's
    number of cells, whether or not its own quotes are closed.
    """
    index = start + 1
    end = min(start + RECORD_LINES, len(lines))
    while width and index < end:
        split = split_record(lines, index, dialect)
        closed = _is_closed(split, lines, index, width, dialect)
        cells = len(split.cells) if closed else split.loose_width
        if cells == width:
            break
        index += split.line_count if closed else 1
    return min(index, len(lines)) - start


def _unreadable(lines: Sequence[Line], start: int, count: int) -> str | None:
    if all(line.readable for line in lines[start : start + count]):
        return None
    return NOT_UTF_8


def _too_long(lines: Sequence[Line], start: int, count: int) -> str | None:
    if count == 1 and len(lines[start].text) <= RECORD_CHARACTERS:
        return None
    characters = sum(len(line.text) for line in lines[start : start + count])
    if count <= RECORD_LINES and characters <= RECORD_CHARACTERS:
        return None
    return TOO_LONG
