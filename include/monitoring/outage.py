"""Outages: columns whose feed broke, told apart from drift because nothing must be retrained on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy.stats import poisson

from include.contract import Column

UNLIKELY = 1e-6
"""A column that shows one value only is an outage where chance alone would do that less often than this."""

ROWS = "(rows)"
"""Stands for the window itself where columns are listed; no field of a contract can be called so."""


@dataclass(frozen=True)
class Outage:
    """One broken column and what is wrong with it, in words for an alert (no cell values)."""

    column: str
    kind: str
    detail: str


def find_outages(
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[Column], missing_jump: float
) -> tuple[Outage, ...]:
    """Columns that broke between `reference` and `current`, one finding each at most.

    A column broke if its share of missing values rose by `missing_jump` or more, or if it varied before and now holds
    one value only (missing counted as a value). A share that falls is a repaired feed, not a broken one.
    """
    if not len(reference) or not len(current):
        return ()
    found = (_check(reference[column.field], current[column.field], column, missing_jump) for column in columns)
    return tuple(outage for outage in found if outage)


def _check(reference: pd.Series, current: pd.Series, column: Column, missing_jump: float) -> Outage | None:
    before, now = float(reference.isna().mean()), float(current.isna().mean())
    if now - before >= missing_jump:
        return Outage(column.field, "missing", f"missing in {now:.0%} of rows, {before:.0%} in the reference")
    if current.nunique(dropna=False) == 1 and _chance_of_one_value(reference, len(current)) < UNLIKELY:
        kind, value = ("all_missing", "no") if now == 1.0 else ("constant", "only one")
        return Outage(column.field, kind, f"{value} value in {len(current)} rows, it varied in the reference")
    return None


def _chance_of_one_value(reference: pd.Series, rows: int) -> float:
    return float((reference.value_counts(normalize=True, dropna=False) ** rows).sum())


def row_collapse(rows: int, expected_rows: float, share: float) -> Outage | None:
    """The feed as a whole: a window with at most `share` of the rows that history leads one to expect.

    Where few rows are expected, few that arrive may be chance; then there is no finding.

    Args:
        rows: leads of the window.
        expected_rows: leads it should hold.
        share: of them, in [0, 1].
    """
    if rows > share * expected_rows or poisson.cdf(rows, expected_rows) >= UNLIKELY:
        return None
    return Outage(ROWS, "row_collapse", f"{rows} leads arrived where {expected_rows:.0f} were to be expected")
