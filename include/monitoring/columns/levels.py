"""Write cells as levels, and fill in what is missing."""

import re

import pandas as pd

from include.monitoring.columns.config import Missing
from include.monitoring.columns.tally import Tally

BRACKETS = re.compile("[<>]")
HARMLESS = str.maketrans("<>", "‹›")
"""Evidently writes levels into a script of its page as they are, where `</script>` would end it, and its pictures take
`<a href=…>` for a link."""

NAMED = 20
"""So many numbers beside a constant one are levels of their own; of more, all are one level."""

OTHERS = "(other numbers)"


def fill_numbers(
    before: pd.Series, after: pd.Series, missing: Missing
) -> tuple[pd.Series, pd.Series]:
    """Return the numbers of both sides, with the sentinel for missing ones where either side mostly misses them."""
    missing_share = max(before.isna().mean(), after.isna().mean())
    if missing_share >= missing.mostly:
        return before.fillna(missing.sentinel), after.fillna(missing.sentinel)
    return before, after


def levels_of_numbers(numbers: pd.Series, constant: Tally) -> pd.Series:
    """Return numbers as text: the constant one of the reference, and the others by name where they are few."""
    texts = numbers.map("{:g}".format, na_action="ignore").astype(object)
    is_other = numbers.notna() & ~numbers.isin(list(constant.counts.index))
    if texts[is_other].nunique() > NAMED:
        return texts.mask(is_other, OTHERS)
    return texts


def as_levels(series: pd.Series, missing: Missing) -> pd.Series:
    """Return everything as text that a web page takes for no markup, and a level for what is missing."""
    levels = series.astype(object).where(series.notna(), missing.level)
    texts = levels.astype(str)
    harmless_texts = {
        text: text.translate(HARMLESS)
        for text in texts.unique()
        if BRACKETS.search(text)
    }
    if not harmless_texts:
        return texts
    return texts.map(lambda text: harmless_texts.get(text, text))
