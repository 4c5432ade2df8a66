"""Measure whether levels that are only written differently are called drift, and whether a renamed one is.

Windows of one population are rewritten in every column of levels. Repeat number r is drawn with the seed [r, 2].
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from bench.decisions.drift import Random, decide, populations, window
from include.contract import Contract
from include.monitoring.columns.frames import (
    columns_of_both,
    comparable_columns,
    each_column,
)
from include.monitoring.columns.spelling import null_words

REPEATS = 20
QUICK_REPEATS = 2
WORDS = ("NA", "n/a", "(blank)", "#N/A", "-", "?", "", "Null")

Cells = pd.Series
Rewrite = Callable[[Cells, Random], Cells]


def spelling(quick: bool) -> dict[str, float]:
    """Return the share of windows in which drift or an outage was called, by population and way of writing.

    `…_columns_reported` is the share of the rewritten columns that were reported as spelling. `…_renamed` is no
    spelling: drift or an outage must be called.
    """
    figures = {}
    for name, population in populations():
        for way, rewrite in WAYS.items():
            alarms = []
            reported: list[bool] = []
            for repeat in range(QUICK_REPEATS if quick else REPEATS):
                random = np.random.default_rng([repeat, 2])
                reference, current = window(population.leads, random)
                written = rewritten(
                    current, population.contract, rewrite, random
                )
                verdict = decide(reference, written, population.contract)
                alarms.append(bool(verdict.drifted or verdict.outages))
                reported += _reported(
                    reference, current, written, population.contract
                )
            figures[f"{name}_{way}"] = float(np.mean(alarms))
            if reported and way != "renamed":
                share = float(np.mean(reported))
                figures[f"{name}_{way}_columns_reported"] = round(share, 4)
    return figures


def rewritten(
    leads: pd.DataFrame, contract: Contract, rewrite: Rewrite, random: Random
) -> pd.DataFrame:
    """Return leads with every column of levels written in another way."""
    columns = {
        column.field: rewrite(leads[column.field].astype(object), random)
        for column in comparable_columns(contract)
        if not column.numeric
    }
    return leads.assign(**columns)


def _reported(
    reference: pd.DataFrame,
    plain: pd.DataFrame,
    written: pd.DataFrame,
    contract: Contract,
) -> list[bool]:
    """Return of each column with a changed cell whether it is reported as spelling."""
    columns = columns_of_both(reference, written, comparable_columns(contract))
    words = null_words(contract.null_tokens)
    reported = []
    for column, sides in each_column(reference, written, columns, words):
        before = plain[column.field].astype(object).fillna("")
        after = written[column.field].astype(object).fillna("")
        if (before != after).any():
            reported.append(bool(sides.spelling))
    return reported


def in_capitals(cells: Cells, random: Random) -> Cells:
    """Write every level in capitals, with spaces around it."""
    return cells.map(lambda level: f"  {level.upper()} ", na_action="ignore")


def with_invisible(cells: Cells, random: Random) -> Cells:
    """Put a zero-width space behind half of the levels."""
    is_marked = random.random(len(cells)) < 0.5
    marked = cells.map(lambda level: f"{level}\u200b", na_action="ignore")
    return cells.mask(is_marked, marked)


def with_null_words(cells: Cells, random: Random) -> Cells:
    """Write a word for an empty cell into every empty cell."""
    words = pd.Series(random.choice(WORDS, len(cells)), index=cells.index)
    return cells.where(cells.notna(), words)


def renamed(cells: Cells, random: Random) -> Cells:
    """Give every level another name."""
    return cells.map(lambda level: f"{level}, new", na_action="ignore")


WAYS: dict[str, Rewrite] = {
    "capitals": in_capitals,
    "invisible": with_invisible,
    "null_words": with_null_words,
    "renamed": renamed,
}
