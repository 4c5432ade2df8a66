"""Decides from a load's metrics whether its rows may enter the warehouse."""

from collections.abc import Mapping
from typing import Any

from include.lake.errors import LoadRejectedError
from include.settings import Settings


def check_load(metrics: Mapping[str, Any], settings: Settings) -> dict[str, float]:
    """Lets a good load pass.

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
    counts = {name: metrics[name] for name in ("input_rows", "loaded_rows", "quarantined_rows", "duplicate_rows")}
    share = (counts["quarantined_rows"] - metrics["superseded_rows"]) / max(counts["input_rows"], 1)
    if problems := _problems(metrics, share, settings.decisions.max_quarantined_share):
        raise LoadRejectedError(
            f"Load {metrics['load_id']} stopped: {'; '.join(problems)}. Correct the files and run the load again."
        )
    return {**counts, "quarantined_share": share}


def _problems(metrics: Mapping[str, Any], share: float, allowed: float) -> list[str]:
    problems = []
    if metrics["missing_columns"]:
        problems.append(f"missing columns {', '.join(metrics['missing_columns'])}")
    if not metrics["loaded_rows"]:
        files = [f"{file['source_file']} ({file['problem']})" for file in metrics["files"] if file["problem"]]
        problems.append(f"no row was loaded{': ' if files else ''}{', '.join(files)}")
    if share > allowed:
        reasons = sorted(metrics["reasons"].items(), key=lambda item: -item[1])[:5]
        named = ", ".join(f"{reason} ({rows})" for reason, rows in reasons)
        problems.append(f"{share:.1%} of {metrics['input_rows']} rows quarantined, {allowed:.1%} allowed: {named}")
    return problems
