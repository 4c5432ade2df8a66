"""Recognise levels that are only written in another way, and words that say that a cell is empty.

Two texts are one level if they are equal without regard to case, width, white space, invisible characters, and
typographic quotes and dashes. That is Unicode's compatibility caseless match (The Unicode Standard, 3.13, definition
D146), applied to what `clean_text` returns. A whole number may also end in `.0` and have commas between thousands.

A word for an empty cell that the reference holds regularly, or that the contract names, is a level: `NA` stays Namibia.
Two spellings that the reference holds side by side are one level, unless the contract names both and both are in use:
then `a` and `A` are two codes.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from include.contract import DEFAULT_NULL_TOKENS, Column
from include.contract.text import clean_text
from include.monitoring.columns.config import drift_config

REMOVED = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f"  # control characters that are no white space
    "\u200c\u200d"  # zero-width joiners, also inside a word
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers
    "\u180b-\u180d\ufe00-\ufe0f"  # variation selectors
    "]"
)
"""Characters that nobody sees and that `clean_text` keeps."""

TYPED = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201f", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)
"""Quotes and dashes that a word processor puts in the place of the typed ones."""

WHOLE = re.compile(r"[+-]?[0-9]+\.0")
"""What pandas writes for a whole number in a column with missing cells."""

THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
NO_LETTERS = re.compile(r"[\W_]+")
EMPTY_SIGNS = frozenset(" .,;:?/\\'\"\u2026\u00b7\u00bf")
"""Signs that people put into a cell that has nothing; so are all dashes, brackets, quotes and underscores."""

EMPTY_CATEGORIES = frozenset({"Pd", "Ps", "Pe", "Pi", "Pf", "Pc"})
"""Unicode's categories of dashes, brackets, quotes and underscores."""
MISSING = "missing"
"""Stands for an empty cell where the levels are listed that a text stands for."""


def spelling_key(text: str) -> str:
    """Return what all spellings of one level have in common."""
    key = REMOVED.sub("", clean_text(text))
    if not key.isascii():
        decomposed = unicodedata.normalize("NFD", key.translate(TYPED))
        compatible = unicodedata.normalize("NFKC", decomposed.casefold())
        key = unicodedata.normalize("NFKC", compatible.casefold())
        key = key.translate(TYPED)
    key = " ".join(key.casefold().split())
    if THOUSANDS.fullmatch(key):
        key = key.replace(",", "")
    if WHOLE.fullmatch(key):
        key = key.removesuffix(".0")
    return key


@lru_cache(maxsize=64)
def null_words(tokens: tuple[str, ...]) -> frozenset[str]:
    """Return the keys of all words for an empty cell.

    Args:
        tokens: what the contract calls missing; the usual words, and those of drift.yaml, are added.
    """
    words = (*tokens, *DEFAULT_NULL_TOKENS, *drift_config().spelling.null_words)
    return frozenset(_letters(spelling_key(word)) for word in words)


def is_null_word(text: str, words: frozenset[str]) -> bool:
    """Return whether a text says that its cell is empty, such as `n/a`, `(Blank)`, `--` or white space alone.

    Brackets, dots and other signs around the letters do not count. Signs alone are a null word only if people put them
    into empty cells (EMPTY_SIGNS, EMPTY_CATEGORIES): a row of stars may be a grade, and `%` a unit.

    Args:
        text: of a cell.
        words: of `null_words`.
    """
    key = spelling_key(text)
    letters = _letters(key)
    if letters:
        return letters in words
    return all(
        sign in EMPTY_SIGNS or unicodedata.category(sign) in EMPTY_CATEGORIES
        for sign in key
    )


def _letters(key: str) -> str:
    """Return the letters and digits of a key."""
    return NO_LETTERS.sub("", key)


def _is_signs(text: str) -> bool:
    """Return whether a text holds signs, and neither letters nor digits."""
    key = spelling_key(text)
    return bool(key) and not _letters(key)


@dataclass(frozen=True)
class Spelling:
    """A level of the current leads that is another one, written differently.

    Attributes:
        level: as it is written.
        stands_for: level of the reference or of the contract, None for an empty cell.
        rows: of the current leads.
    """

    level: str
    stands_for: str | None
    rows: int


class Vocabulary:
    """The levels that the reference holds in a column, and what any other text stands for."""

    def __init__(
        self, counts: pd.Series, column: Column, words: frozenset[str]
    ) -> None:
        """Find the level that each spelling stands for.

        The most frequent spelling of the reference is the level. Another spelling is a level of its own if the contract
        names both and it is in use: it holds `spelling.regular_share` (drift.yaml) of the reference's filled cells. A
        word for an empty cell is a level if the contract names it or if it is in use. Where a level in use is a
        sign that says something (`+`), every other text of signs alone (`--`) is a level too.

        Args:
            counts: rows per level of the reference.
            column: which one it is; levels that the contract names are known as well.
            words: of `null_words`.
        """
        self._words = words
        self._level_of: dict[str, str] = {}
        self._regular: set[str] = set()
        self._signs_are_levels = False
        contract_levels = {*column.allowed, *column.order, *column.group_levels}
        least_rows = drift_config().spelling.regular_share * counts.sum()
        rows_per_level = {
            level: rows
            for level, rows in counts.items()
            if isinstance(level, str)
        }
        by_rows = sorted(
            rows_per_level, key=lambda level: (-rows_per_level[level], level)
        )
        for level in by_rows:
            is_in_use = rows_per_level[level] >= least_rows
            is_level = is_in_use or level in contract_levels
            looks_empty = is_null_word(level, words)
            if looks_empty and not is_level:
                continue
            if is_level and not looks_empty and _is_signs(level):
                self._signs_are_levels = True
            first_spelling = self._level_of.setdefault(
                spelling_key(level), level
            )
            if first_spelling == level or (
                is_in_use and {first_spelling, level} <= contract_levels
            ):
                self._regular.add(level)
        for level in sorted(contract_levels):
            self._level_of.setdefault(spelling_key(level), level)

    def replacements(self, levels: Iterable[object]) -> dict[str, str | None]:
        """Return the level that each of the levels stands for, None for an empty cell; only where it is another one."""
        replaced: dict[str, str | None] = {}
        for level in levels:
            if not isinstance(level, str) or level in self._regular:
                continue
            first_spelling = self._level_of.get(spelling_key(level))
            if first_spelling is None and self._is_empty(level):
                replaced[level] = None
            elif first_spelling is not None and first_spelling != level:
                replaced[level] = first_spelling
        return replaced

    def _is_empty(self, text: str) -> bool:
        """Return whether a text that is no known level says that its cell is empty."""
        if self._signs_are_levels and _is_signs(text):
            return False
        return is_null_word(text, self._words)

    def fold(self, values: pd.Series) -> pd.Series:
        """Return a column in which every cell holds the level that it stands for."""
        levels = values.dropna().unique()
        return with_replaced(values, self.replacements(levels))


def spellings(
    before: pd.Series,
    after: pd.Series,
    replaced: Mapping[str, str | None],
) -> tuple[Spelling, ...]:
    """Return the spellings that the current leads brought, most frequent first.

    A slip that the reference knows, and that is as rare as there, is no news.

    Args:
        before: rows per level of the reference, as written.
        after: the same of the current rows.
        replaced: level as written to the level that it stands for.
    """
    if not replaced:
        return ()
    least_rows = drift_config().spelling.regular_share * after.sum()
    rows_per_level = after.to_dict()
    levels_before = set(before.index)
    news = []
    for level, stands_for in replaced.items():
        rows = int(rows_per_level[level])
        if level not in levels_before or rows >= least_rows:
            news.append(Spelling(level, stands_for, rows))
    return tuple(
        sorted(news, key=lambda spelling: (-spelling.rows, spelling.level))
    )


def with_replaced(
    values: pd.Series, replaced: Mapping[str, str | None]
) -> pd.Series:
    """Return a column with some of its levels replaced; None makes a cell missing. Rows are only re-numbered."""
    if not replaced:
        return values
    is_categorical = isinstance(values.dtype, pd.CategoricalDtype)
    if is_categorical:
        codes = values.cat.codes.to_numpy()
        levels = values.cat.categories
    else:
        codes, levels = pd.factorize(values)
    new_levels = [replaced.get(level, level) for level in levels]
    # A missing cell has the code -1, which is the last place.
    if not is_categorical:
        cells = np.array([*new_levels, None], dtype=object)
        return pd.Series(cells[codes], index=values.index, name=values.name)
    new_codes, categories = pd.factorize(pd.Series(new_levels, dtype=object))
    folded = pd.Categorical.from_codes(
        np.append(new_codes, -1)[codes], categories
    )
    return pd.Series(folded, index=values.index, name=values.name)
