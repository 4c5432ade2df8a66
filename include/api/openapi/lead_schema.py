"""Derive the JSON schema of a lead from the contract: what `include.scoring.leads.reader` accepts, field by field."""

import re
from collections.abc import Sequence
from typing import Any

from include.contract import Column, Contract
from include.contract.cells import (
    LARGEST,
    LARGEST_INTEGER,
    SMALLEST_INTEGER,
    TEXT_BYTES,
)
from include.contract.model import Files

Json = dict[str, Any]
PLAIN_FILES = Files()
LONGEST_MOMENT = 64


def lead_schema(contract: Contract, max_columns: int) -> Json:
    """Return the schema of one lead: one field of the contract at least, unknown ones ignored.

    Names in another spelling are read too, which no schema can express; neither can it say that no field comes twice.
    """
    return {
        "type": "object",
        "description": "Fields by the names below, or by their business headers, in any case and with or without "
        "spaces and underscores; one at least. What is left out counts as missing. Names that mean no field are "
        "ignored, and the reply lists them.",
        "properties": {
            column.field: field_schema(
                column, contract.null_tokens_of(column), contract.files
            )
            for column in contract.columns
        },
        "additionalProperties": {
            "type": ["string", "number", "boolean", "null"]
        },
        "anyOf": [{"required": [field]} for field in contract.fields],
        "maxProperties": max_columns,
    }


def field_schema(
    column: Column, null_tokens: Sequence[str], files: Files = PLAIN_FILES
) -> Json:
    """Return the schema of one field: type, bounds, unit, and its levels, as a rule or as examples."""
    schema = {"title": column.label, "description": _description(column)}
    if column.positive:
        return schema | _one_of_two(column)
    match column.type:
        case "integer" | "number":
            return schema | _number(column, null_tokens, files)
        case "date" | "timestamp":
            return schema | _temporal(column, files)
        case "yes_no" | "ordinal":
            return schema | _levels(column, null_tokens)
        case "category":
            return schema | _category(column)
        case _:
            return schema | _storable(column, "integer", "null")


def _description(column: Column) -> str:
    description = f"{column.description} Header: {column.name}. Known at {column.known_at}"
    if column.unit:
        description += f", in {column.unit}"
    return f"{description}."


def _one_of_two(column: Column) -> Json:
    """Return the schema of a cell that means yes or no, in any case of its letters."""
    return {
        "type": ["string", "boolean", "integer", "null"],
        "description": f"{_description(column)} One of {', '.join(column.positive)} for yes, "
        f"{', '.join(column.negative)} for no.",
        "examples": [*column.positive, *column.negative],
    }


def _temporal(column: Column, files: Files) -> Json:
    """Return the schema of a date or a moment as text."""
    example = "2026-01-31"
    if column.type == "timestamp":
        example = "2026-01-31T08:30:00Z"
    formats = ", ".join(["ISO 8601", *files.date_formats])
    return {
        "type": ["string", "integer", "null"],
        "description": f"{_description(column)} Written as {formats}.",
        "maxLength": LONGEST_MOMENT,
        "examples": [example],
    }


def _number(column: Column, null_tokens: Sequence[str], files: Files) -> Json:
    lowest: float = -LARGEST
    highest: float = LARGEST
    if column.type == "integer":
        lowest = SMALLEST_INTEGER
        highest = LARGEST_INTEGER
    if column.minimum is not None:
        lowest = column.minimum
    if column.maximum is not None:
        highest = column.maximum
    bounds = {
        "type": column.type,
        "minimum": _plain(lowest),
        "maximum": _plain(highest),
    }
    choices: list[Json] = [
        bounds,
        {"type": "null"},
        {"type": "string", "pattern": _pattern_of(null_tokens)},
    ]
    if _has_style(column, files):
        choices.append({"type": "string"})
    elif (
        column.minimum in (None, 0) and column.maximum is None
    ):  # a pattern cannot express any other bound
        choices.append({"type": "string", "pattern": _digits(column)})
    return {"anyOf": choices}


def _has_style(column: Column, files: Files) -> bool:
    """Return whether numbers may be written in another way than programs write them."""
    return bool(column.symbols or files.thousands or files.decimal != ".")


def _digits(column: Column) -> str:
    """Return the pattern of a number that is sent as text."""
    sign = "" if column.minimum == 0 else "-?"
    digits = (
        "[0-9]{1,9}"
        if column.type == "integer"
        else r"[0-9]{1,15}(\.[0-9]{1,15})?"
    )
    return rf"^\s*{sign}{digits}\s*$"


def _levels(column: Column, null_tokens: Sequence[str]) -> Json:
    levels = column.order or ("Yes", "No")
    pattern = _pattern_of([*levels, *null_tokens])
    return {
        "anyOf": [
            {"type": "string", "pattern": pattern},
            {"type": "null"},
        ],
        "examples": list(levels),
    }


def _category(column: Column) -> Json:
    levels = list(column.allowed)
    if not levels:
        for group in column.groups.values():
            levels.extend(group)
    schema = _storable(column, "null")
    if levels:
        schema["examples"] = levels
    return schema


def _storable(column: Column, *other_types: str) -> Json:
    """Return the schema of any text; the warehouse counts bytes, so longer text than this never fits."""
    return {
        "type": ["string", *other_types],
        "maxLength": TEXT_BYTES[column.type],
        "pattern": r"^[^\x00]*$",
    }


def _pattern_of(words: Sequence[str]) -> str:
    """Return a pattern of the words with space around them that means the same in Python, JavaScript and Rust."""
    escaped = [
        re.sub(r"([.^$*+?()\[\]{}|\\/])", r"\\\1", word) for word in words
    ]
    alternatives = "|".join(escaped)
    return rf"^\s*({alternatives})\s*$"


def _plain(number: float) -> float | int:
    """Return a whole number without its decimal point."""
    if float(number).is_integer():
        return int(number)
    return number
