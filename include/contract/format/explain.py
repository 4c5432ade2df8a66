"""Say what is wrong with a contract file, and what to write in its place."""

import datetime
import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

QUOTES = "put it in quotes"
BOOLEAN_HINT = (
    "YAML reads yes, no, on, off, true and false without quotes as a truth value; "
    + QUOTES
)
DATE_HINT = "YAML reads this as a date; " + QUOTES
NUMBER_HINT = "YAML reads this as a number and may drop digits; " + QUOTES


def explain(
    source: str, content: object, error: ValidationError, model: type[BaseModel]
) -> str:
    """Return every mistake on a line of its own, with the file, the column and the key where it is.

    Args:
        source: what the file is called.
        content: what it holds.
        error: of the model that refused it.
        model: that model; its keys are suggested for unknown ones.
    """
    keys = _keys(model)
    problems = [
        _explain(source, content, problem, keys) for problem in error.errors()
    ]
    return "\n".join(dict.fromkeys(problems))


def _explain(
    source: str, content: object, problem: Any, keys: frozenset[str]
) -> str:
    location = list(problem["loc"])
    place = source
    if (
        location[:1] == ["columns"]
        and len(location) > 1
        and isinstance(content, dict)
    ):
        number = location[1]
        column = content["columns"][number]
        if isinstance(column, dict):
            place += f": column {column.get('name', number)!r}"
        else:
            place += f": {number}"
        location = location[2:]
    if location:
        key = ".".join(str(part) for part in location)
        place += f": key {key!r}"
    advice = _advice(problem, location, keys)
    return f"{place}: {problem['msg']} (got {problem['input']!r:.80}){advice}"


def _advice(problem: Any, location: list[Any], keys: frozenset[str]) -> str:
    """Return what to write in place of the mistake, empty where that is not known."""
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), keys, n=1)
        return f"; did you mean {near[0]!r}?" if near else ""
    if problem["type"] != "string_type":
        return ""
    value = problem["input"]
    if isinstance(value, bool):
        return f"; {BOOLEAN_HINT}"
    if isinstance(value, datetime.date):
        return f"; {DATE_HINT}"
    if isinstance(value, float):
        return f"; {NUMBER_HINT}"
    return ""


def _keys(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys of a model and of the models inside it."""
    keys: set[str] = set()
    for name, field in model.model_fields.items():
        keys.add(name)
        for inner in _models_in(field.annotation):
            keys |= _keys(inner)
    return frozenset(keys)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a type names, inside tuples and unions too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    models: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()):
        models += _models_in(argument)
    return models
