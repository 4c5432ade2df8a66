"""Finds the records of a CSV file in a block of its bytes, and which of them are plain, with numpy.

A record is plain if nothing about it is in doubt: it is readable UTF-8 with one cell for each column, and every quote
opens or closes a cell. Python's and Arrow's csv readers see the same cells in a plain record. All others are for the
careful path (`include.glue.records.csv_records`), which also says where such a record ends.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from include.glue.records.csv_dialect import Dialect

NEW_LINE, RETURN = b"\n\r"
FIRST_NOT_ASCII = 128
PLAIN_LINES = 100
"""A record that runs over more lines is left to the careful path."""
PLAIN_BYTES = 100_000
"""So is a longer one."""
BYTE_ORDER_MARK = "\ufeff".encode()
COMMAS = Dialect()

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Block(NamedTuple):
    """The complete records at the beginning of some bytes.

    Attributes:
        starts: offset of each record's first byte.
        ends: offset behind each record's line end.
        lines: how many lines each record takes.
        certain: whether the record ends there for sure: every quote in it opens or closes a cell, and it is one line or
            has the right number of cells.
        plain: whether the record is plain.
    """

    starts: Positions
    ends: Positions
    lines: Positions
    certain: Flags
    plain: Flags

    def first(self, count: int) -> "Block":
        """Return so many of the records."""
        return Block(
            self.starts[:count],
            self.ends[:count],
            self.lines[:count],
            self.certain[:count],
            self.plain[:count],
        )


class Scan:
    """The line ends, quotes and delimiters of some bytes, found once; then the records from any place on are cheap.

    Behind a delimiter of more than one byte no record is plain.
    """

    def __init__(
        self, content: bytes, complete: bool, dialect: Dialect = COMMAS
    ) -> None:
        """Find them.

        Args:
            content: bytes of a file.
            complete: whether the file ends with `content`; if not, what lies behind the last line end is left out.
            dialect: of the file.
        """
        self._content = content
        self._complete = complete
        self._array = np.frombuffer(content, np.uint8)
        self._line_ends = find_line_ends(self._array, complete)
        self._quotes = np.flatnonzero(self._array == dialect.quote_byte)
        self._delimiters = _find_delimiters(self._array, dialect)
        self._delimited = dialect.delimiter_byte is not None
        self._borders = _borders(dialect)
        self._suspects = self._find_suspects()

    def _find_suspects(self) -> Positions:
        """Return the bytes that may be unreadable: none if all is readable UTF-8 without NUL."""
        if not len(self._line_ends):
            return self._line_ends
        text = self._content[: self._line_ends[-1]]
        if b"\0" not in text and _is_readable(text):
            return self._line_ends[:0]
        array = self._array
        return np.flatnonzero((array == 0) | (array >= FIRST_NOT_ASCII))

    def records(self, first: int, behind: int, columns: int) -> Block:
        """Return the records that are complete in a piece of the bytes.

        Args:
            first: offset of the piece; a record begins there.
            behind: offset behind it.
            columns: how many cells a record has.
        """
        line_ends = _between(self._line_ends, first + 1, behind + 1)
        quotes = _between(self._quotes, first, behind)
        record_ends = line_ends
        if len(quotes) and len(line_ends):
            closed = np.searchsorted(quotes, line_ends) % 2 == 0
            if self._complete and line_ends[-1] == len(self._array):
                closed[-1] = True
            record_ends = line_ends[closed]
        starts = np.concatenate(([first], record_ends[:-1]))
        starts = starts[: len(record_ends)]
        lines_before = np.searchsorted(line_ends, record_ends, side="right")
        lines = np.diff(lines_before, prepend=0)
        well_quoted = self._well_quoted(first, quotes, record_ends)
        delimiters = _between(self._delimiters, first, behind)
        fitting = _cells(delimiters, quotes, record_ends) == columns
        certain = well_quoted & (fitting | (lines == 1))
        plain = (
            well_quoted
            & fitting
            & (lines <= PLAIN_LINES)
            & (record_ends - starts <= PLAIN_BYTES)
        )
        # a blank line would have as many cells as one column
        if columns < 2 or not self._delimited:
            plain[:] = False
        self._rule_out_unreadable(starts, record_ends, plain)
        return Block(starts, record_ends, lines, certain, plain)

    def _well_quoted(
        self, first: int, quotes: Positions, record_ends: Positions
    ) -> Flags:
        """Return for each record whether every quote opens or closes a cell, or is one of a pair inside a cell."""
        fine = np.ones(len(record_ends), np.bool_)
        if not len(quotes):
            return fine
        opening, closing = quotes[0::2], quotes[1::2]
        last = len(self._array) - 1
        bytes_before = self._array[np.maximum(opening - 1, 0)]
        bytes_behind = self._array[np.minimum(closing + 1, last)]
        opens = self._borders[bytes_before] | (opening == first)
        closes = self._borders[bytes_behind] | (closing == last)
        wrong = np.concatenate((opening[~opens], closing[~closes]))
        if len(quotes) % 2:  # the last one is never closed
            wrong = np.append(wrong, quotes[-1])
        records = np.searchsorted(record_ends, wrong, side="right")
        fine[records[records < len(fine)]] = False
        return fine

    def _rule_out_unreadable(
        self, starts: Positions, ends: Positions, plain: Flags
    ) -> None:
        """Mark the records that are not readable as UTF-8 text, or begin with a byte order mark, as not plain."""
        if not len(ends):
            return
        suspects = _between(self._suspects, int(starts[0]), int(ends[-1]))
        for index in np.unique(np.searchsorted(ends, suspects, side="right")):
            record = self._content[starts[index] : ends[index]]
            plain[index] &= b"\0" not in record and _is_readable(record)
        # Arrow would take the mark away, before a quote too
        if self._content.startswith(BYTE_ORDER_MARK, starts[0]):
            plain[0] = False


def _find_delimiters(
    array: npt.NDArray[np.uint8], dialect: Dialect
) -> Positions:
    if dialect.delimiter_byte is None:
        return np.empty(0, np.int64)
    return np.flatnonzero(array == dialect.delimiter_byte)


@lru_cache(maxsize=16)
def _borders(dialect: Dialect) -> Flags:
    """Return which bytes may stand before an opening quote and behind a closing one."""
    borders = np.zeros(256, np.bool_)
    borders[[NEW_LINE, RETURN, dialect.quote_byte]] = True
    if dialect.delimiter_byte is not None:
        borders[dialect.delimiter_byte] = True
    return borders


def _between(positions: Positions, first: int, behind: int) -> Positions:
    """Return the positions from `first` on that lie before `behind`."""
    start, end = np.searchsorted(positions, (first, behind))
    return positions[start:end]


def find_line_ends(array: npt.NDArray[np.uint8], complete: bool) -> Positions:
    r"""Return the offset behind each line end: \n, \r\n or \r, and the end of the file.

    A last byte \r is left out while the file goes on: \n may follow.
    """
    ends = np.flatnonzero(array == NEW_LINE) + 1
    returns = np.flatnonzero(array == RETURN)
    if len(returns):
        followed_returns = returns[returns + 1 < len(array)]
        alone = followed_returns[array[followed_returns + 1] != NEW_LINE] + 1
        if complete and returns[-1] == len(array) - 1:
            alone = np.append(alone, len(array))
        if len(alone):
            ends = np.sort(np.concatenate((ends, alone)))
    if complete and len(array) and (not len(ends) or ends[-1] < len(array)):
        ends = np.append(ends, len(array))
    return ends


def _cells(
    delimiters: Positions, quotes: Positions, record_ends: Positions
) -> Positions:
    """Return how many cells each record has: one more than its delimiters outside quotes."""
    counts = np.diff(np.searchsorted(delimiters, record_ends), prepend=0)
    closing = quotes[1::2]
    if len(closing):
        opening = quotes[0::2][: len(closing)]
        quoted = np.searchsorted(delimiters, closing)
        quoted -= np.searchsorted(delimiters, opening)
        records = np.searchsorted(record_ends, closing, side="right")
        complete_records = records < len(counts)
        inside = np.bincount(
            records[complete_records], quoted[complete_records], len(counts)
        )
        counts -= inside.astype(np.int64)
    cells: Positions = counts + 1
    return cells


def _is_readable(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
