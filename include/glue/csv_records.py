"""Turns a CSV file into records: typed rows, rejected rows with the reason, and a summary of the file."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from include.glue.csv_lines import Line, split_lines, split_record
from include.glue.job_contract import JobContract
from include.glue.rows import BrokenRule, type_row


class Record(NamedTuple):
    """What becomes of one source row.

    Its kind is `row` (typed), `rejected`, or `file`, whose summary is in `raw`.
    """

    kind: str
    line: int
    raw: str
    rule: str | None = None
    reason: str | None = None
    values: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Header:
    """A file's header: column names as written, where the contract's columns are, and what is wrong with it."""

    names: tuple[str, ...]
    positions: tuple[int, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    problem: str | None = None


def parse_file(contract: JobContract, content: bytes) -> Iterator[Record]:
    """Yield every row of a CSV file as a record, then one of kind `file` with its summary. Blank lines are no rows."""
    lines = split_lines(content)
    start = next(
        (index for index, line in enumerate(lines) if not line.blank),
        len(lines),
    )
    if start == len(lines):
        yield _summary(0, Header((), (), problem="empty file"))
        return
    header, header_lines = _read_header_lines(contract, lines, start)
    rows = 0
    for record in _parse_rows(contract, header, lines, start + header_lines):
        rows += 1
        yield record
    yield _summary(rows, header)


def _read_header_lines(
    contract: JobContract, lines: Sequence[Line], start: int
) -> tuple[Header, int]:
    """Return the header that begins at `lines[start]`, and how many lines it takes."""
    try:
        cells, line_count = split_record(lines, start)
    except csv.Error as error:
        return Header((), (), problem=f"header cannot be read: {error}"), 1
    return read_header(contract, cells), line_count


def read_header(contract: JobContract, cells: Sequence[str]) -> Header:
    """Return the header whose names are `cells`: matched by trimmed name, in any order; nameless columns are extra."""
    names = tuple(cell.strip() for cell in cells)
    contract_names = [column.name for column in contract.columns]
    missing = tuple(name for name in contract_names if name not in names)
    extra = tuple(
        name or f"(column {number} has no name)"
        for number, name in enumerate(names, start=1)
        if name not in contract_names
    )
    problem = _header_problem(names, missing)
    positions: tuple[int, ...] = ()
    if problem is None:
        positions = tuple(names.index(name) for name in contract_names)
    return Header(names, positions, missing, extra, problem)


def _header_problem(names: Sequence[str], missing: Sequence[str]) -> str | None:
    """Return why no row of the file can be typed, or None."""
    if missing:
        return f"missing column: {', '.join(missing)}"
    repeated = sorted(
        {name for name in names if name and names.count(name) > 1}
    )
    if repeated:
        return f"column stands twice in the header: {', '.join(repeated)}"
    return None


def _summary(rows: int, header: Header) -> Record:
    """Return the record of kind `file`."""
    problem = header.problem
    if problem is None and rows == 0:
        problem = "header without rows"
    summary = {
        "rows": rows,
        "problem": problem,
        "missing": header.missing,
        "extra": header.extra,
    }
    return Record("file", 0, json.dumps(summary))


def _parse_rows(
    contract: JobContract, header: Header, lines: Sequence[Line], start: int
) -> Iterator[Record]:
    """Yield the records of the rows from `lines[start]` on."""
    while start < len(lines):
        record, line_count = _parse_record(contract, header, lines, start)
        if record:
            yield record
        start += line_count


def _parse_record(
    contract: JobContract, header: Header, lines: Sequence[Line], start: int
) -> tuple[Record | None, int]:
    """Return the record that begins at `lines[start]`, None for a blank line, and how many lines it takes.

    A line that is rejected is taken alone, so that an unclosed quote costs one row and not the rest of the file.
    """
    line = lines[start]
    number = start + 1
    if line.blank:
        return None, 1
    try:
        cells, line_count = split_record(lines, start)
    except csv.Error as error:
        return _rejected_line(
            number, line, BrokenRule(f"row: {error}", f"row: {error}")
        ), 1
    broken_rule = _field_count_rule(header, cells)
    if broken_rule:
        return _rejected_line(number, line, broken_rule), 1
    if not cells:
        return None, line_count
    return _parse_row(contract, header, number, cells), line_count


def _field_count_rule(
    header: Header, cells: Sequence[str]
) -> BrokenRule | None:
    """Return the rule that a row with another number of fields than the header breaks."""
    if header.problem or len(cells) == len(header.names):
        return None
    amount = "many" if len(cells) > len(header.names) else "few"
    rule = f"row: too {amount} fields"
    return BrokenRule(
        rule, f"{rule} ({len(cells)} instead of {len(header.names)})"
    )


def _rejected_line(number: int, line: Line, broken_rule: BrokenRule) -> Record:
    """Return the record of a line that is no row; the line stands in it as it was written."""
    raw = json.dumps({"line": line.text.rstrip("\r\n")}, ensure_ascii=False)
    return Record("rejected", number, raw, broken_rule.rule, broken_rule.reason)


def _parse_row(
    contract: JobContract, header: Header, number: int, cells: list[str]
) -> Record:
    """Return the record of a row, typed or rejected with every rule that it breaks."""
    if header.problem:
        raw = json.dumps({"cells": cells}, ensure_ascii=False)
        return Record("rejected", number, raw, header.problem, header.problem)
    raw = json.dumps(
        dict(zip(header.names, cells, strict=True)), ensure_ascii=False
    )
    values, broken_rules = type_row(
        contract, [cells[position] for position in header.positions]
    )
    if broken_rules:
        reasons = "; ".join(broken_rule.reason for broken_rule in broken_rules)
        return Record("rejected", number, raw, broken_rules[0].rule, reasons)
    return Record("row", number, raw, values=values)
