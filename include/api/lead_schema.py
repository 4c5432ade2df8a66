"""The JSON schema of a lead, from the contract: what `include.scoring.leads` accepts, field by field."""

import re
from collections.abc import Sequence
from typing import Any

from include.contract import Column, Contract
from include.scoring.leads import LARGEST

Json = dict[str, Any]


def lead_schema(contract: Contract, max_columns: int) -> Json:
    """Schema of one lead: every field optional, unknown ones ignored."""
    return {
        "type": "object",
        "description": "Fields by the names below, or by their business headers; what is left out counts as missing, "
        "and fields that nobody knows are ignored.",
        "properties": {column.field: field_schema(column, contract.null_tokens) for column in contract.columns},
        "maxProperties": max_columns,
    }


def field_schema(column: Column, null_tokens: Sequence[str]) -> Json:
    """Schema of one field: type, bounds, unit, and its levels, as a rule or as examples."""
    kinds = {"integer": _number, "number": _number, "yes_no": _levels, "ordinal": _levels, "category": _text}
    found: Json = {
        "title": column.label,
        "description": _description(column),
        **kinds.get(column.type, _key)(column, null_tokens),
    }
    return found


def _description(column: Column) -> str:
    unit = f", in {column.unit}" if column.unit else ""
    return f"{column.description} Header: {column.name}. Known at {column.known_at}{unit}."


def _number(column: Column, null_tokens: Sequence[str]) -> Json:
    least = -LARGEST if column.minimum is None else column.minimum
    most = LARGEST if column.maximum is None else column.maximum
    bounds = {"type": column.type, "minimum": _plain(least), "maximum": _plain(most)}
    choices = [bounds, {"type": "null"}, {"type": "string", "pattern": _one_of(null_tokens)}]
    if column.minimum in (None, 0) and column.maximum is None:  # no pattern says other bounds
        sign = "" if column.minimum == 0 else "-?"
        digits = "[0-9]{1,15}" if column.type == "integer" else r"[0-9]{1,15}(\.[0-9]{1,15})?"
        choices.append({"type": "string", "pattern": rf"^\s*{sign}{digits}\s*$"})
    return {"anyOf": choices}


def _levels(column: Column, null_tokens: Sequence[str]) -> Json:
    levels = column.order or ("Yes", "No")
    return {
        "anyOf": [{"type": "string", "pattern": _one_of([*levels, *null_tokens])}, {"type": "null"}],
        "examples": list(levels),
    }


def _text(column: Column, null_tokens: Sequence[str]) -> Json:
    levels = column.allowed or tuple(level for group in column.groups.values() for level in group)
    return {"type": ["string", "null"]} | ({"examples": list(levels)} if levels else {})


def _key(column: Column, null_tokens: Sequence[str]) -> Json:
    return {"type": ["string", "integer", "null"]}


def _one_of(words: Sequence[str]) -> str:
    """Pattern of the words with space around them; spelled so that it means the same in Python, JavaScript and Rust."""
    escaped = "|".join(re.sub(r"([.^$*+?()\[\]{}|\\/])", r"\\\1", word) for word in words)
    return rf"^\s*({escaped})\s*$"


def _plain(number: float) -> float | int:
    return int(number) if float(number).is_integer() else number
