"""Write docs/contract.md from the model of contracts of format 2: `python -m docs.generate.contract`."""

import json
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from include.contract.format.block import NESTED
from include.contract.format.document import (
    ClockDocument,
    ColumnDocument,
    ContractDocument,
    FilesDocument,
    KeyDocument,
    OutcomeDocument,
    SourceDocument,
    StagesDocument,
)
from include.contract.format.identity import (
    IdentityDocument,
    IdentitySourceDocument,
)
from include.contract.model import Names
from include.contract.segments import MOST_LEVELS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contract.md"

EXAMPLE = """format: 2
contract: bank_deposits
description: Phone calls of a bank that offered a deposit, one row for each call.
files: {delimiter: semicolon, null_tokens: ["", unknown]}
key: {row: true}
clock: {row: true}
outcomes:
  - {name: subscribed, column: y, positive: ["yes"], negative: ["no"]}
decisions:
  policy: {name: cost, false_positive_hours: 1, missed_lead_hours: 4}
  protected: [age]
columns:
  - {name: age, type: integer}
  - {name: job, type: category, known_at: capture}
  - {name: housing, type: boolean, positive: ["yes"], negative: ["no"], known_at: capture}
  - {name: month, type: category, seasonal: true}
  - {name: euribor3m, type: number, slow: true, label: "Euribor, three months"}
  - {name: duration, type: integer, unit: s, known_at: outcome, because: the call has to be over}
"""
"""The worked example of the page; a test loads it."""

INTRODUCTION = f"""# The contract: what a lead is

A contract is one YAML file. It says how the files of leads are written, what each column means and when it becomes
known, which outcome is predicted, and what the business decides. Tables, Glue job, checks, features, drift, API, desk
and data dictionary follow from it. A file in `include/contract/` is in force for the DAGs.

This page is made from `include/contract/format/document.py` (`python -m docs.generate.contract`); change that, not this
page.
`make contract NAME=… CSV=…` drafts a contract from a file, `make contract CHECK=… CSV=…` says what a load would do.

## An example

```yaml
{EXAMPLE}```

What the example leaves out follows from what is there. The column `job` is the field `job` with the label "Job". The
tables are `bank_deposits_leads`, `bank_deposits_scores` and so on, the model is `bank-deposits-classifier`, and files
lie below `bank-deposits/`. No column identifies a lead, so a digest of the row does. No column says when a lead came,
so the order of the rows does. `duration` is loaded and shown, and no model sees it, because it is known only when the
outcome is.

## Traps of YAML

- `no`, `yes`, `on` and `off` without quotes are truth values. Write `"no"`.
- `2026-01-31` without quotes is a date, `1.10` is the number 1.1. Write them in quotes where text is meant.
- A tab may not indent a line. A key may not stand twice: both are errors that name the line.

A mistake is told with the file, the column and the key. An unknown key is told with the nearest known one.

"""

SECTIONS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("The file as a whole", "", ContractDocument),
    ("`files`", "", FilesDocument),
    (
        "`key`",
        "A header or a field where one column identifies a lead. Otherwise:",
        KeyDocument,
    ),
    (
        "`clock`",
        "A header or a field that grows with the lead's arrival. Otherwise:",
        ClockDocument,
    ),
    (
        "`outcomes`",
        "One entry for each outcome, the main one first. Each is a column of the table, and none helps to "
        "predict another.",
        OutcomeDocument,
    ),
    (
        "`columns`",
        "One entry for each column. Only `name` and `type` are required. A column of the file that no entry names is "
        "left out, and each load names it.",
        ColumnDocument,
    ),
    (
        "`sources`",
        "Where leads are put together from several systems. `demo/story/b2b_crm.yaml` is an example, and "
        "[features-as-of.md](features-as-of.md) says what is done with them.",
        SourceDocument,
    ),
    ("`identity`", "[identity.md](identity.md) says what the rules do.", IdentityDocument),
    ("`identity.sources`", "", IdentitySourceDocument),
    ("`stages`", "With sources, a stage is a moment.", StagesDocument),
    (
        "`names`",
        "What is stored and served under which name. Without an entry it follows from the contract's name.",
        Names,
    ),
)  # fmt: skip

DECISIONS = f"""## `decisions`

What the business decides. Every key has a default, which follows the data where it can. The names are those of
`settings.decisions` in [settings.md](settings.md); the following may be written in groups, as `drift: {{share: 0.3}}`.
`protected: [age, …]` names columns that no model may see; every report compares the model by their levels.

`segments: [job, age]` names, by header or field, the columns by whose levels the gate, the evaluation report and the
performance watch compare models. Without it they are the categories known at capture; `[]` means none. Protected
columns are always among them. A category is grouped as its `groups` say, and needs them where it lists more than
{MOST_LEVELS} levels; a number is put into bands of about equal size. A column is left out at stages at which it is not
yet known. Free text, dates, the key, the clock and outcomes cannot be segments. Both lists hold for all outcomes.

| group | key | decision |
|---|---|---|
"""

FORMAT_1 = """
## Format 1

A contract without the key `format` is of format 1, which is still read, with a warning. `make contract UPGRADE=path`
writes it in format 2, with the same meaning.
"""


def contract_page() -> str:
    """Return the page: an example, the traps of YAML, and a table of keys for each part of a contract."""
    parts = [INTRODUCTION]
    for title, text, model in SECTIONS:
        parts.append(f"## {title}\n\n")
        if text:
            parts.append(f"{text}\n\n")
        parts.append(_table(model))
    parts.append(DECISIONS)
    for group, keys in NESTED.items():
        parts += [
            f"| `{group}` | `{key}` | `{name}` |\n"
            for key, name in keys.items()
        ]
    parts.append(FORMAT_1)
    return "".join(parts)


def _table(model: type[BaseModel]) -> str:
    rows = [_row(name, field) for name, field in model.model_fields.items()]
    head = "| key | value | default | meaning |\n|---|---|---|---|\n"
    return head + "".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    cells = (
        f"`{name}`",
        _kind(field.annotation),
        _default(field),
        field.description or "",
    )
    escaped = [cell.replace("|", r"\|") for cell in cells]
    return f"| {' | '.join(escaped)} |\n"


def _kind(annotation: Any) -> str:
    """Return in a few words what may stand there."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    if isinstance(annotation, type):
        return KINDS.get(annotation, "text")
    arguments = [
        argument
        for argument in get_args(annotation)
        if argument is not type(None) and argument is not Ellipsis
    ]
    if getattr(annotation, "__origin__", None) is tuple:
        return f"list of {_kind(arguments[0])}"
    if getattr(annotation, "__origin__", None) is dict:
        return "mapping"
    if arguments and all(
        isinstance(argument, str | int | bool) for argument in arguments
    ):
        return " or ".join(
            f"`{json.dumps(argument)}`" for argument in arguments
        )
    kinds = dict.fromkeys(_kind(argument) for argument in arguments)
    return " or ".join(kinds) or "text"


KINDS: dict[type, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
}


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None or isinstance(field.default, BaseModel):
        return ""
    if field.default in ((), {}, ""):
        return ""
    return f"`{json.dumps(field.default)}`"


def main() -> None:
    """Write the page."""
    PAGE.write_text(contract_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
