"""Counts what a load did, as its metrics.json says it: input rows = loaded + quarantined + duplicates."""

import json
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from include.glue.errors import JobFailedError
from include.glue.job_contract import JobContract
from include.glue.outcomes import SUPERSEDED

LEVELS_REPORTED = 20
EMPTY_FILE: dict[str, Any] = {
    "rows": 0,
    "problem": "empty file",
    "missing": [],
    "extra": [],
}
"""Summary of an object of 0 bytes, which Spark leaves out."""


def summarise(
    outcomes: DataFrame, sizes: dict[str, int], source_uri: str
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
    summaries = _file_summaries(outcomes, sizes, source_uri)
    return {
        "files": [
            _file_metrics(path, summaries[path], sizes)
            for path in sorted(summaries)
        ],
        "input_rows": sum(summary["rows"] for summary in summaries.values()),
        "loaded_rows": _rows_of(counts, "loaded"),
        "quarantined_rows": _rows_of(counts, "quarantined"),
        "duplicate_rows": _rows_of(counts, "duplicate"),
        "superseded_rows": sum(
            row["count"] for row in counts if row["_rule"] == SUPERSEDED
        ),
        "missing_columns": _columns_of(summaries, "missing"),
        "extra_columns": _columns_of(summaries, "extra"),
        "reasons": {
            row["_rule"]: row["count"]
            for row in counts
            if row["_outcome"] == "quarantined"
        },
    }


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


def vanished(path: str, source_uri: str) -> JobFailedError:
    """Return the error of an object that was listed and could not be read any more."""
    return JobFailedError(
        f"{path} under {source_uri} vanished while the job ran; crawl and run the job again"
    )


def _rows_of(counts: list[Any], outcome: str) -> int:
    return sum(row["count"] for row in counts if row["_outcome"] == outcome)


def _columns_of(summaries: dict[str, dict[str, Any]], kind: str) -> list[str]:
    """Return the columns that are `missing` or `extra` in any file."""
    columns: set[str] = set()
    for summary in summaries.values():
        columns.update(summary[kind])
    return sorted(columns)


def _file_metrics(
    path: str, summary: dict[str, Any], sizes: dict[str, int]
) -> dict[str, Any]:
    return {
        "source_file": path,
        "rows": summary["rows"],
        "bytes": sizes.get(path),
        "problem": summary["problem"],
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
