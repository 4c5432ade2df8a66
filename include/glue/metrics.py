"""Count what a load did, as its metrics.json says it.

Always: input rows = loaded + quarantined + duplicates + blank. A row is a
record, however many lines it takes.
"""

import json
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from include.glue.csv_records import FOOTER
from include.glue.errors import JobFailedError
from include.glue.job_contract import JobContract
from include.glue.outcomes import SUPERSEDED
from include.glue.rows import damaged_key_rules
from include.glue.storage import Listing

LEVELS_REPORTED = 20
UNREAD_OBJECTS_NAMED = 100
SKIPPED_LINES_NAMED = 100
REPEATED_KEYS_NAMED = 5
EMPTY_FILE: dict[str, Any] = {
    "rows": 0,
    "blank_rows": 0,
    "problem": "empty file",
    "unreadable": False,
    "missing": [],
    "extra": [],
    "skipped_lines": 0,
    "skipped": [],
    "null_tokens": {},
}
"""Summary of an object of 0 bytes, which Spark leaves out."""


def summarise(
    outcomes: DataFrame,
    listing: Listing,
    source_uri: str,
    contract: JobContract,
) -> dict[str, Any]:
    """Return the counts of the load and of each file, without the unknown levels.

    Raises:
        JobFailedError: an object that was listed has not been read.
    """
    counts = (
        outcomes.where("_outcome != 'file'")
        .groupBy("_outcome", "_rule")
        .count()
        .collect()
    )
    summaries = _file_summaries(outcomes, listing.sizes, source_uri)
    repeated = _repeated_keys(outcomes, contract)
    return {
        "files": [
            _file_metrics(
                path,
                summaries[path],
                listing.sizes.get(path),
                repeated.rows.get(path, 0),
            )
            for path in sorted(summaries)
        ],
        "input_rows": _sum_of(summaries, "rows"),
        "loaded_rows": _rows_of(counts, "loaded"),
        "quarantined_rows": _rows_of(counts, "quarantined"),
        "duplicate_rows": _rows_of(counts, "duplicate"),
        "blank_rows": _sum_of(summaries, "blank_rows"),
        "superseded_rows": _rows_with_rule(counts, SUPERSEDED),
        "footer_rows": _rows_with_rule(counts, FOOTER),
        "missing_columns": _columns_of(summaries, "missing"),
        "extra_columns": _columns_of(summaries, "extra"),
        "reasons": {
            row["_rule"]: row["count"]
            for row in counts
            if row["_outcome"] == "quarantined"
        },
        "damaged_keys": _damaged_keys(outcomes, counts, contract),
        "repeated_keys": repeated.keys,
        "null_tokens": _null_tokens(summaries),
        "skipped_lines": _skipped_lines(summaries),
        "unread_objects": [
            {"path": path, "reason": listing.unread[path]}
            for path in sorted(listing.unread)[:UNREAD_OBJECTS_NAMED]
        ],
        "unread_object_count": len(listing.unread),
    }


def _sum_of(summaries: dict[str, dict[str, Any]], name: str) -> int:
    return sum(summary[name] for summary in summaries.values())


def _file_summaries(
    outcomes: DataFrame, sizes: dict[str, int], source_uri: str
) -> dict[str, dict[str, Any]]:
    """Return each file's summary, by path. Raises JobFailedError for a file that was listed and not read."""
    files = outcomes.where("_outcome = 'file'").collect()
    summaries = {row["_file"]: json.loads(row["_raw"]) for row in files}
    for path, size in sizes.items():
        if path in summaries:
            continue
        if size:
            raise vanished(path, source_uri)
        summaries[path] = EMPTY_FILE
    return summaries


class _Repeated(NamedTuple):
    """Rows that a different row of the same file superseded.

    Attributes:
        rows: number of them by file.
        keys: file, key and rows of the keys with the most such rows.
    """

    rows: dict[str, int]
    keys: list[dict[str, Any]]


def _repeated_keys(outcomes: DataFrame, contract: JobContract) -> _Repeated:
    """Return how often different rows of one file have one key."""
    by_key = (
        outcomes.where("_changed_in_file")
        .groupBy("_file", sf.col(contract.key).alias("_key"))
        .agg(sf.count("*").alias("_rows"), sf.min("_line").alias("_line"))
        .persist()
    )
    by_file = by_key.groupBy("_file").agg(sf.sum("_rows").alias("_rows"))
    rows = {row["_file"]: row["_rows"] for row in by_file.collect()}
    keys: list[dict[str, Any]] = []
    if rows:
        most = by_key.orderBy(sf.desc("_rows"), "_file", "_line")
        keys = [
            {
                "source_file": row["_file"],
                "source_line": row["_line"],
                "key": str(row["_key"]),
                "superseded_rows": row["_rows"],
            }
            for row in most.limit(REPEATED_KEYS_NAMED).collect()
        ]
    by_key.unpersist()
    return _Repeated(rows, keys)


def _damaged_keys(
    outcomes: DataFrame, counts: list[Any], contract: JobContract
) -> dict[str, Any] | None:
    """Return how many keys a spreadsheet has damaged, and the first one."""
    rules = damaged_key_rules(contract)
    rows = sum(_rows_with_rule(counts, rule) for rule in rules)
    if not rows:
        return None
    first = (
        outcomes.where(sf.col("_rule").isin(*rules))
        .orderBy("_file", "_line")
        .select("_file", "_line", "_reason")
        .first()
    )
    if first is None:
        return None
    return {
        "rows": rows,
        "source_file": first["_file"],
        "source_line": first["_line"],
        "reason": first["_reason"],
    }


def _null_tokens(
    summaries: dict[str, dict[str, Any]],
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
    summaries: dict[str, dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the lines above a header that are no leads, the first ones."""
    lines = [
        {"source_file": path, "source_line": number, "text": text}
        for path, summary in sorted(summaries.items())
        for number, text in summary["skipped"]
    ]
    return lines[:SKIPPED_LINES_NAMED]


def vanished(path: str, source_uri: str) -> JobFailedError:
    """Return the error of an object that was listed and could not be read any more."""
    return JobFailedError(
        f"{path} under {source_uri} vanished while the job ran; crawl and run the job again"
    )


def _rows_of(counts: list[Any], outcome: str) -> int:
    return sum(row["count"] for row in counts if row["_outcome"] == outcome)


def _rows_with_rule(counts: list[Any], rule: str) -> int:
    return sum(row["count"] for row in counts if row["_rule"] == rule)


def _columns_of(summaries: dict[str, dict[str, Any]], kind: str) -> list[str]:
    """Return the columns that are `missing` or `extra` in any file."""
    columns: set[str] = set()
    for summary in summaries.values():
        columns.update(summary[kind])
    return sorted(columns)


def _file_metrics(
    path: str, summary: dict[str, Any], size: int | None, superseded: int
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


def unknown_levels(
    loaded: DataFrame, contract: JobContract
) -> dict[str, dict[str, int]]:
    """Return the levels that the contract does not list, with their rows, by field; the 20 most frequent of each."""
    levels = [
        _unlisted_level(column.field, column.levels)
        for column in contract.columns
        if column.levels
    ]
    if not levels:
        return {}
    exploded = loaded.select(sf.inline(sf.array_compact(sf.array(*levels))))
    rows = exploded.groupBy("field", "level").count().collect()
    counts: dict[str, dict[str, int]] = {}
    for field, level, count in sorted(
        rows, key=lambda row: (-row["count"], row["field"], row["level"])
    ):
        field_levels = counts.setdefault(field, {})
        if len(field_levels) < LEVELS_REPORTED:
            field_levels[level] = count
    return counts


def _unlisted_level(field: str, levels: tuple[str, ...]) -> Column:
    """Return field and level of a row whose level is not listed, NULL for other rows."""
    value = sf.col(field)
    return sf.when(
        ~value.isin(*levels),
        sf.struct(sf.lit(field).alias("field"), value.alias("level")),
    )
