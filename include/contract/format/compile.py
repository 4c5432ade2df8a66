"""Make the contract that the project reads from what a person wrote in format 2.

What is left out follows from what is there: fields and labels from headers, tables and models from the contract's
name, the columns of a key or a clock that no file has.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from include.contract.format.block import COLUMNS_ONLY, flat_decisions
from include.contract.format.document import (
    ColumnDocument,
    ContractDocument,
    KeyDocument,
    OutcomeDocument,
)
from include.contract.model import DEFAULT_NULL_TOKENS, KnownAt
from include.contract.reserved import RESERVED
from include.contract.text import heading_key

KEY_FIELD = "lead_key"
CLOCK_FIELD = "row_number"
DERIVED_BECAUSE = "made when the row is loaded"
OWN_TABLES = ("scores_table", "drift_table", "feedback_table")
"""Tables that each outcome has for itself."""
NOT_SAID = "the contract does not say why"


def compile_contract(document: ContractDocument) -> dict[str, Any]:
    """Return what `include.contract.model.Contract` is made of, as plain values.

    The first outcome is the main one. A contract of one outcome has no list of `outcomes`.

    Raises:
        ValueError: a role names no column, two outcomes share a name or a column, or two columns would share a field.
    """
    _check_outcomes(document.outcomes)
    main = document.outcomes[0]
    columns = compile_columns(document, document.outcomes)
    key, key_columns = _key(document, columns)
    clock = _clock(document, columns)
    changed_at = document.changed_at
    if changed_at is not None:
        changed_at = field_of("changed_at", changed_at, columns)
    names = default_names(document.contract) | document.names
    content: dict[str, Any] = {
        "contract": document.contract,
        "version": document.version,
        "description": document.description or f"Leads of {document.contract}.",
        "names": names,
        "files": _files(document),
        "null_tokens": _null_tokens(document),
        "key": key,
        "key_columns": key_columns,
        "label": main.name,
        "clock": clock,
        "changed_at": changed_at,
        "decisions": _decisions(document, main),
        "columns": columns,
    }
    if document.value is not None:
        content["value"] = field_of("value", document.value, columns)
    if len(document.outcomes) > 1:
        content["outcomes"] = _outcomes(document, names)
    return content


def with_named_columns(
    document: ContractDocument, content: dict[str, Any]
) -> dict[str, Any]:
    """Return what a contract is made of, with the columns that `decisions` names as protected and as segments.

    Args:
        document: as a person wrote it.
        content: with all columns, those of features too.

    Raises:
        ValueError: one of the two is no list of texts, or names what is not a column.
    """
    columns = content["columns"]
    protected = _named_fields("protected", document, columns) or ()
    for column in columns:
        if column["field"] in protected:
            column["protected"] = True
    segments = _named_fields("segments", document, columns)
    if segments is not None:
        content["segments"] = segments
    return content


def _named_fields(
    key: str, document: ContractDocument, columns: list[dict[str, Any]]
) -> tuple[str, ...] | None:
    """Return the fields of the columns that a key of `decisions` names; None where the key is not there."""
    names = document.decisions.get(key)
    if names is None:
        return None
    if not isinstance(names, list) or not all(
        isinstance(name, str) for name in names
    ):
        raise ValueError(
            f"'decisions.{key}' must be a list of headers or fields, such as [{columns[0]['field']}]; got {names!r}"
        )
    return tuple(field_of(f"decisions.{key}", name, columns) for name in names)


def _check_outcomes(outcomes: tuple[OutcomeDocument, ...]) -> None:
    """Raise ValueError where two outcomes have one name or one column, or a name means something else in a model's."""
    names: dict[str, OutcomeDocument] = {}
    columns: dict[tuple[str | None, str], str] = {}
    for outcome in outcomes:
        if outcome.name in names:
            raise ValueError(f"two 'outcomes' have the name {outcome.name!r}")
        names[outcome.name] = outcome
        place = (outcome.source, heading_key(outcome.column))
        other = columns.setdefault(place, outcome.name)
        if other != outcome.name:
            raise ValueError(
                f"the outcomes {other!r} and {outcome.name!r} are both read from the column {outcome.column!r}; "
                "give each a column of its own"
            )
    stages = {str(stage) for stage in KnownAt}
    for name in names:
        if len(names) > 1 and name in stages:
            raise ValueError(
                f"an outcome cannot be called {name!r}, which is a moment of a lead's life; give it another name"
            )


def _outcomes(
    document: ContractDocument, names: dict[str, str]
) -> list[dict[str, Any]]:
    """Return what the models of each outcome are called and what is decided of them; the main one's names stay."""
    main, *others = document.outcomes
    entries = [
        {
            "field": main.name,
            "given": main.given,
            "names": names,
            "decisions": _decisions(document, main),
        }
    ]
    for outcome in others:
        entries.append(
            {
                "field": outcome.name,
                "given": outcome.given,
                "names": names_of_outcome(names, outcome.name),
                "decisions": _decisions(document, outcome),
            }
        )
    return entries


def names_of_outcome(names: dict[str, str], outcome: str) -> dict[str, str]:
    """Return what belongs to an outcome beside the main one: tables of its own, models, experiment.

    Leads and promotions stay in one table.

    Args:
        names: of the contract.
        outcome: name of the outcome.
    """
    own = {key: f"{names[key]}_{outcome}" for key in OWN_TABLES}
    dashed = outcome.replace("_", "-")
    return (
        names
        | own
        | {
            "model": f"{names['model']}-{dashed}",
            "experiment": f"{names['experiment']} {outcome}",
        }
    )


def default_names(contract: str) -> dict[str, str]:
    """Return what a data set is called where it is stored, modelled and served, by the contract's name."""
    return {
        "table": f"{contract}_leads",
        "scores_table": f"{contract}_scores",
        "drift_table": f"{contract}_drift_metrics",
        "promotions_table": f"{contract}_promotions",
        "feedback_table": f"{contract}_feedback",
        "model": f"{contract.replace('_', '-')}-classifier",
        "experiment": f"{words(contract)} leads",
        "prefix": f"{contract.replace('_', '-')}/",
    }


def field_of_heading(heading: str) -> str:
    """Return a name for the warehouse made of a header: lower case letters of ASCII, digits and underscores.

    Accents are left out. Of a header in another script nothing may be left; it is then called `field`.
    """
    without_accents = unicodedata.normalize("NFKD", heading.casefold())
    ascii_text = without_accents.encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", ascii_text).strip("_")
    if not name or not name[0].isalpha():
        name = f"field_{name}".rstrip("_")
    if name in RESERVED:
        name = f"{name}_value"
    return name


def compile_columns(
    document: ContractDocument, outcomes: Sequence[OutcomeDocument]
) -> list[dict[str, Any]]:
    """Return every column, the outcomes' among them: where the contract describes one, else behind the others.

    Args:
        document: whose columns they are.
        outcomes: those that the file of these columns holds.
    """
    several = len(document.outcomes) > 1
    by_heading = {heading_key(outcome.column): outcome for outcome in outcomes}
    fields = _fields(document)
    columns: list[dict[str, Any]] = []
    for column, field in zip(document.columns, fields, strict=True):
        outcome = by_heading.pop(heading_key(column.name), None)
        if outcome is None:
            outcome = by_heading.pop(heading_key(column.field or ""), None)
        if outcome is None:
            columns.append(_column(document, column, field))
        else:
            columns.append(_outcome_column(outcome, column, several))
    for outcome in by_heading.values():
        columns.append(_outcome_column(outcome, None, several))
    return columns


def _fields(document: ContractDocument) -> list[str]:
    """Return the field of each column: the one it names, else one made of its header that no other column has."""
    taken = {column.field for column in document.columns if column.field}
    taken |= {outcome.name for outcome in document.outcomes}
    taken |= {KEY_FIELD, CLOCK_FIELD}
    fields: list[str] = []
    for column in document.columns:
        field = column.field or field_of_heading(column.name)
        if column.field is None:
            field = _free(field, taken)
            taken.add(field)
        fields.append(field)
    return fields


def _free(field: str, taken: set[str]) -> str:
    """Return a field that is not taken: the given one, or that with a number behind it."""
    number = 2
    free = field
    while free in taken:
        free = f"{field}_{number}"
        number += 1
    return free


def _column(
    document: ContractDocument, column: ColumnDocument, field: str
) -> dict[str, Any]:
    """Return a column with what follows from its header."""
    label = column.label or words(column.name)
    content = column.model_dump(exclude_unset=True)
    content |= {
        "field": field,
        "type": "yes_no" if column.type == "boolean" else column.type,
        "label": label,
        "description": column.description or f"{label}.",
        "known_at": column.known_at,
        "because": column.because or NOT_SAID,
    }
    if column.type == "boolean" and not column.positive:
        content["positive"] = ("true", "yes", "1", "t", "y")
        content["negative"] = ("false", "no", "0", "f", "n")
    return content


def _outcome_column(
    outcome: OutcomeDocument, column: ColumnDocument | None, several: bool
) -> dict[str, Any]:
    """Return the column that holds 1, 0 or nothing; of several outcomes none helps to predict another."""
    known_at = "outcome" if several else "contact"
    content: dict[str, Any] = {"name": outcome.column}
    if column is not None:
        content = column.model_dump(exclude_unset=True)
        if not several:
            known_at = column.known_at
    label = outcome.label or (column.label if column else "")
    description = outcome.description or (column.description if column else "")
    because = column.because if column else ""
    content |= {
        "field": outcome.name,
        "type": "integer",
        "minimum": 0,
        "maximum": 1,
        "known_at": known_at,
        "label": label or words(outcome.name),
        "description": description
        or "The outcome, 1 when it happened and 0 when it did not; empty while the lead is open.",
        "because": because or "the outcome, later than everything else",
    }
    if outcome.positive or outcome.negative:
        content["positive"] = outcome.positive
        content["negative"] = outcome.negative
    return content


def _key(
    document: ContractDocument, columns: list[dict[str, Any]]
) -> tuple[str, tuple[str, ...]]:
    """Return the field of the key and the fields that make it; adds the key's column where no file has it."""
    key = document.key
    if isinstance(key, str):
        return field_of("key", key, columns), ()
    if len(key.columns) == 1:
        return field_of("key", key.columns[0], columns), ()
    fields = tuple(field_of("key", name, columns) for name in key.columns)
    columns.insert(0, _key_column(key))
    return KEY_FIELD, fields


def _key_column(key: KeyDocument) -> dict[str, Any]:
    derived = "row_key" if key.row else "joined_key"
    made_of = (
        "A digest of the row's cells, and a number where the same row stands again."
        if key.row
        else f"Made of {', '.join(key.columns)}."
    )
    return {
        "name": KEY_FIELD,
        "field": KEY_FIELD,
        "type": "string",
        "label": "Lead",
        "description": made_of,
        "known_at": "capture",
        "because": DERIVED_BECAUSE,
        "derived": derived,
    }


def _clock(document: ContractDocument, columns: list[dict[str, Any]]) -> str:
    """Return the field of the clock; adds its column where no file has it."""
    if isinstance(document.clock, str):
        return field_of("clock", document.clock, columns)
    columns.append(
        {
            "name": CLOCK_FIELD,
            "field": CLOCK_FIELD,
            "type": "number",
            "label": "Order of arrival",
            "description": "Grows with the time of the file and with the row in it.",
            "known_at": "capture",
            "because": DERIVED_BECAUSE,
            "derived": "row_number",
        }
    )
    return CLOCK_FIELD


def field_of(role: str, name: str, columns: list[dict[str, Any]]) -> str:
    """Return the field of the column that a role names by header or field."""
    for column in columns:
        if name in (column["name"], column["field"]):
            return str(column["field"])
    wanted = heading_key(name)
    for column in columns:
        if wanted in (
            heading_key(column["name"]),
            heading_key(column["field"]),
        ):
            return str(column["field"])
    names = ", ".join(str(column["name"]) for column in columns)
    raise ValueError(
        f"'{role}' names {name!r}, which is not a column; columns are {names}"
    )


def _files(document: ContractDocument) -> dict[str, Any]:
    return document.files.model_dump(
        exclude={"null_tokens"}, exclude_unset=True
    )


def _null_tokens(document: ContractDocument) -> tuple[str, ...]:
    if document.files.null_tokens is None:
        return DEFAULT_NULL_TOKENS
    return document.files.null_tokens


def _decisions(
    document: ContractDocument, outcome: OutcomeDocument
) -> dict[str, Any]:
    """Return the decisions by the names of `include.decisions`; the outcome's own come before those of all."""
    decisions = flat_decisions(document.decisions)
    for key in COLUMNS_ONLY:
        if key in outcome.decisions:
            raise ValueError(
                f"'{key}' of the outcome {outcome.name!r} must stand in the contract's 'decisions': it holds for all "
                "outcomes"
            )
    own = flat_decisions(outcome.decisions)
    if outcome is not document.outcomes[0] and (
        outcome.final or outcome.within_days is not None
    ):
        # What is said of all is said of the main outcome's moment.
        decisions.pop("label_maturity_days", None)
    decisions |= own
    if outcome.final:
        decisions.setdefault("label_maturity_days", 0.0)
    if outcome.within_days is not None:
        decisions.setdefault("label_maturity_days", outcome.within_days)
    return decisions


def words(name: str) -> str:
    """Return a name in words: `time_spent` as `Time spent`."""
    words = re.sub(r"[\s_]+", " ", name).strip() or name
    return words[0].upper() + words[1:]
