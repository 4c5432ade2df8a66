"""Find the header of a CSV file, and what stands above it."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from include.contract.text import clean_text, heading_key
from include.glue.job_contract import JobContract
from include.glue.records.csv_dialect import Dialect
from include.glue.records.csv_extent import RawRecord, read_record
from include.glue.records.csv_lines import Line

HEADER_RECORDS = 20
"""The header is looked for in so many records that are not blank."""

DELIMITER_NAMES = {",": "','", ";": "';'", "\t": "a tab", "|": "'|'"}
SEPARATOR_LINE = re.compile(r'"? *sep *= *(.?) *"?', re.IGNORECASE)
"""What a spreadsheet writes above the header to name its separator."""

SHOWN_CHARACTERS = 120
SIMILAR = 0.7
ABSENT = -1
"""Place of a column that a file does not have and need not have."""


class SkippedLine(NamedTuple):
    """A line above the header that is no lead: its number and its text."""

    line: int
    text: str


class PlacedRecord(NamedTuple):
    """A record above the header, and the index of its first line."""

    start: int
    record: RawRecord


@dataclass(frozen=True)
class Header:
    """A file's header.

    Attributes:
        names: headings, cleaned, in the order of the file.
        positions: where the contract's columns are, ABSENT for one that is
            not there and need not be; empty with a problem.
        missing: names of the contract's columns that are not there.
        extra: headings that mean no column.
        rule: why no row of the file can be typed, in the same words for
            every such file; None if rows can be typed.
        problem: the rule, the line that was read as header, and what was
            expected.
        start: index of the header's first line.
        end: index of the first line below it.
        skipped: lines above it that are no leads.
        above: records above it that have too many cells for a title.
    """

    names: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    rule: str | None = None
    problem: str | None = None
    start: int = 0
    end: int = 0
    skipped: tuple[SkippedLine, ...] = ()
    above: tuple[PlacedRecord, ...] = ()

    @property
    def width(self) -> int:
        """Return the number of cells, 0 if the header cannot be read."""
        return len(self.names)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Return a name for each cell that no other cell has."""
        labels: list[str] = []
        for number, name in enumerate(self.names, start=1):
            label = name or f"(column {number} has no name)"
            while label in labels:
                label = f"{label} (column {number})"
            labels.append(label)
        return tuple(labels)


class _Candidate(NamedTuple):
    """A record that may be the header."""

    start: int
    record: RawRecord
    recognised: int
    complete: bool


def find_header(contract: JobContract, lines: Sequence[Line]) -> Header | None:
    """Return the header of a file, None if every line is blank.

    It is the first record in which every column of the contract is found.
    If there is none, it is the first one with the most columns of all, and
    the header has a problem.
    """
    candidates: list[_Candidate] = []
    delimiter: str | None = None
    dialect = contract.dialect
    for start, record in _first_records(lines, dialect):
        separator = _separator_line(record, lines[start], dialect)
        if separator is not None:
            delimiter = separator
            continue
        candidate = _candidate(contract, start, record)
        candidates.append(candidate)
        if candidate.complete:
            break
    if not candidates:
        return None
    best = max(candidates, key=lambda item: (item.complete, item.recognised))
    return _header(contract, lines, best, delimiter)


def _first_records(
    lines: Sequence[Line], dialect: Dialect
) -> Iterator[tuple[int, RawRecord]]:
    """Yield index and record of the first records that are not blank."""
    index = 0
    count = 0
    while index < len(lines) and count < HEADER_RECORDS:
        if lines[index].blank:
            index += 1
            continue
        record = read_record(lines, index, 0, dialect)
        if not record.blank or record.problem:
            count += 1
            yield index, record
        index += record.line_count


def _separator_line(
    record: RawRecord, line: Line, dialect: Dialect
) -> str | None:
    """Return the separator that the line names, None if it names none."""
    if record.line_count > 1:
        return None
    text = line.text.strip("\r\n\ufeff ")
    match = SEPARATOR_LINE.fullmatch(text.rstrip(dialect.delimiter))
    if match is None:
        return None
    return match[1] or dialect.delimiter


def _candidate(
    contract: JobContract, start: int, record: RawRecord
) -> _Candidate:
    fields = [contract.headings.find(cell) for cell in record.cells]
    recognised = {field for field in fields if field}
    complete = contract.required_fields <= recognised and not record.problem
    return _Candidate(start, record, len(recognised), complete)


def _header(
    contract: JobContract,
    lines: Sequence[Line],
    candidate: _Candidate,
    delimiter: str | None,
) -> Header:
    """Return the header that stands in a record."""
    record = candidate.record
    start = candidate.start
    if record.problem:
        rule = f"header cannot be read: {record.problem}"
        header = Header(rule=rule, problem=f"{rule}; {_shown(lines, start)}")
    else:
        header = read_header(contract, record.cells)
    problem = header.problem
    if header.missing:
        problem = f"{problem}{_nearest(header)}; {_shown(lines, start)}"
        problem += _expectation(contract, lines[start], candidate, delimiter)
    above, skipped = _split_above(lines, start, header.width, contract.dialect)
    return Header(
        names=header.names,
        positions=header.positions,
        missing=header.missing,
        extra=header.extra,
        rule=header.rule,
        problem=problem,
        start=start,
        end=start + record.line_count,
        skipped=skipped,
        above=above,
    )


def read_header(contract: JobContract, cells: Sequence[str]) -> Header:
    """Return the header whose headings are `cells`, in any order.

    Nameless columns are extra ones.
    """
    names = tuple(clean_text(cell) for cell in cells)
    fields = [contract.headings.find(name) for name in names]
    missing = tuple(
        column.name
        for column in contract.columns
        if column.required and column.field not in fields
    )
    extra = tuple(
        name or f"(column {number} has no name)"
        for number, (name, field) in enumerate(
            zip(names, fields, strict=True), start=1
        )
        if field is None
    )
    rule = _header_rule(contract, names, fields, missing)
    positions: tuple[int, ...] = ()
    if rule is None:
        positions = tuple(
            fields.index(field) if field in fields else ABSENT
            for field in contract.fields
        )
    return Header(names, positions, missing, extra, rule, rule)


def _header_rule(
    contract: JobContract,
    names: Sequence[str],
    fields: Sequence[str | None],
    missing: Sequence[str],
) -> str | None:
    """Return why no row of the file can be typed, or None."""
    if missing:
        return f"missing column: {', '.join(missing)}"
    for column in contract.columns:
        if fields.count(column.field) < 2:
            continue
        headings = [
            name
            for name, field in zip(names, fields, strict=True)
            if field == column.field
        ]
        if len(set(headings)) == 1:
            return f"column stands twice in the header: {headings[0]}"
        spellings = " and ".join(repr(heading) for heading in headings)
        return f"the headings {spellings} mean one column, {column.name}"
    return None


def _nearest(header: Header) -> str:
    """Return which unknown headings look like the missing columns, and what to write."""
    keys = {heading_key(name): name for name in header.extra}
    advice = ""
    for name in header.missing:
        near = difflib.get_close_matches(
            heading_key(name), keys, 1, cutoff=SIMILAR
        )
        if near:
            heading = keys[near[0]]
            advice += f"; {heading!r} is nearest to {name}: rename it, or write aliases: [{heading}] at the column"
    return advice


def _shown(lines: Sequence[Line], start: int) -> str:
    """Return which line was read as header, with its text."""
    text = _shorten(lines[start].text)
    return f"line {start + 1} was read as header: {text!r}"


def _shorten(text: str) -> str:
    text = text.strip("\r\n")
    if len(text) > SHOWN_CHARACTERS:
        return text[:SHOWN_CHARACTERS] + "…"
    return text


def _expectation(
    contract: JobContract,
    line: Line,
    candidate: _Candidate,
    delimiter: str | None,
) -> str:
    """Return how many columns were found, and what separates them."""
    expectation = (
        f", with {candidate.recognised} of {len(contract.columns)} columns"
    )
    if not candidate.recognised:
        expectation += f"; none in the first {HEADER_RECORDS} records has any"
    expected = contract.dialect.delimiter
    expected_name = DELIMITER_NAMES.get(expected, repr(expected))
    for separator, name in DELIMITER_NAMES.items():
        if separator == expected:
            continue
        headings = [cell.strip('" ') for cell in line.text.split(separator)]
        if contract.headings.recognised(headings) > candidate.recognised:
            return f"{expectation}; its cells are separated by {name}, expected {expected_name}"
    if delimiter not in (None, expected):
        return f"{expectation}; a line above says sep={delimiter}, expected {expected_name}"
    return expectation


def _split_above(
    lines: Sequence[Line], end: int, width: int, dialect: Dialect
) -> tuple[tuple[PlacedRecord, ...], tuple[SkippedLine, ...]]:
    """Return records above the header that may be leads, and other lines.

    A title has few cells. A record that fills half of the header's cells is
    none, so it must not be skipped.
    """
    above: list[PlacedRecord] = []
    skipped: list[SkippedLine] = []
    index = 0
    while index < end:
        record = RawRecord([], 1)
        if not lines[index].blank:
            record = read_record(lines[:end], index, width, dialect)
        if width and record.filled > 1 and 2 * record.filled >= width:
            above.append(PlacedRecord(index, record))
        else:
            skipped += [
                SkippedLine(number + 1, _shorten(lines[number].text))
                for number in range(index, index + record.line_count)
            ]
        index += record.line_count
    return tuple(above), tuple(skipped)
