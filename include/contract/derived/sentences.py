"""Fill the sentences that a sales rep reads of a value."""

import math
from collections.abc import Mapping
from string import Formatter

UNKNOWN = "unknown"
DECIMALS = 2
"""Digits behind the point of a number for which the sentence names none."""


class _Words(Formatter):
    """Fill a sentence: a number as its format says, text as it is."""

    def format_field(self, value: object, format_spec: str) -> str:
        """Return a value in words."""
        if not isinstance(value, int | float):
            return str(value)
        if format_spec:
            return format(value, format_spec)
        rounded = round(float(value), DECIMALS)
        return str(int(rounded)) if rounded.is_integer() else str(rounded)


def _known(value: object) -> str | float | None:
    """Return a value as Python's own text or number, None where it is missing."""
    if value is None or isinstance(value, str):
        return value
    try:
        number = float(value)  # type: ignore[arg-type] # what is no number raises
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def _template_for(
    sentences: Mapping[str, str], value: str | float | None, label: str
) -> str:
    """Return the sentence for a value, not filled yet.

    Args:
        sentences: `value`, and `zero`, `one` and `missing` if any.
        value: of `_known`.
        label: stands before `unknown` where nothing says what to write without a value.
    """
    if value is None:
        missing = f"{label}: {UNKNOWN}".replace("{", "{{").replace("}", "}}")
        return sentences.get("missing") or missing
    if value == 0 and sentences.get("zero"):
        return sentences["zero"]
    if value == 1 and sentences.get("one"):
        return sentences["one"]
    return sentences["value"]


def sentence_of(sentences: Mapping[str, str], value: object, label: str) -> str:
    """Return what a sales rep reads of a value, such as `4 contacts in the first week`."""
    plain = _known(value)
    template = _template_for(sentences, plain, label)
    return _Words().vformat(template, (), {"value": plain})
