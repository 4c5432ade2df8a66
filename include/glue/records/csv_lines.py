"""Split the bytes of a CSV file into lines, and lines into records and cells."""

import codecs
import gzip
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from include.contract.text import INVISIBLE, JOINERS, clean_text
from include.glue.errors import UnreadableFileError
from include.glue.records.csv_dialect import Dialect
from include.glue.records.encodings import (
    UNREADABLE_BYTE,
    ToUtf8,
    check_wide,
    is_utf_8,
)

RECORD_LINES = 1_000
"""Longest record in lines. Notes with whole mail threads stay below it."""

RECORD_CHARACTERS = 1_000_000
"""Longest record in characters."""

GZIP = b"\x1f\x8b"
BYTE_ORDER_MARKS = (
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
)
PARQUET = b"PAR1"
OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    PARQUET: "a Parquet file",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"%PDF": "a PDF file",
}
"""What the first bytes of a file say that is no CSV, whatever its name."""


class _Patterns(NamedTuple):
    """What a cell looks like.

    Attributes:
        opening: what stands before a quoted text.
        inside: a quoted text, up to its closing quote.
        closed: what may follow the closing quote.
        plain: a cell without quotes.
    """

    opening: re.Pattern[str]
    inside: re.Pattern[str]
    closed: re.Pattern[str]
    plain: re.Pattern[str]


@lru_cache(maxsize=16)
def _patterns(dialect: Dialect) -> _Patterns:
    """Return the patterns of a dialect; its delimiter may be white space."""
    sign = re.escape(dialect.delimiter)
    quote = re.escape(dialect.quote)
    space = rf"(?!{sign})(?:[^\S\r\n]|{INVISIBLE.pattern}|[{JOINERS}])"
    around = f"(?:{space})*"
    return _Patterns(
        re.compile(f"{around}{quote}"),
        re.compile(f"[^{quote}]*(?:{quote}{quote}[^{quote}]*)*"),
        re.compile(rf"{around}(?=[{sign}\r\n]|\Z)"),
        re.compile(rf"[^{sign}\r\n]*"),
    )


class Line(NamedTuple):
    """A physical line with its line end.

    An unreadable line has its broken bytes written as escapes.
    """

    text: str
    readable: bool

    @property
    def blank(self) -> bool:
        """Return whether the line holds nothing that anybody can see."""
        if self.readable:
            return not clean_text(self.text)
        return not clean_text(self.text.replace("\0", ""))


class SplitRecord(NamedTuple):
    """The cells of one record and how many lines it takes.

    Attributes:
        cells: texts between the separators, without the quotes around them.
        line_count: lines that the record runs over; 1 if it is not closed.
        closed: whether each quote is closed, and on a later line properly:
            before a separator or the end of the line.
        problem: what is wrong with a closed record, or None.
        loose_width: cells of the first line, if the quote that is not closed
            were text; the number of cells of a closed record.
    """

    cells: list[str]
    line_count: int
    closed: bool
    problem: str | None
    loose_width: int


def plain_bytes(content: bytes, encoding: str = "utf-8") -> bytes:
    """Return the content of a file as UTF-8 without byte order marks.

    What is packed by gzip is unpacked, whatever its name. A byte order mark
    says more than `encoding`: UTF-8 and UTF-16 are recognised by theirs.

    Raises:
        UnreadableFileError: gzip is damaged, the file is no CSV at all, or
            is not written in `encoding`.
    """
    while content.startswith(GZIP):
        content = _unpack(content)
    for start, name in OTHER_FORMATS.items():
        if content.startswith(start):
            raise UnreadableFileError(f"{name}, expected CSV text")
    if not is_utf_8(encoding) and not content.startswith(BYTE_ORDER_MARKS):
        check_wide(encoding, content)
        return ToUtf8(encoding).convert(content, final=True)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", errors="replace")
        content = text.encode("utf-8", errors="replace").replace(
            "\ufffd".encode(), UNREADABLE_BYTE
        )
    while content.startswith(codecs.BOM_UTF8):
        content = content.removeprefix(codecs.BOM_UTF8)
    return content


def _unpack(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFileError(
            f"gzip is damaged ({error}), expected a complete file"
        ) from error


def split_lines(content: bytes, encoding: str = "utf-8") -> list[Line]:
    r"""Return the physical lines of a file, ended by \n, \r\n or \r.

    A line is unreadable if it is not UTF-8 or holds a NUL, which is how
    UTF-16 without a byte order mark looks.

    Raises:
        UnreadableFileError: see `plain_bytes`.
    """
    lines = plain_bytes(content, encoding).splitlines(keepends=True)
    return [decode_line(line) for line in lines]


def decode_line(line: bytes) -> Line:
    """Return one line of UTF-8, which need not be readable."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("utf-8", errors="backslashreplace")
        return Line(text, readable=False)
    return Line(text, "\0" not in text)


def split_record(
    lines: Sequence[Line], start: int, dialect: Dialect
) -> SplitRecord:
    """Return the record that begins at `lines[start]`.

    Space and invisible characters may stand around the quotes of a cell.
    Reads on until the quotes are closed, so `lines` must reach as far as the
    longest record.
    """
    text = lines[start].text
    if dialect.quote in text:
        return _Scanner(lines, start, dialect).record()
    cells = text.rstrip("\r\n").split(dialect.delimiter)
    return SplitRecord(cells, 1, True, None, len(cells))


class _UnclosedQuoteError(Exception):
    """A quote is closed nowhere, or before text on a later line."""


class _Scanner:
    """Read the cells of one record, line by line."""

    def __init__(
        self, lines: Sequence[Line], start: int, dialect: Dialect
    ) -> None:
        self._delimiter = dialect.delimiter
        self._quote = dialect.quote
        self._patterns = _patterns(dialect)
        self._lines = lines
        self._start = start
        self._index = start
        self._text = lines[start].text
        self._position = 0
        self._problem: str | None = None
        self._loose_width = 0

    def record(self) -> SplitRecord:
        """Return the record, closed or not."""
        cells: list[str] = []
        try:
            while True:
                cells.append(self._cell(len(cells)))
                if not self._text.startswith(self._delimiter, self._position):
                    break
                self._position += 1
        except _UnclosedQuoteError:
            return SplitRecord(cells, 1, False, None, self._loose_width)
        line_count = self._index - self._start + 1
        return SplitRecord(cells, line_count, True, self._problem, len(cells))

    def _cell(self, cells_before: int) -> str:
        opening = self._patterns.opening.match(self._text, self._position)
        if opening is None:
            return self._plain_cell()
        self._position = opening.end()
        separators = self._text.count(self._delimiter, self._position)
        self._loose_width = cells_before + 1 + separators
        return self._quoted_cell()

    def _plain_cell(self) -> str:
        start = self._position
        cell = self._patterns.plain.match(self._text, start)
        if cell is not None:
            self._position = cell.end()
        return self._text[start : self._position]

    def _quoted_cell(self) -> str:
        """Return the text up to the closing quote, and what may follow it."""
        first = self._index
        text = self._text_inside().replace(self._quote * 2, self._quote)
        closed = self._patterns.closed.match(self._text, self._position)
        if closed is not None:
            self._position = closed.end()
            return text
        if self._index != first:
            raise _UnclosedQuoteError
        self._problem = f"{self._delimiter!r} expected after {self._quote!r}"
        return text + self._plain_cell()

    def _text_inside(self) -> str:
        """Return the text up to the closing quote, and go behind it."""
        parts: list[str] = []
        while True:
            start = self._position
            inside = self._patterns.inside.match(self._text, start)
            if inside is not None:
                self._position = inside.end()
            parts.append(self._text[start : self._position])
            if self._position < len(self._text):
                self._position += 1
                return "".join(parts)
            self._go_to_next_line()

    def _go_to_next_line(self) -> None:
        self._index += 1
        if self._index == len(self._lines):
            raise _UnclosedQuoteError
        self._text = self._lines[self._index].text
        self._position = 0
