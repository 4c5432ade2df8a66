"""Write the sentence that a sales rep reads where a feature is a reason for a score."""

import math
from collections.abc import Mapping
from string import Formatter

from include.contract.features import VALUE, Feature

UNKNOWN = "unknown"
DECIMALS = 2
"""Digits behind the point of a number for which the sentence names none."""


class _Words(Formatter):
    """Fill a sentence: a number as its format says, text and what is missing as they are."""

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, int | float):
            return UNKNOWN
        if format_spec:
            return format(value, format_spec)
        rounded = round(float(value), DECIMALS)
        return str(int(rounded)) if rounded.is_integer() else str(rounded)


def sentence(feature: Feature, values: Mapping[str, object]) -> str:
    """Return what a sales rep reads of a feature, such as `4 contacts in the first week`.

    Args:
        feature: as the contract declares it.
        values: every feature of the lead by its name; the sentence may show another one than its own.
    """
    texts = {name: _known(value) for name, value in values.items()}
    value = texts.get(feature.name)
    texts[VALUE] = value
    sentences = feature.reason
    if value is None:
        template = sentences.missing or f"{feature.label}: {UNKNOWN}"
    elif value == 0 and sentences.zero:
        template = sentences.zero
    elif value == 1 and sentences.one:
        template = sentences.one
    else:
        template = sentences.value
    return _Words().vformat(template, (), texts)


def _known(value: object) -> object:
    """Return a value as Python's own text or number, None where it is missing."""
    if value is None or isinstance(value, str):
        return value
    try:
        number = float(value)  # type: ignore[arg-type] # what is no number raises
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number
