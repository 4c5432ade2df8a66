"""Find columns whose feed broke. An outage is no drift: nothing must be retrained on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import poisson

from include.contract import Column
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.frames import Leads, each_column
from include.monitoring.columns.history import (
    History,
    Order,
    arrival_order,
)
from include.monitoring.columns.spelling import null_words
from include.monitoring.columns.tally import Tally

UNLIKELY = 1e-6
"""What chance alone would do less often than this is an outage."""

ROWS = "(rows)"
"""Stands for the window itself where columns are listed; no field of a contract can be called so."""


@dataclass(frozen=True)
class Outage:
    """One broken column and what is wrong with it, in words for an alert (no cell values)."""

    column: str
    kind: str
    detail: str


def find_outages(
    reference: Leads,
    current: Leads,
    columns: Sequence[Column],
    missing_jump: float,
    clock: str | None = None,
    null_tokens: tuple[str, ...] = (),
) -> tuple[Outage, ...]:
    """Return the columns that broke between `reference` and `current`, one outage each at most (see `broken`).

    Without rows on either side there is none. `clock` names the column by which the reference is put in order of
    arrival; without it the rows are taken in the order in which they come. `null_tokens` are those of the contract; a
    level that is only written differently has not vanished.
    """
    if not len(reference) or not len(current):
        return ()
    order = arrival_order(reference, clock)
    outages = []
    words = null_words(null_tokens)
    for column, sides in each_column(reference, current, columns, words):
        outage = broken(
            sides.before,
            sides.after,
            column,
            missing_jump,
            order,
        )
        if outage:
            outages.append(outage)
    return tuple(outages)


def absent_columns(
    reference: Leads, current: Leads, columns: Sequence[Column]
) -> tuple[Outage, ...]:
    """Return an outage for each of the columns that the reference has and the current leads lack."""
    expected = set(reference.columns)
    present = set(current.columns)
    detail = "the current window has no such column, the reference has; run bootstrap_platform and look at the UNLOAD"
    return tuple(
        Outage(column.field, "absent", detail)
        for column in columns
        if column.field in expected and column.field not in present
    )


def broken(
    before: Tally,
    after: Tally,
    column: Column,
    missing_jump: float,
    order: Order,
) -> Outage | None:
    """Return what is wrong with a column, or None.

    A column broke if its share of missing values rose by `missing_jump` or more, if it varied before and now holds one
    value only (missing counted as a value), or if the levels that it used to hold have vanished. A share that falls
    is a repaired feed, and levels that come on top of the known ones are drift. None of this is an outage if the
    reference itself has such stretches (`History`), or if the contract marks the column for it.

    Args:
        before: of the reference; one that is constant does not tell how its levels come and go.
        after: of the current rows, at least one.
        column: which one it is; `seasonal` and `slow` say what is no outage.
        missing_jump: rise of the missing share, in [0, 1].
        order: finds the order in which the rows of the reference arrived.
    """
    history = History(before.values, order)
    jump = after.missing_share - before.missing_share
    if jump >= missing_jump and (
        after.missing_share > history.largest_missing_share(len(after))
    ):
        shares = f"missing in {after.missing_share:.0%} of rows, {before.missing_share:.0%} in the reference"
        return Outage(column.field, "missing", shares)
    if not before.varies:
        return None
    if _holds_one_value(before, after, column, history):
        rows = f"in {len(after)} rows, it varied in the reference"
        if after.missing:
            return Outage(column.field, "all_missing", f"no value {rows}")
        return Outage(column.field, "constant", f"only one value {rows}")
    if column.numeric or column.seasonal:
        return None
    vanished = vanished_share(before.counts, after.counts, history)
    if vanished < drift_config().outage.vanished:
        return None
    detail = f"levels that {vanished:.0%} of the reference's filled cells held are gone, others came in their place"
    return Outage(column.field, "levels_vanished", detail)


def _holds_one_value(
    before: Tally, after: Tally, column: Column, history: History
) -> bool:
    """Return whether a column that varied holds one value now, which neither chance nor its history explains."""
    rows = len(after)
    if after.varies or _chance_of_one_value(before.values, rows) >= UNLIKELY:
        return False
    if after.missing:
        return not history.was_missing_for(rows)
    if column.slow or column.seasonal:
        return False
    (value,) = after.counts.index
    return history.chance_of_staying(value, rows) < UNLIKELY


def vanished_share(
    before: pd.Series, after: pd.Series, history: History | None = None
) -> float:
    """Return the share of the reference's filled cells whose level is gone, beyond what chance explains, in [0, 1].

    A level counts as gone if it does not occur now, and would be missing from so many filled cells less often than
    once in a million (`UNLIKELY`). Rare levels of a column with many can only be looked at together: if not one known
    level is left, all are gone, unless the reference itself lets expect so many unknown levels (Good and Turing: the
    share of unseen levels is about the share of cells whose level occurs once).

    Args:
        before: rows per level in the reference, missing ones left out.
        after: the same for the current rows.
        history: of the reference; a level whose absence it explains is not gone. None takes leads as independent.
    """
    cells = before.sum()
    rows = after.sum()
    shares = before / cells if cells else before
    is_absent = ~before.index.isin(after.index)
    absent = shares[is_absent]
    if len(absent) == len(before) and rows:
        levels_seen_once = (before == 1).sum()
        unseen = (levels_seen_once + 1) / (cells + 1)
        chance_of_all = unseen**rows
        if history is not None and chance_of_all < UNLIKELY:
            chance_of_all = history.chance_of_only_new_levels(int(rows))
        return 1.0 if chance_of_all < UNLIKELY else 0.0
    chance = np.power(1.0 - absent, rows)
    gone = absent[chance < UNLIKELY]
    if history is None:
        return float(gone.sum())
    surely_gone = [
        share
        for level, share in gone.items()
        if history.chance_of_absence(level, int(rows)) < UNLIKELY
    ]
    return float(sum(surely_gone))


def new_levels(before: pd.Series, after: pd.Series) -> dict[str, int]:
    """Return the rows per level that the reference does not know, most frequent first. Args as in `vanished_share`."""
    is_new = ~after.index.isin(before.index)
    unknown = after[is_new].sort_values(ascending=False, kind="stable")
    return {str(level): int(rows) for level, rows in unknown.items()}


def row_collapse(
    rows: int, expected_rows: float, share: float
) -> Outage | None:
    """Return the outage of a window with at most `share` of the rows that the weeks before lead one to expect.

    Where few rows are expected, few that arrive may be chance; then it is none.

    Args:
        rows: leads of the window.
        expected_rows: leads it should hold.
        share: of them, in [0, 1].
    """
    if (
        rows > share * expected_rows
        or poisson.cdf(rows, expected_rows) >= UNLIKELY
    ):
        return None
    return Outage(
        ROWS,
        "row_collapse",
        f"{rows} leads arrived where {expected_rows:.0f} were to be expected",
    )


def _chance_of_one_value(reference: pd.Series, rows: int) -> float:
    """Return the probability that so many rows drawn from the reference all hold the same value."""
    shares = reference.value_counts(normalize=True, dropna=False)
    return float((shares**rows).sum())
