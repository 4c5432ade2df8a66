"""Find the columns that the names of a lead mean, and say what was expected where they mean none."""

import difflib
import itertools
import json
import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from include.contract import Contract
from include.contract.cells import YES_NO
from include.contract.text import Headings, clean_text, heading_key

REMEMBERED = 4096
"""Names whose column is remembered; callers may send any names."""
LONGEST_REMEMBERED = 256
LONGEST_NAME = 100
"""Characters of a caller's name that a reply repeats."""
LISTED = 50
"""Ignored names that a reply lists."""
SHOWN_NAMES = 5
EXPECTED_NAMES = 12
SIMILAR = 0.7
NUMBER_OR_DATE = re.compile(
    r"[+-]?[$€£]?[0-9.][0-9 .,:/eE+TZ-]*[%€$£]?", re.ASCII
)


class LeadNames:
    """Hold the names and levels of one contract."""

    def __init__(self, contract: Contract) -> None:
        """Derive every spelling of the contract's columns, and the levels that it names."""
        columns = contract.spellings
        self.files = contract.files
        self.has_sources = bool(contract.unify)
        self._headings = Headings(columns)
        self._remembered = lru_cache(REMEMBERED)(self._headings.find)
        self._exact = frozenset(itertools.chain.from_iterable(columns))
        self._fields = contract.fields
        self._spellings: dict[str, str] = {}
        for name, field in columns:
            self._spellings[heading_key(name)] = field
            self._spellings[heading_key(field)] = field
        self._levels = _levels(contract)

    def unknown(self, names: Collection[str]) -> list[str]:
        """Return those of some names that mean no field, in their order."""
        if self._exact.issuperset(names):
            return []
        return [name for name in names if self.find(name) is None]

    def find(self, name: str) -> str | None:
        """Return the field that a name means, None if it means none; see `Headings`."""
        if len(name) > LONGEST_REMEMBERED:
            return self._headings.find(name)
        return self._remembered(name)

    def is_value(self, cell: str) -> bool:
        """Return whether a cell that should be a heading looks like a lead's value: a number, a date, a level."""
        text = clean_text(cell)
        if "@" in text or NUMBER_OR_DATE.fullmatch(text):
            return True
        return text.casefold() in self._levels

    def explain(self, names: Sequence[str]) -> str:
        """Return in words what was sent, what was expected, and which columns may have been meant."""
        sent = ", ".join(quoted(name) for name in names[:SHOWN_NAMES])
        if len(names) > SHOWN_NAMES:
            sent += f" and {len(names) - SHOWN_NAMES} more"
        expected = ", ".join(self._fields[:EXPECTED_NAMES])
        if len(self._fields) > EXPECTED_NAMES:
            expected += f", … ({len(self._fields)} in all)"
        text = f"found {sent or 'no name at all'}; expected names of the contract, as {expected}"
        similar = self._similar(names[:SHOWN_NAMES])
        if similar:
            text += f"; did you mean {', '.join(similar)}?"
        return text

    def _similar(self, names: Iterable[str]) -> list[str]:
        """Return the columns whose names are most like those sent."""
        fields: list[str] = []
        for name in names:
            key = heading_key(name[:LONGEST_NAME])
            nearest = difflib.get_close_matches(
                key, self._spellings, n=1, cutoff=SIMILAR
            )
            for spelling in nearest:
                field = self._spellings[spelling]
                if field not in fields:
                    fields.append(field)
        return fields


class IgnoredNames:
    """Collect the names of a request that mean no column."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Begin with some names."""
        self._names = set(names)

    def add(self, name: str) -> None:
        """Add a name; one that was added before changes nothing."""
        self._names.add(name)

    @property
    def count(self) -> int:
        """Return how many different names there are."""
        return len(self._names)

    @property
    def listed(self) -> list[str]:
        """Return the first of them in order, each at its first characters: a caller may send any number and length."""
        return [shortened(name) for name in sorted(self._names)[:LISTED]]


def shortened(name: str) -> str:
    """Return a caller's name, cut where it is long."""
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}…"


def quoted(name: str) -> str:
    """Return a caller's name in quotes, cut where it is long, with control characters spelled out."""
    return json.dumps(shortened(name), ensure_ascii=False)


def _levels(contract: Contract) -> frozenset[str]:
    """Return every text that the contract names as a value, without case; no text at all is not one."""
    levels = {*YES_NO, *contract.null_tokens}
    for column in contract.columns:
        levels.update(column.allowed, column.order)
        levels.update(column.positive, column.negative)
        for group in column.groups.values():
            levels.update(group)
    folded = {clean_text(level).casefold() for level in levels}
    return frozenset(folded - {""})
