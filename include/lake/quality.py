"""Decide from a load's metrics whether its rows may enter the warehouse."""

import logging
from collections.abc import Mapping
from typing import Any

from include.decisions import Decisions
from include.lake.errors import LoadRejectedError

COUNTS = (
    "input_rows",
    "loaded_rows",
    "quarantined_rows",
    "duplicate_rows",
    "blank_rows",
)
REASONS_NAMED = 5
OBJECTS_NAMED = 20
SHOWN_CHARACTERS = 300
FEW_SUPERSEDED_ROWS = 1
"""So many rows of a file may differ from a later row with their key, however small the file is."""
DIFFERENT_ROWS_OF_A_KEY = 50
"""More different rows of one key in one file are no history of a lead: the key is one that many leads share."""

log = logging.getLogger(__name__)


def check_load(
    metrics: Mapping[str, Any], decisions: Decisions
) -> dict[str, Any]:
    """Let a good load pass, and log what of it was not read.

    Args:
        metrics: what the Glue job wrote: counts of rows, missing columns, reasons of the quarantine.
        decisions: `max_quarantined_share` is the largest share of the rows that are not blank that may be in
            quarantine. Two kinds of rows lie there and do not count. Rows that a newer row of the same lead
            superseded: two full exports in one folder are nobody's mistake. Footers below a table: they are no leads.
            `max_superseded_share` is the largest share of one file's rows that different rows of the same file may
            supersede.

    Returns:
        `input_rows`, `loaded_rows`, `quarantined_rows`, `duplicate_rows`, `blank_rows`, `quarantined_share` in [0, 1],
        of the objects that were not read `unread_object_count` and the first ones as `unread_objects`, and the first
        `files_with_problems`. Of leads of several sources also `outcomes`: name to how many leads have the outcome
        (`known`) and of how many it `happened`, and `source_problems`: which sources are missing, late or refused, and
        why. The source of the leads alone can stop a load.

    Raises:
        LoadRejectedError: a column is missing, no row was loaded, the quarantined share is too large, a file could
            not be read, a spreadsheet has damaged a key, or too many rows of one file have one key.
    """
    counts = {name: metrics[name] for name in COUNTS}
    # Of several sources that of the leads decides; the gates of the others have had their say.
    gated = metrics.get("of_leads", metrics)
    problems = [
        *load_problems(gated, decisions.max_quarantined_share),
        *_key_problems(gated, decisions),
        *_refused_leads(metrics),
    ]
    if problems:
        reasons = "; ".join(problems)
        raise LoadRejectedError(
            f"Load {metrics['load_id']} stopped: {reasons}. Correct the files and run the load again."
        )
    unread = [
        f"{item['path']} ({item['reason']})"
        for item in metrics["unread_objects"][:OBJECTS_NAMED]
    ]
    files = _files_with_problems(metrics)[:OBJECTS_NAMED]
    _warn(metrics, unread, files)
    return {
        **counts,
        **_of_sources(metrics),
        "quarantined_share": _quarantined_share(metrics),
        "unread_object_count": metrics["unread_object_count"],
        "unread_objects": unread,
        "files_with_problems": files,
    }


def _of_sources(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return each outcome's counts and what is wrong with sources; nothing where leads come from one source."""
    if "unify" not in metrics:
        return {}
    outcomes = {}
    for name, counts in metrics["unify"]["outcomes"].items():
        outcomes[name] = {
            "known": counts["known"],
            "happened": counts["happened"],
        }
        log.info("load %s: outcome %s: %s", metrics["load_id"], name, counts)
    return {
        "outcomes": outcomes,
        "source_problems": list(metrics["source_problems"]),
    }


def _quarantined_share(metrics: Mapping[str, Any]) -> float:
    """Return the share of the rows that are not blank that a rule rejected."""
    rejected_rows = (
        metrics["quarantined_rows"]
        - metrics["superseded_rows"]
        - metrics["footer_rows"]
    )
    filled_rows = metrics["input_rows"] - metrics["blank_rows"]
    return float(rejected_rows / max(filled_rows, 1))


def _warn(
    metrics: Mapping[str, Any], unread: list[str], files: list[str]
) -> None:
    """Log what was not read and did not stop the load."""
    for file in files:
        log.warning("load %s: %s", metrics["load_id"], file)
    if unread:
        log.warning(
            "load %s: %s object(s) were not read: %s",
            metrics["load_id"],
            metrics["unread_object_count"],
            ", ".join(unread),
        )
    for entry in metrics.get("source_problems", ()):
        log.warning(
            "load %s: source %s is %s: %s",
            metrics["load_id"],
            entry["source"],
            entry["problem"],
            entry["reason"],
        )
    for line in metrics["skipped_lines"]:
        log.warning(
            "load %s: %s line %s stands above the header and was skipped: %r",
            metrics["load_id"],
            line["source_file"],
            line["source_line"],
            line["text"],
        )


def _refused_leads(metrics: Mapping[str, Any]) -> list[str]:
    """Return why the source of the leads is refused; nothing where it is not."""
    return [
        f"source {entry['source']}: {entry['reason']}"
        for entry in metrics.get("source_problems", ())
        if entry["source"] == metrics["leads_source"]
        and entry["problem"] == "refused"
    ]


def load_problems(
    metrics: Mapping[str, Any], allowed_share: float
) -> list[str]:
    """Return every reason against a load or a source of one, but for those about keys.

    Args:
        metrics: counts of its files.
        allowed_share: largest share of the rows that are not blank that may be in quarantine.
    """
    problems = []
    share = _quarantined_share(metrics)
    if metrics["missing_columns"]:
        problems.append(_missing_columns(metrics))
    unreadable = [
        f"{file['source_file']} ({file['problem']})"
        for file in metrics["files"]
        if file["unreadable"]
    ]
    if unreadable:
        problems.append(f"cannot be read: {_first(unreadable)}")
    if not metrics["loaded_rows"]:
        problems.append(_nothing_loaded(metrics))
    if share > allowed_share:
        filled_rows = metrics["input_rows"] - metrics["blank_rows"]
        problems.append(
            f"{share:.1%} of {filled_rows} rows quarantined, {allowed_share:.1%} allowed: "
            f"{_most_frequent_reasons(metrics)}"
        )
    return problems


def _missing_columns(metrics: Mapping[str, Any]) -> str:
    """Return the missing columns, and what was read as header in each file with a problem."""
    text = f"missing columns {', '.join(metrics['missing_columns'])}"
    files = _files_with_problems(metrics)
    if files and metrics["loaded_rows"]:
        text += f" in {_first(files)}"
    return text


def _key_problems(
    metrics: Mapping[str, Any], decisions: Decisions
) -> list[str]:
    """Return what says that keys are not those of the leads."""
    problems = []
    damaged = metrics["damaged_keys"]
    if damaged:
        problems.append(
            f"{damaged['rows']} key(s) damaged by a spreadsheet, the first one in "
            f"{damaged['source_file']} line {damaged['source_line']}: {damaged['reason']}; "
            "different leads may share such a key and supersede one another; export again with the key as text"
        )
    problems += _superseded_in_files(metrics, decisions.max_superseded_share)
    shared = [
        f"{entry['key']!r} in {entry['source_file']} ({entry['superseded_rows'] + 1} rows)"
        for entry in metrics["repeated_keys"]
        if entry["superseded_rows"] >= DIFFERENT_ROWS_OF_A_KEY
    ]
    if shared:
        problems.append(
            f"more than {DIFFERENT_ROWS_OF_A_KEY} different rows of one file have one key: {', '.join(shared)}"
        )
    return problems


def _superseded_in_files(
    metrics: Mapping[str, Any], allowed_share: float
) -> list[str]:
    """Return the files in which too many rows differ from a later row with their key."""
    problems = []
    for file in metrics["files"]:
        superseded_rows = file["superseded_rows"]
        share = superseded_rows / max(file["rows"] - file["blank_rows"], 1)
        if superseded_rows > FEW_SUPERSEDED_ROWS and share > allowed_share:
            problems.append(
                f"{superseded_rows} of {file['rows']} rows ({share:.1%}) of {file['source_file']} were superseded by "
                f"different rows of the same file with the same key, {allowed_share:.1%} allowed: "
                f"{_keys(metrics, file)}{_example_rows(metrics, file)}; if many leads share the key, write key: "
                "{columns: [...]} with the columns that identify a lead together, or key: {row: true}"
            )
    return problems


def _example_rows(metrics: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    """Return two rows that differ and have the key of which a file has the most; only of the file that has it."""
    rows = metrics.get("repeated_key_rows", ())
    keys = metrics["repeated_keys"]
    if not rows or keys[0]["source_file"] != file["source_file"]:
        return ""
    shown = [
        f"line {row['source_line']}: {row['raw'][:SHOWN_CHARACTERS]}"
        for row in rows
    ]
    return f"; such as {' and '.join(shown)}"


def _keys(metrics: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    """Return the keys of a file that the most rows have."""
    keys = [
        f"{entry['key']!r} from line {entry['source_line']} on ({entry['superseded_rows'] + 1} rows)"
        for entry in metrics["repeated_keys"]
        if entry["source_file"] == file["source_file"]
    ]
    return ", ".join(keys) or "see the quarantine"


def _nothing_loaded(metrics: Mapping[str, Any]) -> str:
    """Return that no row was loaded, with every file that is to blame."""
    files = _files_with_problems(metrics)
    if not files:
        return "no row was loaded"
    return f"no row was loaded: {_first(files)}"


def _files_with_problems(metrics: Mapping[str, Any]) -> list[str]:
    return [
        f"{file['source_file']} ({file['problem']})"
        for file in metrics["files"]
        if file["problem"]
    ]


def _first(files: list[str]) -> str:
    """Return the first files, and how many more there are."""
    text = ", ".join(files[:OBJECTS_NAMED])
    if len(files) > OBJECTS_NAMED:
        text += f" and {len(files) - OBJECTS_NAMED} more"
    return text


def _most_frequent_reasons(metrics: Mapping[str, Any]) -> str:
    """Return the reasons of the quarantine with their rows, the most frequent ones first, each with its first cell."""
    reasons = sorted(metrics["reasons"].items(), key=lambda item: -item[1])
    examples = {
        example["rule"]: example for example in metrics.get("examples", ())
    }
    return ", ".join(
        f"{reason} ({rows}){_example(examples.get(reason))}"
        for reason, rows in reasons[:REASONS_NAMED]
    )


def _example(example: Mapping[str, Any] | None) -> str:
    """Return where the first row of a reason stands and what its cell most likely is, if anything is likely."""
    if example is None or not example["hint"]:
        return ""
    place = f"{example['source_file']} line {example['source_line']}"
    return f" [{place}: {example['hint']}]"
