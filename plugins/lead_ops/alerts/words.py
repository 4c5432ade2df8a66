"""Write figures, dates and lists as a person reads them; a value of another kind than expected is left out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

LONGEST = 300
"""Letters of one value; a level of a lead or a reason may be longer than anybody reads."""
SHOWN = 3
"""Names that a sentence lists; the facts below it list all."""


def one_line(value: object, longest: int = LONGEST) -> str:
    """Return a value as one line of printable letters, cut to `longest`.

    Line ends, control characters and marks of writing direction are gone.
    """
    words = " ".join(str(value).split())
    line = "".join(letter for letter in words if letter.isprintable())
    if len(line) > longest:
        return line[: longest - 1] + "…"
    return line


def percent(value: object) -> str:
    """Format a share in [0, 1] as a percentage, "" for what is no number."""
    number = as_number(value)
    return "" if number is None else f"{number:.1%}"


def count(value: object) -> str:
    """Format a whole number with separators, "" for what is no number."""
    number = as_number(value)
    return "" if number is None else f"{number:,.0f}"


def figure(value: object) -> str:
    """Format a figure with four decimals, "" for what is no number."""
    number = as_number(value)
    return "" if number is None else f"{number:.4f}"


def day(moment: object) -> str:
    """Format a moment in UTC, such as `3 Feb 2026, 04:29 UTC`, "" for what is none."""
    if not isinstance(moment, datetime):
        return ""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def as_number(value: object) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    is_finite = number - number == 0
    return number if is_finite else None


def plural(number: int, noun: str) -> str:
    """Return number and noun, such as `1 column` or `11 columns`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Iterable[str]) -> str:
    """Return names as a list in words: `a`, `a and b`, `a, b and c`."""
    texts = list(names)
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def among(names: Sequence[str], shown: int = SHOWN) -> str:
    """Return names as a clause: `: a and b` where these are all, `, among them a and b` where there are more."""
    if not names:
        return ""
    if len(names) <= shown:
        return f": {listed(names)}"
    return f", among them {listed(names[:shown])}"


def sentence(text: str) -> str:
    """Return the text with a capital letter in front and a full stop behind."""
    if not text:
        return ""
    end = "" if text.endswith((".", "?", "!", "…")) else "."
    return text[0].upper() + text[1:] + end


def texts(result: Mapping[str, Any], key: str) -> list[str]:
    """Return the list of texts under a key of a task's result, empty where there is none."""
    values = result.get(key)
    if not isinstance(values, list | tuple):
        return []
    return [one_line(value) for value in values if value is not None]


def text(result: Mapping[str, Any], key: str) -> str:
    """Return the text under a key of a task's result, "" where there is none."""
    value = result.get(key)
    return "" if value is None else one_line(value)


def mapping(result: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the dictionary under a key of a task's result, an empty one where there is none."""
    value = result.get(key)
    return value if isinstance(value, Mapping) else {}


def fact_name(
    name: str, result: Mapping[str, Any], results: Sequence[Mapping[str, Any]]
) -> str:
    """Return the name of a fact, with its stage where the alert is about several."""
    stage = text(result, "stage")
    return f"{name}, {stage}" if stage and len(results) > 1 else name
