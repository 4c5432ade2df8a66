"""Turn a CSV file into records: typed rows, rejected rows with the reason, and a summary of the file.

    for record in parse_file(contract, content): ...

or, for a part of a file whose header is known,

    record, line_count = parse_record(contract, header, lines, start)
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from include.glue.errors import UnreadableFileError
from include.glue.job_contract import JobContract
from include.glue.records.csv_dialect import Dialect
from include.glue.records.csv_extent import NOT_UTF_8, RawRecord, read_record
from include.glue.records.csv_header import ABSENT, Header, find_header
from include.glue.records.csv_lines import Line, split_lines
from include.glue.records.encodings import is_utf_8
from include.glue.records.other_formats import JSON_LINES, json_problem
from include.glue.records.rows import BrokenRule, type_row

ABOVE_HEADER = "row: it stands above the header"
FOOTER = "row: a footer below the table"
FOOTER_RECORDS = 20
"""More records than this at the end of a file are no footer."""
FOOTER_CELLS = 2
"""A line of a footer has at most a label and a figure."""
SKIPPED_LINES_NAMED = 20


class Record(NamedTuple):
    """What becomes of one record of a file.

    Its kind is `row` (typed), `rejected`, `blank`, or `file`, whose summary
    is in `raw`.

    Attributes:
        kind: see above.
        line: number of its first line in the file, from 1.
        raw: JSON of its cells by heading, or of its text if it has no cells.
        rule: that it breaks, in the same words for every such record.
        reason: the rule with what was found.
        values: of a row, in the contract's order.
        null_tokens: of a row, see `TypedRow`.
        footer: whether it may be a line of a footer, at the end of a file.
    """

    kind: str
    line: int
    raw: str
    rule: str | None = None
    reason: str | None = None
    values: tuple[Any, ...] | None = None
    null_tokens: Sequence[tuple[str, str]] = ()
    footer: bool = False


@dataclass
class FileCounts:
    """What a file, or a part of one, holds.

    Attributes:
        rows: records, blank ones included.
        blank_rows: records without a filled cell.
        null_tokens: rows by field and by text that means missing.
    """

    rows: int = 0
    blank_rows: int = 0
    null_tokens: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        """Count one record that is no summary."""
        self.rows += 1
        self.blank_rows += record.kind == "blank"
        self.null_tokens.update(record.null_tokens)


def parse_file(contract: JobContract, content: bytes) -> Iterator[Record]:
    """Yield every row of a CSV file as a record, then one of kind `file`.

    Blank rows are counted in the summary and not yielded. Empty lines are no
    rows.
    """
    try:
        lines = split_lines(content, contract.files.encoding)
    except UnreadableFileError as error:
        yield summarise_file(FileCounts(), Header(problem=str(error)), True)
        return
    header = find_header(contract, lines)
    if header is None:
        yield summarise_file(FileCounts(), Header(problem="empty file"))
        return
    counts = FileCounts()
    for record in parse_records(contract, header, lines):
        counts.add(record)
        if record.kind != "blank":
            yield record
    yield summarise_file(counts, header)


def parse_records(
    contract: JobContract, header: Header, lines: Sequence[Line]
) -> Iterator[Record]:
    """Yield every record of a file, blank ones included, without a summary."""
    yield from records_above(header, lines)
    yield from name_footer(_parse_below(contract, header, lines))


def records_above(header: Header, lines: Sequence[Line]) -> Iterator[Record]:
    """Yield the records above the header that are no title, as rejected."""
    for start, record in header.above:
        raw = _raw_lines(lines, start, record.line_count)
        yield Record("rejected", start + 1, raw, ABOVE_HEADER, ABOVE_HEADER)


def _parse_below(
    contract: JobContract, header: Header, lines: Sequence[Line]
) -> Iterator[Record]:
    """Yield the records below the header."""
    start = header.end
    while start < len(lines):
        record, line_count = parse_record(contract, header, lines, start)
        if record is not None:
            yield record
        start += line_count


def parse_record(
    contract: JobContract,
    header: Header,
    lines: Sequence[Line],
    start: int,
) -> tuple[Record | None, int]:
    """Return the record that begins at `lines[start]`, and its lines.

    The record is None for an empty line. `lines` must reach as far as the
    longest record, as quotes are followed to where they are closed.
    """
    dialect = contract.dialect
    if is_empty(lines[start], dialect):
        return None, 1
    raw_record = read_record(lines, start, header.width, dialect)
    record = _judge_record(contract, header, lines, start, raw_record)
    return record, raw_record.line_count


def is_empty(line: Line, dialect: Dialect) -> bool:
    """Return whether the line has no cells: a line of tabs has some, where tabs separate them."""
    if not line.blank:
        return False
    return not dialect.delimiter.isspace() or dialect.delimiter not in line.text


def _judge_record(
    contract: JobContract,
    header: Header,
    lines: Sequence[Line],
    start: int,
    raw_record: RawRecord,
) -> Record:
    number = start + 1
    if not raw_record.problem and raw_record.blank:
        return Record("blank", number, "")
    broken_rule = _broken_row_rule(contract, header, raw_record)
    if broken_rule is None:
        return _parse_row(contract, header, number, raw_record)
    raw = _raw_lines(lines, start, raw_record.line_count)
    return Record(
        "rejected",
        number,
        raw,
        broken_rule.rule,
        broken_rule.reason,
        footer=_may_be_footer(raw_record, header, contract.dialect),
    )


def _broken_row_rule(
    contract: JobContract, header: Header, raw_record: RawRecord
) -> BrokenRule | None:
    """Return why the record is no row of the header's cells, or None."""
    if raw_record.problem:
        rule = f"row: {raw_record.problem}"
        encoding = contract.files.encoding
        if raw_record.problem == NOT_UTF_8 and not is_utf_8(encoding):
            rule = f"row: in UTF-8 and not in {encoding}, as the contract says"
        return BrokenRule(rule, rule + _extent(raw_record))
    width = len(raw_record.cells)
    if width == 1 and contract.files.format == JSON_LINES:
        rule = f"row: {json_problem(contract, raw_record.cells[0])}"
        return BrokenRule(rule, rule)
    if header.rule or width == header.width:
        return None
    amount = "many" if width > header.width else "few"
    rule = f"row: too {amount} fields"
    widths = f"({width} instead of {header.width})"
    return BrokenRule(rule, f"{rule} {widths}{_extent(raw_record)}")


def _extent(raw_record: RawRecord) -> str:
    """Return how many lines the record has, if it has more than one."""
    if raw_record.line_count == 1:
        return ""
    return f", {raw_record.line_count} lines"


def _raw_lines(lines: Sequence[Line], start: int, line_count: int) -> str:
    """Return the lines as they are written, as JSON."""
    text = "".join(line.text for line in lines[start : start + line_count])
    return json.dumps({"line": text.rstrip("\r\n")}, ensure_ascii=False)


def _parse_row(
    contract: JobContract,
    header: Header,
    number: int,
    raw_record: RawRecord,
) -> Record:
    """Return the record of a row, typed or with every rule that it breaks."""
    cells = raw_record.cells
    if header.rule:
        raw = json.dumps({"cells": cells}, ensure_ascii=False)
        return Record("rejected", number, raw, header.rule, header.problem)
    raw = json.dumps(
        dict(zip(header.labels, cells, strict=True)), ensure_ascii=False
    )
    row = type_row(
        contract,
        [
            None if place == ABSENT else cells[place]
            for place in header.positions
        ],
    )
    if not row.broken_rules:
        return Record(
            "row",
            number,
            raw,
            values=row.values,
            null_tokens=row.null_tokens,
        )
    reasons = "; ".join(broken_rule.reason for broken_rule in row.broken_rules)
    return Record(
        "rejected",
        number,
        raw,
        row.broken_rules[0].rule,
        reasons,
        footer=_may_be_footer(raw_record, header, contract.dialect),
    )


def _may_be_footer(
    raw_record: RawRecord, header: Header, dialect: Dialect
) -> bool:
    """Return whether the record has as little in it as a line of a footer.

    A row that stands in one cell, with all its separators, is none.
    """
    if raw_record.problem or header.rule:
        return False
    separators = sum(cell.count(dialect.delimiter) for cell in raw_record.cells)
    return raw_record.filled <= FOOTER_CELLS and separators < header.width - 1


def name_footer(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the records, those of a footer at their end rejected as such.

    A blank record may stand in a footer; it keeps its kind.
    """
    pending: list[Record] = []
    too_many = False
    for record in records:
        if record.kind == "blank" or (record.footer and too_many):
            yield record
            continue
        if record.footer:
            pending.append(record)
            too_many = len(pending) > FOOTER_RECORDS
            if not too_many:
                continue
            yield from pending
        else:
            too_many = False
            yield from pending
            yield record
        pending = []
    for record in pending:
        reason = f"{FOOTER}: {record.reason}"
        yield record._replace(rule=FOOTER, reason=reason)


def summarise_file(
    counts: FileCounts, header: Header, unreadable: bool = False
) -> Record:
    """Return the record of kind `file`."""
    problem = header.problem
    if problem is None and counts.rows == counts.blank_rows:
        problem = "header without rows"
    null_tokens: dict[str, dict[str, int]] = {}
    for (name, token), rows in sorted(counts.null_tokens.items()):
        null_tokens.setdefault(name, {})[token] = rows
    summary = {
        "rows": counts.rows,
        "blank_rows": counts.blank_rows,
        "problem": problem,
        "unreadable": unreadable,
        "missing": header.missing,
        "extra": header.extra,
        "skipped_lines": len(header.skipped),
        "skipped": header.skipped[:SKIPPED_LINES_NAMED],
        "null_tokens": null_tokens,
    }
    return Record("file", 0, json.dumps(summary))
