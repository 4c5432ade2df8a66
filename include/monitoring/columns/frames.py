"""Bring reference and current leads into the form in which their columns are compared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.lake.columns import ParquetColumns
from include.monitoring.columns.config import Missing, drift_config
from include.monitoring.columns.pairs import Pair, prepare_pair
from include.monitoring.columns.spelling import (
    Spelling,
    Vocabulary,
    is_null_word,
    null_words,
    spellings,
    with_replaced,
)
from include.monitoring.columns.tally import Tally
from include.monitoring.errors import NotNumbersError


class Leads(Protocol):
    """Rows of leads of which single columns are asked for: a frame, or a `ParquetColumns` of any size."""

    @property
    def columns(self) -> Iterable[Any]:
        """Field names."""

    def __len__(self) -> int:
        """Rows."""

    def __getitem__(self, field: str, /) -> Any:
        """All values of a column as a pandas Series."""


@dataclass(frozen=True)
class Comparison:
    """Two frames with the same monitored columns: numbers as normal scores, everything else as str levels.

    `thresholds` has the score from which on a column has drifted; one that is not in it has that of drift.yaml.
    """

    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    thresholds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Sides:
    """All rows of one column, every cell with the level that it stands for.

    Attributes:
        before: of the reference.
        after: of the current rows.
        spelling: levels of the current rows that are written in another way than in the reference.
        vocabulary: what any other text in the column stands for; None for numbers.
    """

    before: Tally
    after: Tally
    spelling: tuple[Spelling, ...] = ()
    vocabulary: Vocabulary | None = None


def comparable_columns(contract: Contract) -> tuple[Column, ...]:
    """Return the columns whose distribution says something: none with a role such as key or clock, and no free text.

    Near-constant columns are among them, so that a switch that starts to be used is seen.
    """
    columns = []
    for column in contract.columns:
        if column.field not in contract.roles and column.type != "string":
            columns.append(column)
    return tuple(columns)


def monitored_columns(
    reference: Leads, contract: Contract, current: Leads | None = None
) -> tuple[Column, ...]:
    """Return the comparable columns that vary in `reference`, missing counted as a value.

    With `current`, those that vary in both together: a constant that starts to vary is among them.
    """
    both = reference if current is None else current
    columns = columns_of_both(reference, both, comparable_columns(contract))
    words = null_words(contract.null_tokens)
    return tuple(
        column
        for column, sides in each_column(reference, both, columns, words)
        if varies_together(sides)
    )


def varies_together(sides: Sides) -> bool:
    """Return whether a column holds more than one value on both sides together, missing counted as one."""
    before = sides.before
    after = sides.after
    if before.varies or after.varies:
        return True
    if bool(before.missing) != bool(after.missing):
        return True
    return not before.counts.index.equals(after.counts.index)


def columns_of_both(
    reference: Leads, current: Leads, columns: Sequence[Column]
) -> tuple[Column, ...]:
    """Return those of the columns that both sides have."""
    fields = set(reference.columns) & set(current.columns)
    return tuple(column for column in columns if column.field in fields)


def compare_frames(
    reference: Leads,
    current: Leads,
    columns: Sequence[Column],
    missing: Missing,
    null_tokens: tuple[str, ...] = (),
) -> Comparison:
    """Reduce both sides to `columns`, which both have, in the form in which Evidently compares them.

    Numbers become normal scores, a missing category becomes a level. A missing number becomes the sentinel where the
    column is mostly missing on either side, so that a column never arrives empty; elsewhere it stays NaN, which
    Evidently leaves out.

    Args:
        reference: rows of one side.
        current: rows of the other.
        columns: to be compared.
        missing: what stands for a missing value.
        null_tokens: of the contract; the usual words for an empty cell are known anyway.

    Raises:
        KeyError: a column is absent on one side; `columns_of_both` leaves those out.
        NotNumbersError: a column of numbers holds text.
    """
    config = drift_config().model_copy(update={"missing": missing})
    pairs = {
        column.field: prepare_pair(
            sides.before,
            sides.after,
            column,
            config,
        )
        for column, sides in each_column(
            reference, current, columns, null_words(null_tokens)
        )
    }
    return side_by_side(pairs)


def side_by_side(pairs: Mapping[str, Pair]) -> Comparison:
    """Return the comparison of prepared columns."""
    reference = {}
    current = {}
    for name, pair in pairs.items():
        reference[name] = pair.reference.reset_index(drop=True)
        current[name] = pair.current.reset_index(drop=True)
    return Comparison(
        pd.DataFrame(reference),
        pd.DataFrame(current),
        numeric=tuple(name for name, pair in pairs.items() if pair.numeric),
        categorical=tuple(
            name for name, pair in pairs.items() if not pair.numeric
        ),
        thresholds={name: pair.threshold for name, pair in pairs.items()},
    )


def each_column(
    reference: Leads,
    current: Leads,
    columns: Sequence[Column],
    words: frozenset[str],
) -> Iterator[tuple[Column, Sides]]:
    """Yield both sides of the columns, one after the other, every cell with the level that it stands for.

    Of leads on disk, the next column is read while the last one is worked on.

    Args:
        reference: rows of one side, which says how levels are written.
        current: rows of the other.
        columns: that both sides have.
        words: for an empty cell, of `null_words`.

    Raises:
        NotNumbersError: a column of numbers holds text.
    """
    both_sides = zip(
        columns,
        _each_series(reference, columns),
        _each_series(current, columns),
        strict=True,
    )
    for column, before, after in both_sides:
        yield column, sides_of(before, after, column, words)


def sides_of(
    before: pd.Series, after: pd.Series, column: Column, words: frozenset[str]
) -> Sides:
    """Return both sides of one column, every cell with the level that it stands for. Args as in `each_column`."""
    if column.numeric:
        numbers, _ = _numbers(before, column, words)
        current_numbers, spelling = _numbers(after, column, words)
        return Sides(Tally(numbers), Tally(current_numbers), spelling)
    reference = Tally(before)
    current = Tally(after)
    vocabulary = Vocabulary(reference.counts, column, words)
    slips = vocabulary.replacements(reference.counts.index)
    replaced = vocabulary.replacements(current.counts.index)
    return Sides(
        Tally(with_replaced(before, slips)) if slips else reference,
        Tally(with_replaced(after, replaced)) if replaced else current,
        spellings(reference.counts, current.counts, replaced),
        vocabulary,
    )


def _each_series(
    leads: Leads, columns: Sequence[Column]
) -> Iterator[pd.Series]:
    """Yield the columns as they are; of leads on disk, the next is read while the last is worked on."""
    names = [column.field for column in columns]
    if isinstance(leads, ParquetColumns):
        for _, series in leads.each(names):
            yield series
        return
    for name in names:
        yield leads[name]


def _numbers(
    series: pd.Series, column: Column, words: frozenset[str]
) -> tuple[pd.Series, tuple[Spelling, ...]]:
    """Return a column of numbers as float64, infinite ones and words for an empty cell as missing, and these words.

    Raises:
        NotNumbersError: a column of numbers holds other text.
    """
    spelling: tuple[Spelling, ...] = ()
    if not pd.api.types.is_numeric_dtype(series):
        series, spelling = _without_null_words(series, words)
    try:
        numbers = series.astype("float64")
    except (TypeError, ValueError) as error:
        raise NotNumbersError(
            f"column {column.field} should hold numbers ({error}); look at the file that brought it, or correct its "
            "type in the contract"
        ) from error
    if np.isinf(numbers.to_numpy()).any():
        numbers = numbers.replace([np.inf, -np.inf], np.nan)
    return numbers, spelling


def _without_null_words(
    series: pd.Series, words: frozenset[str]
) -> tuple[pd.Series, tuple[Spelling, ...]]:
    """Return a column without words for an empty cell, and these words."""
    counts = Tally(series).counts
    replaced: dict[str, str | None] = {
        cell: None
        for cell in counts.index
        if isinstance(cell, str) and is_null_word(cell, words)
    }
    spelling = spellings(counts.head(0), counts, replaced)
    return with_replaced(series, replaced), spelling
