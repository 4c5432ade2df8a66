"""Splits the bytes of a CSV file into lines, and lines into cells, so that one broken line costs one row."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

RECORD_LINES = 100
"""A quoted cell may run over this many lines; beyond it a quote was never closed."""


class Line(NamedTuple):
    """A physical line with its line end; unreadable ones have their broken bytes written as escapes."""

    text: str
    readable: bool

    @property
    def blank(self) -> bool:
        """Return whether the line holds nothing but space."""
        return not self.text.replace("\0", "").strip()


def split_lines(content: bytes) -> list[Line]:
    r"""Return the physical lines of a file, ended by \n, \r\n or \r.

    UTF-8 with or without a byte order mark, UTF-16 with one. A line is unreadable if it cannot be decoded or holds
    a NUL, which is how UTF-16 without a byte order mark looks.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        lines = io.StringIO(
            content.decode("utf-16", errors="replace"), newline=""
        )
        return [
            Line(line, "\ufffd" not in line and "\0" not in line)
            for line in lines
        ]
    return [
        _decode(line)
        for line in content.removeprefix(codecs.BOM_UTF8).splitlines(
            keepends=True
        )
    ]


def _decode(line: bytes) -> Line:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Line(
            line.decode("utf-8", errors="backslashreplace"), readable=False
        )
    return Line(text, "\0" not in text)


def split_record(lines: Sequence[Line], start: int) -> tuple[list[str], int]:
    """Return the cells of the CSV record that begins at `lines[start]`, and how many lines it takes.

    Raises:
        csv.Error: a line is unreadable, a quote is not closed within RECORD_LINES, or text follows a closing quote.
    """
    reader = csv.reader(_readable_texts(lines, start), strict=True)
    cells = next(reader, [])
    return cells, reader.line_num


def _readable_texts(lines: Sequence[Line], start: int) -> Iterator[str]:
    """Yield the lines that one record may run over. Raises csv.Error at the first one that is unreadable."""
    end = min(start + RECORD_LINES, len(lines))
    for line in lines[start:end]:
        if not line.readable:
            raise csv.Error("not readable as UTF-8 text")
        yield line.text
