"""Split the bytes of a CSV file into lines, and lines into records and cells."""

import codecs
import gzip
import re
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from include.contract.text import INVISIBLE, JOINERS, clean_text
from include.glue.errors import UnreadableFileError

DELIMITER = ","
RECORD_LINES = 1_000
"""Longest record in lines. Notes with whole mail threads stay below it."""

RECORD_CHARACTERS = 1_000_000
"""Longest record in characters."""

GZIP = b"\x1f\x8b"
OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"%PDF": "a PDF file",
}
"""What the first bytes of a file say that is no CSV, whatever its name."""

UNREADABLE_BYTE = b"\xff"
"""Stands for what UTF-16 could not be decoded from; no UTF-8 text holds it."""

_AROUND = rf"(?:[^\S\r\n]|{INVISIBLE.pattern}|[{JOINERS}])*"
_OPENING = re.compile(rf'{_AROUND}"')
_INSIDE = re.compile(r'[^"]*(?:""[^"]*)*')
_CLOSED = re.compile(rf"{_AROUND}(?=[{DELIMITER}\r\n]|\Z)")
_PLAIN = re.compile(rf"[^{DELIMITER}\r\n]*")


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


def plain_bytes(content: bytes) -> bytes:
    """Return the content of a file as UTF-8 without byte order marks.

    What is packed by gzip is unpacked, whatever its name. UTF-16 is
    recognised by its byte order mark.

    Raises:
        UnreadableFileError: gzip is damaged, or the file is no CSV at all.
    """
    while content.startswith(GZIP):
        content = _unpack(content)
    for start, name in OTHER_FORMATS.items():
        if content.startswith(start):
            raise UnreadableFileError(f"{name}, expected CSV text")
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


def split_lines(content: bytes) -> list[Line]:
    r"""Return the physical lines of a file, ended by \n, \r\n or \r.

    A line is unreadable if it is not UTF-8 or holds a NUL, which is how
    UTF-16 without a byte order mark looks.

    Raises:
        UnreadableFileError: see `plain_bytes`.
    """
    lines = plain_bytes(content).splitlines(keepends=True)
    return [decode_line(line) for line in lines]


def decode_line(line: bytes) -> Line:
    """Return one line of UTF-8, which need not be readable."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("utf-8", errors="backslashreplace")
        return Line(text, readable=False)
    return Line(text, "\0" not in text)


def split_record(lines: Sequence[Line], start: int) -> SplitRecord:
    """Return the record that begins at `lines[start]`.

    Space and invisible characters may stand around the quotes of a cell.
    Reads on until the quotes are closed, so `lines` must reach as far as the
    longest record.
    """
    text = lines[start].text
    if '"' in text:
        return _Scanner(lines, start).record()
    cells = text.rstrip("\r\n").split(DELIMITER)
    return SplitRecord(cells, 1, True, None, len(cells))


class _UnclosedQuoteError(Exception):
    """A quote is closed nowhere, or before text on a later line."""


class _Scanner:
    """Read the cells of one record, line by line."""

    def __init__(self, lines: Sequence[Line], start: int) -> None:
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
                if not self._text.startswith(DELIMITER, self._position):
                    break
                self._position += 1
        except _UnclosedQuoteError:
            return SplitRecord(cells, 1, False, None, self._loose_width)
        line_count = self._index - self._start + 1
        return SplitRecord(cells, line_count, True, self._problem, len(cells))

    def _cell(self, cells_before: int) -> str:
        opening = _OPENING.match(self._text, self._position)
        if opening is None:
            return self._plain_cell()
        self._position = opening.end()
        separators = self._text.count(DELIMITER, self._position)
        self._loose_width = cells_before + 1 + separators
        return self._quoted_cell()

    def _plain_cell(self) -> str:
        start = self._position
        cell = _PLAIN.match(self._text, start)
        if cell is not None:
            self._position = cell.end()
        return self._text[start : self._position]

    def _quoted_cell(self) -> str:
        """Return the text up to the closing quote, and what may follow it."""
        first = self._index
        text = self._text_inside().replace('""', '"')
        closed = _CLOSED.match(self._text, self._position)
        if closed is not None:
            self._position = closed.end()
            return text
        if self._index != first:
            raise _UnclosedQuoteError
        self._problem = f"'{DELIMITER}' expected after '\"'"
        return text + self._plain_cell()

    def _text_inside(self) -> str:
        """Return the text up to the closing quote, and go behind it."""
        parts: list[str] = []
        while True:
            start = self._position
            inside = _INSIDE.match(self._text, start)
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
