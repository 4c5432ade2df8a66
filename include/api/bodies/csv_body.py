"""Read leads from CSV: a header line, then a line for each lead.

Cells are separated by commas, with or without a space behind, and the text is UTF-8; or both are as in the files of the
contract. A line `sep=,` before the header, as Excel writes it, is obeyed. Rows in which every cell is blank are no
leads; they are counted.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from io import BytesIO, StringIO, TextIOWrapper
from itertools import chain
from typing import IO, TextIO

from include.api.bodies.header import check_header
from include.api.bodies.sent_leads import SentLeads, check_columns, check_count
from include.api.errors import UnreadableBodyError
from include.contract.text import INVISIBLE, JOINERS, clean_text
from include.scoring.leads.names import LeadNames, quoted

SEPARATOR_LINE = re.compile(r'"?sep *= *(?P<separator>.)"?,*', re.IGNORECASE)


UTF_8 = "utf-8"
PIECE = 1 << 20


@lru_cache(maxsize=16)
def _space_before_quote(delimiter: str, quote: str) -> re.Pattern[str]:
    """Return white space other than plain spaces; the quote behind it would be taken for a part of the cell."""
    sign = re.escape(delimiter)
    space = rf"(?!{sign})(?:[^\S\r\n ]|{INVISIBLE.pattern}|[{JOINERS}])"
    return re.compile(rf"(?:^|{sign}) *{space}[^{sign}{quote}]*{quote}")


class CsvTable:
    """Read one CSV row by row.

    Attributes:
        header: the cells of the header line, as they were sent.
        blank_rows: how many rows of nothing have been passed so far.
    """

    def __init__(
        self, text: TextIO, names: LeadNames, max_columns: int
    ) -> None:
        """Read as far as the header.

        Args:
            text: opened with `newline=""`.
            names: of the contract's columns.
            max_columns: that the header may have.

        Raises:
            UnreadableBodyError: there is no header, or it is not CSV separated by commas or as the contract says.
            BodyTooLargeError: the header has more columns than it may have.
            HeaderRefusedError: the first line is no header of this contract, or two headings mean one column.
        """
        self.blank_rows = 0
        self._has_odd_quotes = False
        own_sign = names.files.delimiter
        separator, first, rest = _split_separator_line(text, own_sign)
        delimiter = separator or _delimiter_of(first, names)
        self._quote = names.files.quote if delimiter == own_sign else '"'
        self._space_before_quote = _space_before_quote(delimiter, self._quote)
        self._reader = csv.reader(
            self._lines(chain([first], rest)),
            strict=True,
            skipinitialspace=True,
            delimiter=delimiter,
            quotechar=self._quote,
        )
        self.header = next(self._records(), [])
        check_columns(len(self.header), max_columns)
        check_header(self.header, names)

    def rows(self) -> Iterator[list[str]]:
        """Yield the rows one by one, each as long as the header.

        Raises:
            UnreadableBodyError: at the line that is not CSV in UTF-8, or has not as many cells as the header.
        """
        for number, row in enumerate(self._records(), start=1):
            if len(row) != len(self.header):
                raise UnreadableBodyError(
                    f"row {number} does not have as many cells as the header: {len(row)}, not {len(self.header)}, "
                    f"up to line {self._reader.line_num}"
                )
            yield row

    def _lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield the lines, and remember whether any may have a quote that the reader takes for text."""
        for line in lines:
            if self._quote in line and self._space_before_quote.search(line):
                self._has_odd_quotes = True
            yield line

    def _records(self) -> Iterator[list[str]]:
        """Yield the rows that are not blank."""
        try:
            for row in self._reader:
                if self._has_odd_quotes:
                    _check_quotes(row, self._quote, self._reader.line_num)
                if any(map(clean_text, row)):
                    yield row
                elif row:
                    self.blank_rows += 1
        except UnicodeDecodeError as error:
            raise UnreadableBodyError(f"not CSV in UTF-8: {error}") from error
        except csv.Error as error:
            raise UnreadableBodyError(
                f"not CSV in UTF-8: {error}, up to line {self._reader.line_num}"
            ) from error


def parse_csv(
    body: bytes, names: LeadNames, max_columns: int, max_leads: int
) -> SentLeads:
    """Return the leads of a CSV body with a header line, in UTF-8 or in the encoding of the contract's files.

    Raises:
        UnreadableBodyError: it is not CSV in UTF-8, or has no lead.
        BodyTooLargeError: it has more than `max_columns` columns or `max_leads` leads.
        HeaderRefusedError: its first line is no header of this contract.
    """
    try:
        text = body.decode(_encoding_of(BytesIO(body), names))
    except UnicodeDecodeError as error:
        raise UnreadableBodyError(f"not CSV in UTF-8: {error}") from error
    table = CsvTable(StringIO(text, newline=""), names, max_columns)
    leads = []
    for row in table.rows():
        leads.append(dict(zip(table.header, row, strict=True)))
        check_count(len(leads), max_leads)
    if not leads:
        raise no_lead()
    return SentLeads(leads, blank_rows=table.blank_rows)


def no_lead() -> UnreadableBodyError:
    """Return the error of a CSV that ends after its header."""
    return UnreadableBodyError(
        "the CSV has no lead; expected a header line and a line per lead"
    )


def _check_quotes(row: Sequence[str], quote: str, line: int) -> None:
    """Raise UnreadableBodyError for a cell that begins with white space before a quote."""
    for cell in row:
        begins_with_quote = clean_text(cell)[:1] == quote
        if begins_with_quote and cell[0] not in (" ", quote):
            raise UnreadableBodyError(
                f"not CSV: up to line {line} there is white space other than a space before a quote; take it out"
            )


def open_csv(uploaded: IO[bytes], names: LeadNames) -> TextIOWrapper:
    """Return the text of a CSV file that can be read twice, in UTF-8 or in the encoding of the contract's files."""
    encoding = _encoding_of(uploaded, names)
    return TextIOWrapper(uploaded, encoding=encoding, newline="")


def _encoding_of(content: IO[bytes], names: LeadNames) -> str:
    """Return UTF-8 where all of the content is UTF-8, else the contract's encoding; reads on from the beginning."""
    own_encoding = codecs.lookup(names.files.encoding).name
    if own_encoding == UTF_8:
        return UTF_8
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        while piece := content.read(PIECE):
            decoder.decode(piece)
            if own_encoding.startswith("utf-") and b"\0" in piece:
                return own_encoding
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return own_encoding
    finally:
        content.seek(0)
    return UTF_8


def _delimiter_of(header: str, names: LeadNames) -> str:
    """Return the contract's delimiter, or a comma where more cells of the header mean a column with it."""
    recognised = {}
    for sign in (names.files.delimiter, ","):
        cells = [cell.strip("\"' \r\n") for cell in header.split(sign)]
        recognised[sign] = len(cells) - len(names.unknown(cells))
    return max(recognised, key=lambda sign: recognised[sign])


def _split_separator_line(
    lines: Iterable[str], own_sign: str
) -> tuple[str | None, str, Iterator[str]]:
    """Return the separator that a first line names, if one does, the line below it, and all others.

    Byte order marks at the beginning are taken away.

    Raises:
        UnreadableBodyError: the line names another separator than a comma and the contract's; or the first line cannot
            be read.
    """
    remaining = iter(lines)
    try:
        first = next(remaining, "").lstrip("\ufeff")
        match = SEPARATOR_LINE.fullmatch(clean_text(first))
        if match is None:
            return None, first, remaining
        separator = match["separator"]
        if separator not in (",", own_sign):
            raise UnreadableBodyError(
                f"the first line says that {quoted(separator)} separates cells; separate them by commas"
            )
        return separator, next(remaining, ""), remaining
    except UnicodeDecodeError as error:
        raise UnreadableBodyError(f"not CSV in UTF-8: {error}") from error
