"""Count what a load did, as its metrics.json says it.

Always: input rows = loaded + quarantined + duplicates + blank. A row is a
record, however many lines it takes.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from include.glue.job_contract import JobContract
from include.glue.loading.duplicates import SUPERSEDED
from include.glue.loading.examples import examples_of
from include.glue.loading.run import Load
from include.glue.loading.survey import Survey
from include.glue.loading.writing import sum_levels
from include.glue.records.csv_header import Header
from include.glue.records.csv_records import FOOTER, FileCounts, summarise_file
from include.glue.records.rows import damaged_key_rules
from include.glue.storage import Listing

LEVELS_REPORTED = 20
UNREAD_OBJECTS_NAMED = 100
SKIPPED_LINES_NAMED = 100


def summarise(
    load: Load, listing: Listing, contract: JobContract
) -> dict[str, Any]:
    """Return the counts of the load and of each file."""
    summaries = _file_summaries(load)
    reasons = _reasons(load)
    decision = load.decision
    return {
        "files": [
            _file_metrics(
                path,
                summaries[path],
                listing.sizes.get(path),
                decision.repeated_rows[path],
            )
            for path in sorted(summaries)
        ],
        "input_rows": _sum_of(summaries, "rows"),
        "loaded_rows": sum(part.loaded for part in load.written),
        "quarantined_rows": sum(part.quarantined for part in load.written),
        "duplicate_rows": decision.duplicates,
        "blank_rows": _sum_of(summaries, "blank_rows"),
        "superseded_rows": decision.superseded,
        "footer_rows": reasons.get(FOOTER, 0),
        "missing_columns": _columns_of(summaries, "missing"),
        "extra_columns": _columns_of(summaries, "extra"),
        "reasons": reasons,
        "examples": examples_of(load, reasons, contract),
        "damaged_keys": _damaged_keys(load, reasons, contract),
        "repeated_keys": decision.repeated_keys,
        "repeated_key_rows": _repeated_key_rows(load),
        "null_tokens": _null_tokens(summaries),
        "skipped_lines": _skipped_lines(summaries),
        "unread_objects": [
            {"path": path, "reason": listing.unread[path]}
            for path in sorted(listing.unread)[:UNREAD_OBJECTS_NAMED]
        ],
        "unread_object_count": len(listing.unread),
        "unknown_levels": _unknown_levels(load),
    }


def _repeated_key_rows(load: Load) -> list[dict[str, Any]]:
    """Return two rows of one file that have one key and differ, with their lines, if there are any."""
    examples: dict[int, str] = {}
    for part in load.written:
        examples.update(part.examples)
    return [
        {"source_line": line, "raw": raw}
        for line, raw in sorted(examples.items())
    ]


def _sum_of(summaries: Mapping[str, Mapping[str, Any]], name: str) -> int:
    return sum(summary[name] for summary in summaries.values())


def _file_summaries(load: Load) -> dict[str, dict[str, Any]]:
    """Return each file's summary, by path."""
    surveys: dict[str, list[Survey]] = {}
    for part, survey in zip(load.parts, load.surveys, strict=True):
        surveys.setdefault(part.found.path, []).append(survey)
    return {path: _summarise_file(parts) for path, parts in surveys.items()}


def _summarise_file(surveys: Sequence[Survey]) -> dict[str, Any]:
    """Return the summary of the file with these parts."""
    first = surveys[0]
    header = first.header or Header(problem="empty file")
    unreadable = [survey.unreadable for survey in surveys if survey.unreadable]
    if unreadable:
        header = Header(problem=unreadable[0])
    counts = FileCounts()
    for survey in surveys:
        counts.rows += survey.counts.rows
        counts.blank_rows += survey.counts.blank_rows
        counts.null_tokens.update(survey.counts.null_tokens)
    record = summarise_file(counts, header, bool(unreadable))
    summary: dict[str, Any] = json.loads(record.raw)
    return summary


def _reasons(load: Load) -> dict[str, int]:
    """Return the rows in quarantine by the rule that they break."""
    reasons: Counter[str] = Counter()
    for survey in load.surveys:
        reasons.update(survey.rejected)
    if load.decision.superseded:
        reasons[SUPERSEDED] = load.decision.superseded
    return dict(reasons)


def _damaged_keys(
    load: Load, reasons: Mapping[str, int], contract: JobContract
) -> dict[str, Any] | None:
    """Return how many keys a spreadsheet has damaged, and the first one."""
    rules = damaged_key_rules(contract)
    first_places: list[tuple[str, int, str | None]] = []
    for part, survey, lines_above in zip(
        load.parts, load.surveys, load.lines_above, strict=True
    ):
        for rule in rules:
            rejected = survey.first_rejected.get(rule)
            if rejected is not None:
                line = lines_above + rejected.line
                first_places.append((part.found.path, line, rejected.reason))
    if not first_places:
        return None
    path, line, reason = min(first_places)
    return {
        "rows": sum(reasons.get(rule, 0) for rule in rules),
        "source_file": path,
        "source_line": line,
        "reason": reason,
    }


def _null_tokens(
    summaries: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, int]]:
    """Return the rows by field and text that means missing, without the empty one."""
    totals: dict[str, dict[str, int]] = {}
    for summary in summaries.values():
        for field, tokens in summary["null_tokens"].items():
            field_tokens = totals.setdefault(field, {})
            for token, rows in tokens.items():
                field_tokens[token] = field_tokens.get(token, 0) + rows
    return totals


def _skipped_lines(
    summaries: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return the lines above a header that are no leads, the first ones."""
    lines = [
        {"source_file": path, "source_line": number, "text": text}
        for path, summary in sorted(summaries.items())
        for number, text in summary["skipped"]
    ]
    return lines[:SKIPPED_LINES_NAMED]


def _columns_of(
    summaries: Mapping[str, Mapping[str, Any]], kind: str
) -> list[str]:
    """Return the columns that are `missing` or `extra` in any file."""
    columns: set[str] = set()
    for summary in summaries.values():
        columns.update(summary[kind])
    return sorted(columns)


def _file_metrics(
    path: str, summary: Mapping[str, Any], size: int | None, superseded: int
) -> dict[str, Any]:
    return {
        "source_file": path,
        "rows": summary["rows"],
        "blank_rows": summary["blank_rows"],
        "superseded_rows": superseded,
        "skipped_lines": summary["skipped_lines"],
        "bytes": size,
        "problem": summary["problem"],
        "unreadable": summary["unreadable"],
    }


def _unknown_levels(load: Load) -> dict[str, dict[str, int]]:
    """Return the levels that the contract does not list, with their rows, by field; the 20 most frequent of each."""
    return {
        field: dict(
            sorted(counts.items(), key=lambda item: (-item[1], item[0]))[
                :LEVELS_REPORTED
            ]
        )
        for field, counts in sorted(sum_levels(load.written).items())
    }
