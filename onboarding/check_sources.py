"""Load a folder of several sources on this machine, with the code of the ingestion job, and say what would happen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.contract import Contract, decisions_of
from include.glue.errors import JobFailedError
from include.lake.errors import LoadRejectedError
from include.lake.quality import check_load
from include.settings import settings
from onboarding.source_leads import load_folder


def check_sources(
    name: str, contract: Contract, path: Path
) -> tuple[str, bool]:
    """Return what a load of the folder would do, source by source, and whether it would pass.

    Args:
        name: of the contract, or the path of its file.
        contract: with sources.
        path: of the folder that holds the sources' prefixes.

    Raises:
        UnreadableFileError: there is no such folder.
    """
    prefixes = {
        source["name"]: source["prefix"] for source in contract.unify["sources"]
    }
    try:
        metrics = load_folder(contract, path).metrics
    except JobFailedError as error:
        return f"{path}: the load would fail: {error}", False
    lines = [f"{path}: {metrics['leads']:,} leads would be put together"]
    for source, prefix in prefixes.items():
        lines += _source(source, prefix, metrics)
    lines += [
        f"outcome {outcome}: known of {counts['known']:,} leads, happened to {counts['happened']:,}"
        for outcome, counts in metrics["unify"]["outcomes"].items()
    ]
    lines += [
        f"  {file['source_file']}: {file['problem']}"
        for file in metrics["files"]
        if file["problem"]
    ]
    try:
        check_load(metrics, decisions_of(settings(), contract))
    except LoadRejectedError as error:
        return "\n".join([*lines, f"quality gate: {error}"]), False
    lines.append(_verdict(metrics))
    lines.append(f"Then: make contract TRY={name} CSV={path}")
    return "\n".join(lines), True


def _source(name: str, prefix: str, metrics: Mapping[str, Any]) -> list[str]:
    """Return what would become of a source's rows, and what is wrong with it."""
    lines = []
    counts = metrics["sources"].get(name)
    if counts is None:
        lines.append(f"{name} ({prefix}): no file")
    else:
        matched = metrics["unify"]["sources"][name]
        lines.append(
            f"{name} ({prefix}): {counts['input_rows']:,} rows: {counts['loaded_rows']:,} loaded, "
            f"{counts['quarantined_rows']:,} quarantined, {matched['repeated_rows']:,} repeated, "
            f"{matched['rows_of_nobody']:,} of nobody"
        )
    lines += [
        f"  {entry['problem']}: {entry['reason']}"
        for entry in metrics["source_problems"]
        if entry["source"] == name
    ]
    return lines


def _verdict(metrics: Mapping[str, Any]) -> str:
    """Return that the gate passes, and without which sources."""
    without = [
        entry["source"]
        for entry in metrics["source_problems"]
        if entry["problem"] != "late"
    ]
    if not without:
        return "quality gate: passes"
    return f"quality gate: passes, without {', '.join(without)}: features of these have no value"
