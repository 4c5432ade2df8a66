"""Read leads from CSV: a header line, then a line for each lead.

Cells are separated by commas, with or without a space behind. A line `sep=,` before the header, as Excel writes it, is
obeyed. Rows in which every cell is blank are no leads; they are counted.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import TextIO

from include.api.bodies.header import check_header
from include.api.bodies.sent_leads import SentLeads, check_columns, check_count
from include.api.errors import UnreadableBodyError
from include.contract.text import INVISIBLE, JOINERS, clean_text
from include.scoring.leads.names import LeadNames, quoted

SEPARATOR_LINE = re.compile(r'"?sep *= *(?P<separator>.)"?,*', re.IGNORECASE)


SPACE_BEFORE_QUOTE = re.compile(
    rf'(?:^|,) *(?:[^\S\r\n ]|{INVISIBLE.pattern}|[{JOINERS}])[^,"]*"'
)
"""White space other than plain spaces; the quote behind it would be taken for a part of the cell."""


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
            UnreadableBodyError: there is no header, or it is not CSV in UTF-8 separated by commas.
            BodyTooLargeError: the header has more columns than it may have.
            HeaderRefusedError: the first line is no header of this contract, or two headings mean one column.
        """
        self.blank_rows = 0
        self._has_odd_quotes = False
        self._reader = csv.reader(
            self._lines(text), strict=True, skipinitialspace=True
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

    def _lines(self, text: TextIO) -> Iterator[str]:
        """Yield the lines, and remember whether any may have a quote that the reader takes for text."""
        for line in _without_separator_line(text):
            if '"' in line and SPACE_BEFORE_QUOTE.search(line):
                self._has_odd_quotes = True
            yield line

    def _records(self) -> Iterator[list[str]]:
        """Yield the rows that are not blank."""
        try:
            for row in self._reader:
                if self._has_odd_quotes:
                    _check_quotes(row, self._reader.line_num)
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
    """Return the leads of a UTF-8 CSV body with a header line.

    Raises:
        UnreadableBodyError: it is not CSV in UTF-8, or has no lead.
        BodyTooLargeError: it has more than `max_columns` columns or `max_leads` leads.
        HeaderRefusedError: its first line is no header of this contract.
    """
    try:
        text = body.decode()
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


def _check_quotes(row: Sequence[str], line: int) -> None:
    """Raise UnreadableBodyError for a cell that begins with white space before a quote."""
    for cell in row:
        begins_with_quote = clean_text(cell)[:1] == '"'
        if begins_with_quote and cell[0] not in ' "':
            raise UnreadableBodyError(
                f"not CSV: up to line {line} there is white space other than a space before a quote; take it out"
            )


def _without_separator_line(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines without byte order marks at the beginning, and without a first line `sep=,`.

    Raises:
        UnreadableBodyError: the first line names another separator.
    """
    remaining = iter(lines)
    first = next(remaining, "").lstrip("\ufeff")
    separator_line = SEPARATOR_LINE.fullmatch(clean_text(first))
    if separator_line is None:
        yield first
    elif separator_line["separator"] != ",":
        raise UnreadableBodyError(
            f"the first line says that {quoted(separator_line['separator'])} separates cells; separate them by commas"
        )
    yield from remaining
