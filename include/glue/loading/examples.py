"""Shows for each rule that rows break the first of them, and says what its cell most likely is."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from include.contract.format.hints import hint
from include.glue.job_contract import JobColumn, JobContract
from include.glue.loading.run import Load
from include.glue.records.csv_extent import NOT_UTF_8

RULES_SHOWN = 20
NOT_READABLE = f"row: {NOT_UTF_8}"
TOO_MANY = "row: too many fields"
TOO_FEW = "row: too few fields"


def examples_of(
    load: Load, reasons: Mapping[str, int], contract: JobContract
) -> list[dict[str, Any]]:
    """Return rule, rows, file, line, reason and hint of the rules that most rows break; the hint may be empty."""
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    examples = []
    for rule, rows in most[:RULES_SHOWN]:
        places = sorted(_first_places(load, rule))
        if not places:
            continue
        path, line, reason = places[0]
        examples.append(
            {
                "rule": rule,
                "rows": rows,
                "source_file": path,
                "source_line": line,
                "reason": reason,
                "hint": _hint(load, rule, contract),
            }
        )
    return examples


def _first_places(load: Load, rule: str) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and reason of the first record of each part that breaks a rule."""
    for part, survey, lines_above in zip(
        load.parts, load.surveys, load.lines_above, strict=True
    ):
        first = survey.first_rejected.get(rule)
        if first is not None:
            yield part.found.path, first.line + lines_above, first.reason


def _hint(load: Load, rule: str, contract: JobContract) -> str:
    if rule == NOT_READABLE:
        return (
            "the file has another encoding, most likely windows-1252; write files: {encoding: windows-1252}, or save "
            "it as UTF-8"
        )
    if rule == TOO_MANY:
        return f"a cell holds {contract.dialect.delimiter!r} and has no quotes around it; export again with quotes"
    if rule.endswith(": the key is empty"):
        return "a lead needs a key; write key: {row: true} if nothing identifies one"
    column = _column_of(rule, contract)
    if column is None:
        return ""
    cells: list[str] = []
    for survey in load.surveys:
        for raw in survey.rejected_examples.get(rule, ()):
            cells += _cells_of(raw, column, contract)
    return hint(column.rule, cells)


def _column_of(rule: str, contract: JobContract) -> JobColumn | None:
    """Return the column whose rule it is; of two names that fit the longer one."""
    fitting = [
        column
        for column in contract.columns
        if rule.startswith(f"{column.name}: ")
    ]
    return max(fitting, key=lambda column: len(column.name), default=None)


def _cells_of(
    raw: str, column: JobColumn, contract: JobContract
) -> Iterator[str]:
    """Yield the cell of a column in a record as the quarantine has it."""
    for heading, cell in json.loads(raw).items():
        if contract.headings.find(heading) == column.field:
            yield cell
