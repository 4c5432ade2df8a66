"""Propose key, clock and outcome of a file, and look for what must not reach a model: leaks and personal data."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from include.contract.text import heading_key
from include.evaluation.intervals import ranking
from onboarding.columns import Profile
from onboarding.words import header_has, header_words, lists_for, words_for

LEAK = 0.9
"""A column that alone ranks leads so well (ROC-AUC) was likely written after the outcome."""
BINS = 20
MOST_GROUPS = 200
PAIRS = 8
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")
PHONE = re.compile(r"\+?[\d\s()/.-]{7,20}")


@dataclass(frozen=True)
class Outcome:
    """A column that may be the outcome.

    Attributes:
        column: its profile.
        positive: cells that mean that it happened.
        negative: cells that mean that it did not.
        open_cells: cells of leads whose outcome is not known yet.
        weight: how likely it is the outcome.
        remarks: questions.
    """

    column: Profile
    positive: list[str]
    negative: list[str]
    open_cells: list[str]
    weight: float
    remarks: tuple[str, ...] = ()

    @property
    def values(self) -> "pd.Series[float]":
        """Return 1, 0 or nothing for each row."""
        meaning = dict.fromkeys(self.positive, 1.0)
        meaning |= dict.fromkeys(self.negative, 0.0)
        return self.column.cells.map(meaning).astype("float64")


def outcomes(columns: Sequence[Profile]) -> list[Outcome]:
    """Return what may be the outcome, the likeliest first."""
    candidates = []
    for place, column in enumerate(columns):
        levels = column.levels
        if len(levels) < 2 or len(levels) > 6 or column.formats:
            continue
        candidate = _outcome(column, place == len(columns) - 1)
        if candidate is not None:
            candidates.append(candidate)
    return sorted(candidates, key=lambda candidate: -candidate.weight)


def _outcome(column: Profile, last: bool) -> Outcome | None:
    folded = {level.casefold(): level for level in column.levels}
    yes = [folded[word] for word in folded if word in words_for("positive")]
    no = [folded[word] for word in folded if word in words_for("negative")]
    waiting = [folded[word] for word in folded if word in words_for("open")]
    named = header_has(column.name, "outcome")
    weight = 2.0 * named + 1.0 * last + 1.0 * bool(yes)
    for positive, negative in lists_for("pairs"):
        if set(folded) == {positive, negative}:
            return Outcome(
                column,
                [folded[positive]],
                [folded[negative]],
                [],
                weight + 0.5,
            )
    rest = [
        level for level in column.levels if level not in (*yes, *no, *waiting)
    ]
    if len(yes) == 1 and len(no) + len(rest) and (named or last or no):
        remarks = []
        if waiting:
            remarks.append(
                f"QUESTION: leads with {', '.join(waiting)} count as open; is that right?"
            )
        if rest:
            remarks.append(
                f"QUESTION: does {', '.join(rest)} mean that it did not happen?"
            )
        return Outcome(
            column, yes, [*no, *rest], waiting, weight, tuple(remarks)
        )
    if len(folded) != 2 or column.type == "number":
        return None
    rarer = column.levels[1]
    other = column.levels[0]
    return Outcome(
        column,
        [rarer],
        [other],
        [],
        weight,
        (
            f"QUESTION: does {rarer} mean that it happened (it is rarer), and {other} that it did not?",
        ),
    )


@dataclass(frozen=True)
class Key:
    """Columns that may identify a lead, and the share of the rows that repeat an earlier one."""

    names: tuple[str, ...]
    duplicates: float


def keys(columns: Sequence[Profile]) -> list[Key]:
    """Return what may be the key, the best first: named as one, without duplicates, one column before two."""
    whole = [
        column
        for column in columns
        if column.filled == column.rows
        and column.type in ("string", "integer", "category", "number")
    ]
    singles = [
        Key((column.name,), 1 - len(column.counts) / column.rows)
        for column in whole
        if header_has(column.name, "key") or column.type == "string"
    ]
    singles = [key for key in singles if key.duplicates < 0.5]
    private = {column.name for column in whole if personal(column)}
    singles = [
        key
        for key in singles
        if key.names[0] not in private or header_has(key.names[0], "mail")
    ]
    singles.sort(
        key=lambda key: (key.duplicates > 0, -_named(key), key.duplicates)
    )
    if any(not key.duplicates for key in singles):
        return singles
    usable = [
        column
        for column in columns
        if column.filled == column.rows
        and (column.name not in private or header_has(column.name, "mail"))
        and _part_of_key(column)
    ]
    most = sorted(usable, key=lambda column: -len(column.counts))[:PAIRS]
    pairs = []
    for one, other in itertools.combinations(most, 2):
        rows = pd.DataFrame({"one": one.cells, "other": other.cells})
        share = float(rows.duplicated().mean())
        if not share:
            pairs.append(Key((one.name, other.name), share))
    return [*pairs, *singles]


def _part_of_key(column: Profile) -> bool:
    """Return whether a column may identify a lead together with another one."""
    named = header_has(column.name, "key") or header_has(column.name, "mail")
    return named or column.type in ("date", "timestamp", "string")


def _named(key: Key) -> bool:
    return header_has(key.names[0], "key")


def clocks(columns: Sequence[Profile], taken: set[str]) -> list[Profile]:
    """Return what may say when a lead arrived, the likeliest first: dates and moments, then growing numbers."""
    moments = [
        column
        for column in columns
        if column.type in ("date", "timestamp")
        and column.filled == column.rows
        and column.name not in taken
        and not header_has(column.name, "afterwards")
        and not header_has(column.name, "changed")
    ]
    moments.sort(key=lambda column: -_arrival_words(column.name))
    numbers = [
        column
        for column in columns
        if column.type == "integer"
        and column.name not in taken
        and column.filled == column.rows
        and _grows(column)
    ]
    return [*moments, *numbers]


def _arrival_words(name: str) -> int:
    first = ("created", "erstellt", "arrival", "received", "signup")
    words = header_words(name)
    return header_has(name, "arrival") + any(word in first for word in words)


def _grows(column: Profile) -> bool:
    """Return whether numbers grow with the rows of the file and hardly repeat."""
    if column.rows < 10:
        return False
    values = pd.to_numeric(column.cells, errors="coerce")
    return (
        bool(values.is_monotonic_increasing)
        and len(column.counts) > 0.9 * column.rows
    )


def is_index(column: Profile) -> bool:
    """Return whether a column only numbers the rows of the file."""
    if column.type != "integer" or not header_has(column.name, "index"):
        return False
    values = pd.to_numeric(column.cells, errors="coerce")
    steps = values.diff().dropna()
    return bool((steps == 1).all())


def alone(column: Profile, outcome: "pd.Series[float]") -> float:
    """Return the ROC-AUC of one column alone: each level's rate among the other half of the rows.

    Numbers are cut into 20 bins; missing is a level. What no lead of the other half has counts with the rate of all.

    Args:
        column: its profile.
        outcome: 1, 0 or nothing for each row.
    """
    known = outcome.notna().to_numpy()
    values = _levels(column)[known]
    target = outcome[known].to_numpy()
    if len(set(target)) < 2 or len(values) < 4 or len(set(values)) < 2:
        return 0.5
    codes = np.unique(values, return_inverse=True)[1]
    half = np.random.default_rng(0).permutation(len(target)) % 2
    scores = np.empty(len(target))
    for side in (0, 1):
        rates = _rates(codes[half != side], target[half != side], codes.max())
        scores[half == side] = rates[codes[half == side]]
    return ranking(target, scores).roc_auc


def _rates(codes: np.ndarray, target: np.ndarray, largest: int) -> np.ndarray:
    """Return the rate of each level, and the rate of all rows for a level that has none."""
    counts = np.bincount(codes, minlength=largest + 1)
    sums = np.bincount(codes, weights=target, minlength=largest + 1)
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, sums / counts, target.mean())


def _levels(column: Profile) -> np.ndarray:
    """Return a number for the level or bin of each row, -1 for missing."""
    if column.type in ("integer", "number"):
        values = pd.to_numeric(column.cells, errors="coerce")
        if values.nunique() > BINS:
            cut = pd.qcut(values, BINS, labels=False, duplicates="drop")
            return np.asarray(cut.fillna(-1))
    if len(column.counts) > MOST_GROUPS:
        return column.cells.notna().to_numpy().astype("int64")
    codes, _ = pd.factorize(column.cells)
    return np.asarray(codes)


def personal(column: Profile) -> str:
    """Return what kind of personal data a column looks like; empty for none."""
    sample = column.levels[:100]
    if not sample or column.type in ("boolean", "date", "timestamp"):
        return ""
    if sum(bool(MAIL.fullmatch(cell)) for cell in sample) > len(sample) / 2:
        return "mail addresses"
    numbers = sum(bool(PHONE.fullmatch(cell)) for cell in sample)
    few = len(column.counts) < 0.2 * column.filled
    if few or column.type == "number":
        return ""
    if header_has(column.name, "phone") and numbers > len(sample) / 2:
        return "telephone numbers"
    if column.type == "integer":
        return ""
    if header_has(column.name, "address"):
        return "addresses"
    words = header_words(column.name)
    names = words_for("names_of")
    of_person = "name" in words and (
        len(words) == 1 or bool(names & set(words))
    )
    together = heading_key(column.name) in words_for("person")
    if of_person or together or header_has(column.name, "person"):
        return "names of people"
    return ""
