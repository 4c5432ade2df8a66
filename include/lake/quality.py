"""Decides from a load's metrics whether its rows may enter the warehouse."""

from collections.abc import Mapping
from typing import Any

from include.lake.errors import LoadRejectedError
from include.settings import Settings

COUNTS = ("input_rows", "loaded_rows", "quarantined_rows", "duplicate_rows")
REASONS_NAMED = 5


def check_load(
    metrics: Mapping[str, Any], settings: Settings
) -> dict[str, float]:
    """Let a good load pass.

    Args:
        metrics: what the Glue job wrote: counts of rows, missing columns, reasons of the quarantine.
        settings: `max_quarantined_share` is the largest share of input rows that may be in quarantine. Rows that a
            newer row of the same lead superseded lie there too but do not count: two full exports in one folder are
            nobody's mistake.

    Returns:
        `input_rows`, `loaded_rows`, `quarantined_rows`, `duplicate_rows` and `quarantined_share` in [0, 1].

    Raises:
        LoadRejectedError: a column is missing, no row was loaded, or the quarantined share is too large.
    """
    counts = {name: metrics[name] for name in COUNTS}
    rejected_rows = counts["quarantined_rows"] - metrics["superseded_rows"]
    share = rejected_rows / max(counts["input_rows"], 1)
    problems = _problems(
        metrics, share, settings.decisions.max_quarantined_share
    )
    if problems:
        reasons = "; ".join(problems)
        raise LoadRejectedError(
            f"Load {metrics['load_id']} stopped: {reasons}. Correct the files and run the load again."
        )
    return {**counts, "quarantined_share": share}


def _problems(
    metrics: Mapping[str, Any], share: float, allowed_share: float
) -> list[str]:
    """Return every reason against the load."""
    problems = []
    if metrics["missing_columns"]:
        columns = ", ".join(metrics["missing_columns"])
        problems.append(f"missing columns {columns}")
    if not metrics["loaded_rows"]:
        problems.append(_nothing_loaded(metrics))
    if share > allowed_share:
        problems.append(
            f"{share:.1%} of {metrics['input_rows']} rows quarantined, {allowed_share:.1%} allowed: "
            f"{_most_frequent_reasons(metrics)}"
        )
    return problems


def _nothing_loaded(metrics: Mapping[str, Any]) -> str:
    """Return that no row was loaded, with every file that is to blame."""
    files = [
        f"{file['source_file']} ({file['problem']})"
        for file in metrics["files"]
        if file["problem"]
    ]
    if not files:
        return "no row was loaded"
    return f"no row was loaded: {', '.join(files)}"


def _most_frequent_reasons(metrics: Mapping[str, Any]) -> str:
    """Return the reasons of the quarantine with their rows, the most frequent ones first."""
    reasons = sorted(metrics["reasons"].items(), key=lambda item: -item[1])
    return ", ".join(
        f"{reason} ({rows})" for reason, rows in reasons[:REASONS_NAMED]
    )
