"""Turn text of another encoding into UTF-8, piece by piece, and notice text that is in another one than it should be.

Nearly every text can be read as Latin-1: UTF-8 too, and `ü` becomes `Ã¼`. So
a line of which every byte beyond ASCII belongs to a character of UTF-8 is taken for what it is, UTF-8, and marked as
unreadable; a file that has such lines and no others beyond ASCII is refused as a whole. By chance a line of another
encoding looks so only where letters are followed by what UTF-8 calls continuation bytes (80 to BF). In the encodings
whose bytes from 80 to BF are mostly letters, such as cp866, only a whole file is judged, by many characters.
"""

import codecs
import re
from functools import lru_cache

from include.glue.errors import UnreadableFileError

UTF_8 = ("utf-8", "utf-8-sig")
WIDE = ("utf-16", "utf-32")
"""Encodings in which every character takes two bytes or more."""
UNREADABLE_BYTE = b"\xff"
"""Stands for what could not be decoded; no UTF-8 text holds it."""
SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
"""A character of UTF-8 beyond ASCII."""
CONTINUATION_BYTES = range(0x80, 0xC0)
MOST_LETTERS = len(CONTINUATION_BYTES) // 2
MANY_SEQUENCES = 10
"""So many characters of UTF-8, and nothing else beyond ASCII, are no accident in any encoding."""


def is_utf_8(encoding: str) -> bool:
    """Return whether a text in the encoding is read as it is."""
    return encoding in UTF_8


class ToUtf8:
    """Turn one file into UTF-8."""

    def __init__(self, encoding: str) -> None:
        """Read nothing yet; `encoding` is none of UTF_8."""
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._by_line = _lines_tell(encoding)
        self._pending = b""
        self._bytes = 0
        self._lines = 0
        self._utf8_lines = 0
        self._other_lines = 0
        self._first_utf8 = ""
        self._utf8: codecs.IncrementalDecoder | None = (
            codecs.getincrementaldecoder("utf-8")("strict")
        )
        self._sequences = 0

    def convert(self, content: bytes, final: bool = False) -> bytes:
        """Return the next bytes in UTF-8; the last call is `final`.

        Raises:
            UnreadableFileError: a byte is none of the encoding, or all of the file is UTF-8.
        """
        self._watch(content, final)
        if not self._by_line:
            converted = self._decoded(content, final)
        else:
            content = self._pending + content
            end = len(content) if final else content.rfind(b"\n") + 1
            self._pending = content[end:]
            converted = self._lines_of(content[:end])
        if final:
            self._check_whole()
        return converted

    def _watch(self, content: bytes, final: bool) -> None:
        """Remember whether everything so far is UTF-8."""
        if self._utf8 is None:
            return
        try:
            text = self._utf8.decode(content, final)
        except UnicodeDecodeError:
            self._utf8 = None
            return
        if not self._first_utf8 and not text.isascii():
            self._first_utf8 = next(sign for sign in text if sign > "\x7f")
        self._sequences += len(SEQUENCE.findall(content))

    def _lines_of(self, content: bytes) -> bytes:
        """Return whole lines in UTF-8; those that are UTF-8 already as unreadable ones."""
        if not SEQUENCE.search(content):
            self._other_lines += not content.isascii()
            return self._decoded(content, False)
        return b"".join(
            [self._line(line) for line in content.splitlines(keepends=True)]
        )

    def _line(self, line: bytes) -> bytes:
        if line.isascii():
            return self._decoded(line, False)
        try:
            line.decode()
        except UnicodeDecodeError:
            self._other_lines += 1
            return self._decoded(line, False)
        self._utf8_lines += 1
        self._bytes += len(line)
        self._lines += 1
        sequence = SEQUENCE.search(line)
        place = sequence.end() if sequence else 0
        return line[:place] + UNREADABLE_BYTE + line[place:]

    def _decoded(self, content: bytes, final: bool) -> bytes:
        self._bytes += len(content)
        try:
            text = self._decoder.decode(content, final)
        except UnicodeDecodeError as error:
            raise self._unreadable(error) from error
        self._lines += text.count("\n")
        return text.encode("utf-8", "surrogatepass")

    def _unreadable(self, error: UnicodeDecodeError) -> UnreadableFileError:
        place = self._bytes - len(error.object) + error.start
        lines = self._lines + error.object[: error.start].count(b"\n")
        return UnreadableFileError(
            f"not readable as {self._encoding}, as the contract says: byte 0x{error.object[error.start]:02X} at "
            f"offset {place}, line {lines + 1}; write the encoding that it has, such as files: {{encoding: utf-8}}"
        )

    def _check_whole(self) -> None:
        """Raise UnreadableFileError for a file that is UTF-8 as a whole."""
        least = 1 if self._by_line else MANY_SEQUENCES
        if (
            self._utf8 is None
            or self._sequences < least
            or self._encoding.startswith(WIDE)
        ):
            return
        sign = self._first_utf8
        misread = sign.encode().decode(self._encoding, "replace")
        raise UnreadableFileError(
            f"in UTF-8, and the contract says {self._encoding}, which would read {sign!r} as {misread!r}; write "
            "files: {encoding: utf-8}"
        )


@lru_cache(maxsize=16)
def _lines_tell(encoding: str) -> bool:
    """Return whether a line in UTF-8 can be told from one in this encoding: one byte a character, and see above."""
    letters = 0
    for byte in range(256):
        try:
            sign = bytes([byte]).decode(encoding)
        except UnicodeDecodeError:
            if byte not in CONTINUATION_BYTES:
                return False
            continue
        if len(sign) != 1:
            return False
        if byte in CONTINUATION_BYTES:
            letters += sign.isalpha()
        elif byte < 0x80 and sign != chr(byte):
            return False
    return letters < MOST_LETTERS


def check_wide(encoding: str, first_bytes: bytes) -> None:
    """Raise UnreadableFileError for a file that cannot be UTF-16 or UTF-32: its first bytes hold no NUL."""
    if encoding.startswith(WIDE) and first_bytes and b"\0" not in first_bytes:
        raise UnreadableFileError(
            f"not in {encoding}, as the contract says: its first bytes hold no NUL; write the encoding that it has, "
            "such as files: {encoding: utf-8}"
        )
