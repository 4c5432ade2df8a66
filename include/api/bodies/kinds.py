"""Say in words what JSON holds."""

from typing import Any

KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def kind_of(content: Any) -> str:
    """Return in words what JSON holds."""
    return KINDS[type(content)]
