"""Read a file of leads whatever its format, delimiter and encoding, every cell as text."""

import codecs
import csv
import gzip
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import pandas as pd

from include.contract.text import clean_text
from onboarding.errors import UnreadableFileError

ROWS = 500_000
"""A draft looks at so many rows at most, the first ones."""
SNIFFED_BYTES = 1_000_000
DELIMITERS = (",", ";", "\t", "|")
SEPARATOR_LINE = re.compile(r"sep=(.)\s*")
"""What Excel writes above the header."""
NUMBER_LIKE = re.compile(r"[+-]?[0-9][0-9.,]*")


@dataclass(frozen=True)
class Table:
    """A file of leads.

    Attributes:
        cells: text in every cell, a column for each header that is not empty, in the order of the file.
        files: the block `files:` of a contract that reads the file; only what differs from the defaults.
        first_line: line of the first row in the file, counted from 1.
        remarks: what a person should know of how the file is written.
    """

    cells: pd.DataFrame
    files: dict[str, Any]
    first_line: int = 2
    remarks: list[str] = field(default_factory=list)

    @property
    def headers(self) -> list[str]:
        """Return the headers in the order of the file."""
        return [str(header) for header in self.cells.columns]


def read_table(path: Path) -> Table:
    """Return what a file holds.

    Raises:
        UnreadableFileError: it is not there, holds nothing, has no header or no format that the project reads.
    """
    if not path.is_file():
        raise UnreadableFileError(f"{path}: there is no such file")
    content = path.read_bytes()
    if content[:4] == b"PAR1":
        return _parquet(path)
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(path, content)
    if content[:4] == b"PK\x03\x04":
        raise UnreadableFileError(
            f"{path}: a spreadsheet or a zip archive; save it as CSV (UTF-8) and name that file"
        )
    if not content.strip():
        raise UnreadableFileError(f"{path}: the file is empty")
    encoding, remarks = detect_encoding(content)
    text = content.decode(encoding, errors="replace").lstrip("\ufeff")
    if text.lstrip()[:1] == "{":
        return _json_lines(path, text)
    return _csv(path, text, encoding, remarks)


def _unpacked(path: Path, content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise UnreadableFileError(f"{path}: not whole: {error}") from None


def detect_encoding(content: bytes) -> tuple[str, list[str]]:
    """Return the encoding of some bytes, and remarks where they hold two."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16", []
    sample = content[:2000]
    if sample[1::2].count(0) > len(sample) / 4:
        return "utf-16-le", []
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        remarks = []
        mixed = _lines_of_utf8(content)
        if mixed:
            remarks.append(
                f"QUESTION: two encodings in one file? {mixed} line(s) are UTF-8, and line {line} is not. Read as "
                "windows-1252 those show signs such as Ã; export the file in one encoding"
            )
        return "windows-1252", remarks
    return "utf-8", []


def _lines_of_utf8(content: bytes) -> int:
    """Return how many lines hold letters that are not ASCII and are UTF-8."""
    count = 0
    for line in content.splitlines():
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            continue
        count += 1
    return count


def _csv(path: Path, text: str, encoding: str, remarks: list[str]) -> Table:
    first_line = 2
    separator = SEPARATOR_LINE.match(text)
    delimiter = None
    if separator is not None:
        delimiter = separator.group(1)
        text = text[separator.end() :]
        first_line = 3
        remarks.append(
            f"The first line is Excel's sep={delimiter}; it is no lead"
        )
    quote = '"'
    if delimiter is None:
        delimiter, quote = _sniffed(text)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, quotechar=quote)
    header = [clean_text(cell) for cell in next(rows)]
    _check_header(path, header, delimiter)
    frame = _frame(path, text, delimiter, quote, len(header))
    named = [place for place, name in enumerate(header) if name]
    if len(named) < len(header):
        remarks.append(
            f"{len(header) - len(named)} column(s) without a header are left out"
        )
    cells = frame[named].set_axis([header[place] for place in named], axis=1)
    files: dict[str, Any] = {}
    words = {";": "semicolon", "\t": "tab", "|": "pipe"}
    if delimiter != ",":
        files["delimiter"] = words.get(delimiter, delimiter)
    if quote != '"':
        files["quote"] = quote
    if encoding != "utf-8":
        files["encoding"] = encoding
    return Table(cells, files, first_line, remarks)


def _frame(
    path: Path, text: str, delimiter: str, quote: str, width: int
) -> pd.DataFrame:
    """Return the rows below the header, columns by number."""
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            quotechar=quote,
            header=None,
            skiprows=1,
            names=list(range(width)),
            index_col=False,
            dtype=str,
            keep_default_na=False,
            nrows=ROWS,
            on_bad_lines="skip",
        )
    except (ValueError, csv.Error) as error:
        raise UnreadableFileError(f"{path}: {error}") from None
    if frame.empty:
        raise UnreadableFileError(
            f"{path}: the file has a header and no row below it"
        )
    return frame.fillna("")


def _sniffed(text: str) -> tuple[str, str]:
    """Return delimiter and quote, by DuckDB; where it is at a loss, by the sign that the header has most of."""
    header = text.partition("\n")[0]
    counts = {sign: header.count(sign) for sign in DELIMITERS}
    by_header = max(counts, key=lambda sign: counts[sign])
    with NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as sample:
        whole_lines = text[:SNIFFED_BYTES].rpartition("\n")[0] or text
        sample.write(whole_lines)
        sample.flush()
        try:
            sniffed = duckdb.execute(
                "SELECT Delimiter FROM sniff_csv(?, ignore_errors=true)",
                [sample.name],
            ).fetchone()
        except duckdb.Error:
            sniffed = None
    quote = "'" if header.startswith("'") else '"'
    if sniffed is None or sniffed[0] not in DELIMITERS:
        return by_header, quote
    delimiter = str(sniffed[0])
    if not counts[delimiter] and counts[by_header]:
        delimiter = by_header
    return delimiter, quote


def _check_header(path: Path, header: Sequence[str], delimiter: str) -> None:
    """Raise UnreadableFileError where the first line is no header."""
    numbers = [cell for cell in header if NUMBER_LIKE.fullmatch(cell)]
    if len(numbers) > 0.2 * len(header) or not any(header):
        line = delimiter.join(header)[:120]
        raise UnreadableFileError(
            f"{path}: the first line is no header but a row of values ({line}); write a line with the columns' names "
            "above it"
        )
    repeated = sorted(
        {cell for cell in header if cell and header.count(cell) > 1}
    )
    if repeated:
        raise UnreadableFileError(
            f"{path}: the header names {', '.join(repeated)} twice; give each column a name of its own"
        )


def _parquet(path: Path) -> Table:
    frame = duckdb.execute(
        "SELECT * FROM read_parquet(?) LIMIT ?", [str(path), ROWS]
    ).df()
    return Table(_texts(frame), {"format": "parquet"}, 1)


def _json_lines(path: Path, text: str) -> Table:
    """Return objects, one in each line; what is nested in them is left out."""
    objects = []
    for number, line in enumerate(text.splitlines()[:ROWS], start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except json.JSONDecodeError as error:
            raise UnreadableFileError(
                f"{path}: line {number} is no JSON object: {error}; each line must hold one object"
            ) from None
        objects.append(content)
    names: dict[str, None] = {}
    nested: set[str] = set()
    for content in objects:
        for name, value in content.items():
            names[name] = None
            if isinstance(value, dict | list):
                nested.add(name)
    remarks = []
    if nested:
        remarks.append(
            f"left out, because they hold lists or objects: {', '.join(sorted(nested))}"
        )
    columns = {
        name: [_json_text(content.get(name)) for content in objects]
        for name in names
        if name not in nested
    }
    files = {"format": "json_lines"}
    return Table(pd.DataFrame(columns, dtype=str), files, 1, remarks)


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return every cell as the text that a CSV file would hold."""
    columns = {}
    for name in frame.columns:
        values = frame[name]
        columns[name] = [
            "" if pd.isna(value) else _json_text(value)
            for value in values.tolist()
        ]
    return pd.DataFrame(columns, dtype=str)
