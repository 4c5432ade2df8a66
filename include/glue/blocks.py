"""Finds the records of a CSV file in a block of its bytes, and which of them are plain, with numpy.

A record is plain if nothing about it is in doubt: it is readable UTF-8 with one cell for each column, and every quote
opens or closes a cell. Python's and Arrow's csv readers see the same cells in a plain record. All others are for the
careful path (`include.glue.csv_records`), which also says where such a record ends.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

NEW_LINE, RETURN, QUOTE, COMMA = b'\n\r",'
PLAIN_LINES = 100
"""A record that runs over more lines is left to the careful path."""
PLAIN_BYTES = 100_000
"""So is a longer one."""
BYTE_ORDER_MARK = "\ufeff".encode()

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


def find_records(content: bytes, columns: int, complete: bool) -> Block:
    """Return the records at the beginning of `content`, whose first byte begins one.

    Args:
        content: bytes of a file.
        columns: how many cells a record has.
        complete: whether the file ends with `content`; if not, what lies behind the last line end is left out.
    """
    array = np.frombuffer(content, np.uint8)
    line_ends = find_line_ends(array, complete)
    quotes = np.flatnonzero(array == QUOTE)
    record_ends = line_ends
    if len(quotes):
        quotes_before = np.searchsorted(quotes, line_ends)
        closed = quotes_before % 2 == 0
        if complete and len(closed):
            closed[-1] = True
        record_ends = line_ends[closed]
    starts = np.concatenate(([0], record_ends[:-1]))[: len(record_ends)]
    lines_before = np.searchsorted(line_ends, record_ends, side="right")
    lines = np.diff(lines_before, prepend=0)
    well_quoted = _well_quoted(array, quotes, record_ends)
    fitting = _cells(array, quotes, record_ends) == columns
    certain = well_quoted & (fitting | (lines == 1))
    plain = (
        well_quoted
        & fitting
        & (lines <= PLAIN_LINES)
        & (record_ends - starts <= PLAIN_BYTES)
    )
    if columns < 2:  # a blank line would have as many cells
        plain[:] = False
    _rule_out_unreadable(content, starts, record_ends, plain)
    return Block(starts, record_ends, lines, certain, plain)


def find_line_ends(array: npt.NDArray[np.uint8], complete: bool) -> Positions:
    r"""Return the offset behind each line end: \n, \r\n or \r, and the end of the file.

    A last byte \r is left out while the file goes on: \n may follow.
    """
    ends = np.flatnonzero(array == NEW_LINE) + 1
    returns = np.flatnonzero(array == RETURN)
    if len(returns):
        known = returns[returns + 1 < len(array)]
        alone = known[array[known + 1] != NEW_LINE] + 1
        if complete and returns[-1] == len(array) - 1:
            alone = np.append(alone, len(array))
        if len(alone):
            ends = np.sort(np.concatenate((ends, alone)))
    if complete and len(array) and (not len(ends) or ends[-1] < len(array)):
        ends = np.append(ends, len(array))
    return ends


def _well_quoted(
    array: npt.NDArray[np.uint8], quotes: Positions, record_ends: Positions
) -> Flags:
    """Return for each record whether every quote opens or closes a cell, or is one of a pair inside a cell."""
    fine = np.ones(len(record_ends), np.bool_)
    if not len(quotes):
        return fine
    opening, closing = quotes[0::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    behind = array[np.minimum(closing + 1, len(array) - 1)]
    borders = (COMMA, NEW_LINE, RETURN, QUOTE)
    opens = np.isin(before, borders) | (opening == 0)
    closes = np.isin(behind, borders) | (closing == len(array) - 1)
    wrong = np.concatenate((opening[~opens], closing[~closes]))
    if len(quotes) % 2:  # the last one is never closed
        wrong = np.append(wrong, quotes[-1])
    records = np.searchsorted(record_ends, wrong, side="right")
    fine[records[records < len(fine)]] = False
    return fine


def _cells(
    array: npt.NDArray[np.uint8], quotes: Positions, record_ends: Positions
) -> Positions:
    """Return how many cells each record has: one more than its commas outside quotes."""
    commas = array == COMMA
    if len(quotes):
        quoted = np.bitwise_xor.accumulate((array == QUOTE).view(np.uint8))
        commas &= quoted == 0
    positions = np.flatnonzero(commas)
    return np.diff(np.searchsorted(positions, record_ends), prepend=0) + 1


def _rule_out_unreadable(
    content: bytes, starts: Positions, ends: Positions, plain: Flags
) -> None:
    """Mark the records that are not readable as UTF-8 text, or begin with a byte order mark, as not plain."""
    if not len(ends):
        return
    readable = b"\0" not in content and _is_readable(content[: ends[-1]])
    if not readable:
        for index in np.flatnonzero(plain):
            record = content[starts[index] : ends[index]]
            plain[index] = b"\0" not in record and _is_readable(record)
    # Arrow would take the mark away, before a quote too
    if content.startswith(BYTE_ORDER_MARK):
        plain[0] = False


def _is_readable(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
