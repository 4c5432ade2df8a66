"""Load a file in a folder of this machine, with the code of the ingestion job, and say what would happen to it."""

import argparse
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from include.contract import Contract, decisions_of, load_contract
from include.glue.errors import JobFailedError
from include.glue.s3_to_redshift import run
from include.lake.errors import LoadRejectedError
from include.lake.quality import check_load
from include.settings import settings
from onboarding.errors import UnreadableFileError

REASONS = 10
CELLS = 300


def check_file(name: str, path: Path) -> tuple[str, bool]:
    """Return what a load of the file would do, as text, and whether it would pass.

    Args:
        name: of the contract, or the path of its file.
        path: of the file of leads; for a contract with sources of the folder that holds their prefixes.

    Raises:
        UnreadableFileError: the file is not there.
    """
    contract = load_contract(name)
    if contract.unify:
        from onboarding.check_sources import check_sources

        return check_sources(name, contract, path)
    if not path.is_file():
        raise UnreadableFileError(f"{path}: there is no such file")
    with TemporaryDirectory() as folder:
        try:
            metrics = _load(Path(folder), contract, path)
        except JobFailedError as error:
            text = f"{path.name}: the load would fail: {error}"
            return f"{text}\n{_ending(contract, path)}", False
        rows = _quarantined(Path(folder))
    lines = [
        f"{path.name}: {metrics['input_rows']:,} rows: {metrics['loaded_rows']:,} loaded, "
        f"{metrics['quarantined_rows']:,} quarantined, {metrics['duplicate_rows']:,} duplicates, "
        f"{metrics['blank_rows']:,} blank"
    ]
    lines += _columns(metrics)
    lines += _reasons(metrics, rows)
    lines += _levels(metrics)
    passes = True
    try:
        check_load(metrics, decisions_of(settings(), contract))
        lines.append("quality gate: passes")
    except LoadRejectedError as error:
        passes = False
        lines.append(f"quality gate: {error}")
    if passes:
        lines.append(f"Then: make contract TRY={name} CSV={path}")
    return "\n".join(lines), passes


def _load(folder: Path, contract: Contract, path: Path) -> dict[str, Any]:
    source = folder / "source"
    source.mkdir()
    shutil.copy(path, source / path.name)
    contract_file = folder / "contract.json"
    contract_file.write_text(contract.model_dump_json(), encoding="utf-8")
    arguments = argparse.Namespace(
        SOURCE_URI=source.as_uri(),
        CONTRACT_URI=contract_file.as_uri(),
        LOAD_ID="check",
        OUTPUT_URI=(folder / "output").as_uri(),
        QUARANTINE_URI=(folder / "quarantine").as_uri(),
        METRICS_URI=(folder / "metrics.json").as_uri(),
    )
    return run(arguments)


def _ending(contract: Contract, path: Path) -> str:
    written = contract.files
    return (
        f"The contract says format {written.format}, delimiter {written.delimiter!r}, encoding {written.encoding}: "
        f"correct files, or the name of {path.name}"
    )


def _quarantined(folder: Path) -> list[dict[str, Any]]:
    """Return the rows in quarantine."""
    rows = []
    for part in sorted((folder / "quarantine").glob("*")):
        for line in part.read_text(encoding="utf-8").splitlines():
            rows.append(json.loads(line))
    return rows


def _columns(metrics: dict[str, Any]) -> list[str]:
    lines = []
    for file in metrics["files"]:
        if file["problem"]:
            lines.append(f"  {file['problem']}")
    if metrics["missing_columns"]:
        names = ", ".join(metrics["missing_columns"])
        lines.append(
            f"  the file lacks {names}: correct name, add aliases: [header], or write optional: true"
        )
    if metrics["extra_columns"]:
        names = ", ".join(metrics["extra_columns"])
        lines.append(f"  not in the contract, so left aside: {names}")
    return lines


def _reasons(metrics: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    """Return why rows are in quarantine, each reason with its first row."""
    hints = {
        example["rule"]: example.get("hint", "")
        for example in metrics.get("examples", ())
    }
    lines = []
    reasons = sorted(metrics["reasons"].items(), key=lambda item: -item[1])
    for reason, count in reasons[:REASONS]:
        lines.append(f"  {count:,} rows: {reason}")
        first = next(
            (
                row
                for row in rows
                if reason in (row.get("rule"), row.get("reason"))
            ),
            None,
        )
        if first is not None:
            cells = _cells(str(first.get("raw", "")))
            lines.append(f"    line {first.get('source_line')}: {cells}")
        if hints.get(reason):
            lines.append(f"    {hints[reason]}")
    return lines


def _cells(raw: str) -> str:
    """Return the cells of a row as a person reads them."""
    try:
        content = json.loads(raw)
    except ValueError:
        return raw[:CELLS]
    if not isinstance(content, dict):
        return raw[:CELLS]
    cells = content.get("cells", content.values())
    return " | ".join(str(cell) for cell in cells)[:CELLS]


def _levels(metrics: dict[str, Any]) -> list[str]:
    return [
        f"  {field} has levels that allowed does not name: "
        + ", ".join(f"{level} ({rows})" for level, rows in levels.items())
        for field, levels in metrics["unknown_levels"].items()
    ]
