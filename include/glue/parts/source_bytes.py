"""Gives the text of a source file as a stream of UTF-8, from its beginning or from the middle of it.

What the first bytes say decides, as in `include.glue.records.csv_lines.plain_bytes`: gzip is unpacked on the way and
never held whole; UTF-16 is held whole, once as it is and once as UTF-8.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Protocol

from include.glue.errors import UnreadableFileError
from include.glue.job_contract import CSV, JobContract
from include.glue.objects import FoundObject, open_object
from include.glue.records.csv_lines import (
    BYTE_ORDER_MARKS,
    GZIP,
    plain_bytes,
)
from include.glue.records.encodings import ToUtf8, check_wide, is_utf_8
from include.glue.records.other_formats import csv_pieces

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PIECE_BYTES = 1 << 20
FIRST_BYTES = 4096


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""

    def close(self) -> None:
        """Let go of what is behind it."""


class ByteSource:
    """A stream of bytes that are read forward, a block at a time."""

    def __init__(self, stream: Stream) -> None:
        """Read from `stream` on."""
        self._stream = stream
        self.ended = False

    def read(self, size: int) -> bytes:
        """Return the next bytes: `size` of them, or fewer if the file ends there.

        Raises:
            UnreadableFileError: the file is packed by gzip and damaged.
        """
        parts: list[bytes] = []
        missing = size
        while missing and not self.ended:
            part = _read(self._stream, missing)
            self.ended = not part
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the stream; the rest of it is not fetched."""
        self._stream.close()


def _read(stream: Stream, size: int) -> bytes:
    try:
        return stream.read(size)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableFileError(
            f"gzip is damaged ({error}), expected a complete file"
        ) from error


def open_middle(found: FoundObject, offset: int) -> ByteSource:
    """Return the bytes of a file that can be divided, from an offset on."""
    return ByteSource(open_object(found, offset))


def open_text(found: FoundObject, contract: JobContract) -> ByteSource:
    """Return a whole file as CSV text in UTF-8 without byte order marks.

    Raises:
        UnreadableFileError: it is nothing that the contract's `files` describe.
    """
    files = contract.files
    stream: Stream = open_object(found)
    first = _first_bytes(stream)
    while first.startswith(GZIP):
        stream = gzip.GzipFile(fileobj=_Rejoined(first, stream))
        first = _first_bytes(stream)
    if files.format != CSV:
        content = first + _rest(stream)
        stream.close()
        return ByteSource(_Pieces(csv_pieces(contract, content)))
    if first.startswith(UTF_16_MARKS):
        content = first + _rest(stream)
        stream.close()
        return ByteSource(io.BytesIO(plain_bytes(content)))
    encoding = files.encoding
    converted = not is_utf_8(encoding) and not first.startswith(
        BYTE_ORDER_MARKS
    )
    try:
        text = plain_bytes(first)
        if converted:
            check_wide(encoding, first)
    except UnreadableFileError:
        stream.close()
        raise
    if converted:
        stream = _Rejoined(first, stream)
        return ByteSource(_Pieces(_converted(stream, encoding)))
    return ByteSource(_Rejoined(text, stream))


def _converted(stream: Stream, encoding: str) -> Iterator[bytes]:
    """Yield the text of a stream in UTF-8."""
    converter = ToUtf8(encoding)
    while content := _read(stream, PIECE_BYTES):
        yield converter.convert(content)
    yield converter.convert(b"", final=True)
    stream.close()


def _first_bytes(stream: Stream) -> bytes:
    return ByteSource(stream).read(FIRST_BYTES)


def _rest(stream: Stream) -> bytes:
    parts: list[bytes] = []
    while part := _read(stream, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def is_divisible(found: FoundObject) -> bool:
    """Return whether a part of the file can be read without what lies before it: it is neither packed nor UTF-16."""
    stream = open_object(found)
    first = _first_bytes(stream)
    stream.close()
    return not first.startswith((GZIP, *UTF_16_MARKS))


class _Pieces(io.RawIOBase):
    """A stream of bytes that are made when they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._piece = piece
        size = len(self._piece) if size < 0 else size
        part, self._piece = self._piece[:size], self._piece[size:]
        return part


class _Rejoined(io.RawIOBase):
    """The first bytes of a stream, which have been read from it, and the rest."""

    def __init__(self, first: bytes, stream: Stream) -> None:
        self._first = first
        self._rest = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._first and size != 0:
            size = len(self._first) if size < 0 else size
            part, self._first = self._first[:size], self._first[size:]
            return part
        return self._rest.read(size)

    def close(self) -> None:
        self._rest.close()
        super().close()
