"""Read the glob patterns by which a crawler leaves objects out.

Source: https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html#crawler-data-stores-exclude. A pattern is matched
against the path below the include path: `*` and `?` stay within a folder, `**` crosses folders, `[…]` is a set of
signs, `{a,b}` a choice, a backslash takes the next sign as it is.
"""

import re
from collections.abc import Iterable
from functools import cache


def excludes(patterns: Iterable[str], path: str) -> bool:
    """Tell whether one of the patterns matches a path, such as `2026/leads.csv`, as a whole."""
    return any(_expression(pattern).fullmatch(path) for pattern in patterns)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    text = ""
    place = 0
    depth = 0  # of braces
    while place < len(pattern):
        sign = pattern[place]
        if pattern.startswith("**", place):
            text += ".*"
            place += 1
        elif sign == "*":
            text += "[^/]*"
        elif sign == "?":
            text += "[^/]"
        elif sign == "{":
            text += "(?:"
            depth += 1
        elif sign == "}" and depth:
            text += ")"
            depth -= 1
        elif sign == "," and depth:
            text += "|"
        elif sign == "[" and "]" in pattern[place:]:
            end = pattern.index("]", place)
            text += _set(pattern[place + 1 : end])
            place = end
        elif sign == "\\" and place + 1 < len(pattern):
            place += 1
            text += re.escape(pattern[place])
        else:
            text += re.escape(sign)
        place += 1
    return re.compile(text, re.DOTALL)


def _set(signs: str) -> str:
    """Return a bracket expression; `!` at its begin negates it."""
    negated = signs.startswith("!")
    inside = signs.removeprefix("!").replace("\\", r"\\").replace("^", r"\^")
    return f"[{'^' if negated else ''}{inside}]"
