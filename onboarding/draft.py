"""Draft a contract of format 2 from a file: what it says of itself, and questions where a person has to decide."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from include.contract import ContractError, parse_contract
from include.contract.format.compile import field_of_heading
from include.contract.model import DEFAULT_NULL_TOKENS
from include.contract.written import NumberStyle
from onboarding import roles
from onboarding.columns import Profile, number_style, read_column, with_type
from onboarding.errors import DraftError
from onboarding.table import ROWS, Table, read_table
from onboarding.upgrade import yaml_value
from onboarding.words import header_has

QUESTION = "QUESTION"
SLOW_ROWS = 500
"""A number that changes less than once in so many rows is slow: a window of drift may hold one value only."""
CLOSE = 0.5
"""Outcomes whose weights are nearer than this are named side by side."""


@dataclass
class Draft:
    """A contract as it is being written.

    Attributes:
        lines: of the YAML text.
        questions: asked so far.
    """

    lines: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def ask(self, remark: str, indent: str = "") -> None:
        """Add a comment; one that begins with QUESTION gets a number."""
        if remark.startswith(QUESTION):
            text = remark.removeprefix(QUESTION).lstrip(": ")
            self.questions.append(text)
            remark = f"{QUESTION} {len(self.questions)}: {text}"
        self.lines.append(f"{indent}# {remark}")


def draft_file(name: str, path: Path, folder: Path | None = None) -> str:
    """Write the draft into the folder of contracts, and return what to do next.

    Args:
        name: of the contract.
        path: of the file of leads.
        folder: None for include/contract/.

    Raises:
        DraftError: there is a contract of that name, the name is none, or the file has nothing to predict.
        UnreadableFileError: the file cannot be read.
    """
    folder = folder or Path(str(files("include.contract")))
    target = folder / f"{name}.yaml"
    _check_name(name)
    if target.exists():
        raise DraftError(
            f"{target} is there already, and nothing is written over it; choose another NAME, or delete the file"
        )
    table = read_table(path)
    draft = draft_contract(name, path.name, table)
    text = "\n".join(draft.lines) + "\n"
    try:
        parse_contract(yaml.safe_load(text), str(target))
    except ContractError as error:
        raise DraftError(f"the draft would not load: {error}") from error
    target.write_text(text, encoding="utf-8")
    return _next_steps(target, name, path, draft)


def _check_name(name: str) -> None:
    wanted = field_of_heading(name)
    if name != wanted:
        raise DraftError(
            f"{name!r} is no name of a contract: use small letters, digits and _, such as NAME={wanted}"
        )


def _next_steps(target: Path, name: str, path: Path, draft: Draft) -> str:
    count = len(draft.questions)
    asked = [
        f"  {number}. {question}"
        for number, question in enumerate(draft.questions, start=1)
    ]
    return "\n".join(
        [
            f"{target}: drafted, {len(draft.lines)} lines. Answer its {count} question(s) in the file:",
            *asked,
            "Then:",
            f"  make contract CHECK={name} CSV={path}",
            f"  make contract TRY={name} CSV={path}",
        ]
    )


def draft_contract(name: str, source: str, table: Table) -> Draft:
    """Return the draft of a contract.

    Args:
        name: of the contract.
        source: name of the file.
        table: what it holds.

    Raises:
        DraftError: no column may be the outcome.
    """
    plain = [
        read_column(header, table.cells[header]) for header in table.headers
    ]
    style = number_style(plain)
    columns = [with_type(column, style) for column in plain]
    outcome = _outcome(columns)
    others = [
        column for column in columns if column.name != outcome[0].column.name
    ]
    key_found = roles.keys(
        [column for column in others if not roles.is_index(column)]
    )
    key_names = _key_names(key_found)
    clock_found = roles.clocks(others, set(key_names))
    clock = clock_found[0].name if clock_found else ""
    special = {*key_names, clock}
    values = outcome[0].values
    described = [_described(column, values, special) for column in others]
    draft = Draft()
    rows = len(table.cells)
    count = f"the first {rows:,}" if rows == ROWS else f"{rows:,}"
    draft.lines.append(
        f"# Drafted from {source}: {count} rows, {len(table.cells.columns)} columns"
    )
    draft.lines += ["format: 2", f"contract: {name}", ""]
    _write_files(draft, table, columns, style)
    _write_key(draft, key_names, key_found)
    _write_clock(draft, clock_found)
    _write_outcome(draft, outcome)
    draft.lines += ["", "columns:"]
    draft.ask(
        "QUESTION: when does each column become known? Without known_at it is contact; write capture for what the "
        "first form holds, engagement for what follows before a call",
        "  ",
    )
    if outcome[0].open_cells:
        cells = ["", *outcome[0].open_cells]
        content = {
            "name": outcome[0].column.name,
            "type": "boolean",
            "null_tokens": cells,
        }
        draft.lines.append(f"  - {yaml_value(content)}")
    for column in described:
        _write_column(draft, column)
    return draft


def _outcome(columns: Sequence[Profile]) -> list[roles.Outcome]:
    """Return the outcome, and others that it could be as well."""
    candidates = roles.outcomes(columns)
    by_name = [
        column
        for column in columns
        if header_has(column.name, "outcome") and len(column.counts) < 2
    ]
    if candidates and (candidates[0].weight >= 2 or not by_name):
        best = candidates[0].weight
        return [one for one in candidates if one.weight > best - CLOSE]
    if by_name:
        column = by_name[0]
        held = f"only {column.levels[0]!r}" if column.levels else "nothing"
        raise DraftError(
            f"column {column.name!r} looks like the outcome and holds {held}: a model needs leads of both outcomes. "
            "Export leads that were won and leads that were lost"
        )
    levels = ", ".join(
        f"{column.name} ({len(column.counts)})" for column in columns[:20]
    )
    raise DraftError(
        f"no column has two values, so there is nothing to predict; different values by column: {levels}. Add a "
        "column that says whether the lead converted"
    )


def _key_names(found: Sequence[roles.Key]) -> tuple[str, ...]:
    """Return the columns of the key; none where no candidate is without duplicates."""
    if found and not found[0].duplicates:
        return found[0].names
    return ()


def _write_files(
    draft: Draft,
    table: Table,
    columns: Sequence[Profile],
    style: NumberStyle,
) -> None:
    content = dict(table.files)
    numeric = any(column.type in ("integer", "number") for column in columns)
    if numeric and style.decimal != ".":
        content["decimal"] = style.decimal
    if numeric and style.thousands:
        content["thousands"] = style.thousands
    formats: dict[str, None] = {}
    tokens: dict[str, None] = {}
    for column in columns:
        formats |= dict.fromkeys(column.formats)
        tokens |= dict.fromkeys(column.missing)
    if formats:
        content["date_formats"] = list(formats)
    if not set(tokens) <= set(DEFAULT_NULL_TOKENS):
        content["null_tokens"] = ["", *tokens]
    for remark in table.remarks:
        draft.ask(remark)
    if any(column.type == "timestamp" for column in columns):
        draft.ask(
            "QUESTION: are moments without a zone in UTC? Else write time_zone, such as Europe/Berlin, in files"
        )
    if content:
        draft.lines.append(f"files: {yaml_value(content)}")


def _write_key(
    draft: Draft, names: tuple[str, ...], found: Sequence[roles.Key]
) -> None:
    shares = ", ".join(
        f"{' + '.join(key.names)} ({key.duplicates:.2%} of rows repeat)"
        for key in found
        if key.names != names
    )
    if len(names) == 1:
        if shares:
            draft.ask(f"other candidates: {shares}")
        draft.lines.append(f"key: {yaml_value(names[0])}")
    elif names:
        draft.ask(
            f"QUESTION: do {' and '.join(names)} identify a lead together? No column does alone"
        )
        draft.lines.append(f"key: {yaml_value({'columns': list(names)})}")
    else:
        draft.ask(
            "QUESTION: what identifies a lead? No column looks like it"
            + (f" without repeats: {shares}" if shares else "")
            + ". With row: true a changed row is a new lead"
        )
        draft.lines.append("key: {row: true}")


def _write_clock(draft: Draft, found: Sequence[Profile]) -> None:
    if found:
        others = ", ".join(column.name for column in found[1:])
        if others:
            draft.ask(
                f"QUESTION: is {found[0].name} when a lead arrives? Other candidates: {others}"
            )
        draft.lines.append(f"clock: {yaml_value(found[0].name)}")
        return
    draft.ask(
        "QUESTION: are the rows in the order in which the leads came? No column says when"
    )
    draft.lines.append("clock: {row: true}")


def _write_outcome(draft: Draft, found: Sequence[roles.Outcome]) -> None:
    outcome = found[0]
    name = outcome.column.name
    field_name = field_of_heading(name)
    if len(field_name) < 3 or field_name == "label":
        field_name = "outcome"
    content: dict[str, Any] = {"name": field_name, "column": name}
    plain = outcome.positive == ["1"] and outcome.negative == ["0"]
    if not plain:
        content |= {"positive": outcome.positive, "negative": outcome.negative}
    for remark in outcome.remarks:
        draft.ask(remark)
    if len(found) > 1:
        others = ", ".join(other.column.name for other in found[1:6])
        draft.ask(f"QUESTION: is {name} the outcome? It could be {others}")
    missing = outcome.column.rows - outcome.column.filled
    rate = float(outcome.values.mean())
    draft.ask(
        f"QUESTION: is what stands in {name} final ({rate:.1%} positive, {missing} rows empty)? If so add final: true, "
        "else within_days: N, the days after which it is"
    )
    draft.lines += ["outcomes:", f"  - {yaml_value(content)}"]


def _described(
    column: Profile, outcome: "pd.Series[float]", special: set[str]
) -> Profile:
    """Return the column with what the contract says of it besides its type."""
    kind = roles.personal(column)
    if kind and column.name in special:
        return _without_flags(column).with_keys(f"{kind}", explain=False)
    if column.name in special:
        return _without_flags(column)
    if kind:
        return replace(
            column,
            keys={"type": "string", "explain": False},
            remarks=(f"{kind}: never shown, and no model sees it",),
        )
    if roles.is_index(column):
        return column.with_keys(
            "numbers the rows of one file: no model sees it", near_constant=True
        )
    if column.type == "string":
        return column
    area = roles.alone(column, outcome)
    timed = header_has(column.name, "afterwards")
    if area >= roles.LEAK or timed:
        why = f"alone it ranks leads at ROC-AUC {area:.2f}"
        if timed:
            why += ", and its name sounds like the end of the work on a lead"
        return column.with_keys(
            f"QUESTION: is {column.name} known only after the outcome? {why}; if it is known before, delete known_at",
            known_at="outcome",
        )
    return _calendar(column)


def _without_flags(column: Profile) -> Profile:
    """Return a key or clock without remarks that belong to features."""
    keys = {
        key: value
        for key, value in column.keys.items()
        if key != "near_constant"
    }
    if keys["type"] == "category":
        keys["type"] = "string"
    remarks = tuple(
        remark for remark in column.remarks if remark.startswith(QUESTION)
    )
    return replace(column, keys=keys, remarks=remarks)


def _calendar(column: Profile) -> Profile:
    """Return the column with the mark of what moves by the calendar, or hardly moves."""
    if header_has(column.name, "seasonal") and len(column.counts) <= 366:
        return column.with_keys(seasonal=True)
    if column.type not in ("integer", "number") or column.rows < 2 * SLOW_ROWS:
        return column
    values = pd.to_numeric(column.cells, errors="coerce").dropna()
    changes = int((values.diff().fillna(0) != 0).sum())
    if changes * SLOW_ROWS < len(values) and not column.keys.get(
        "near_constant"
    ):
        return column.with_keys(slow=True)
    return column


def _write_column(draft: Draft, column: Profile) -> None:
    """Write a column in one line, its questions above it and what else there is to say behind it."""
    behind = []
    for remark in column.remarks:
        if remark.startswith(QUESTION):
            draft.ask(remark, "  ")
        else:
            behind.append(remark)
    content: dict[str, Any] = {"name": column.name, **column.keys}
    line = f"  - {yaml_value(content)}"
    if behind:
        line += f" # {'; '.join(behind)}".replace("\n", " ")
    draft.lines.append(line)
