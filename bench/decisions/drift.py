"""Measure false alarms and power of drift and outage, and outages on UCI Bank Marketing in date order.

A verdict is that of `include.monitoring.columns`: the same prepared columns, thresholds and Evidently tests, without
Evidently's page. Repeat number r of a part is drawn with the seed [r, number of the part].
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench._bank import bank_contract, bank_leads
from bench._training import DEFAULT, read_leads
from bench.drift import quick as drift_of_columns
from include.contract import Contract, load_contract
from include.decisions import Decisions
from include.monitoring.columns.assess import outages_of
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.frames import (
    compare_frames,
    monitored_columns,
)

REPEATS = 200
QUICK_REPEATS = 1
WINDOW_ROWS = 1000
GENERATED_ROWS = 6000
LEVELS = 500
ABSURD_SHARE = 0.01
ABSURD = (99_999.0, -99_999.0, 1e300)
WINDOWS = 15
FIRST_SHARE = 0.2
CUT_WINDOW = 7
CUT_COLUMN = "job"

Random = np.random.Generator


@dataclass(frozen=True)
class Population:
    """Leads of one file, from which both sides of a comparison are drawn."""

    leads: pd.DataFrame
    contract: Contract


@dataclass(frozen=True)
class Verdict:
    """What one comparison came to."""

    columns: dict[str, bool]
    outages: tuple[str, ...]

    @property
    def drifted(self) -> bool:
        """Whether so many columns drifted that the data has."""
        limit = Decisions().drift_share_threshold
        return bool(np.mean(list(self.columns.values())) >= limit)


def decide(
    reference: pd.DataFrame, current: pd.DataFrame, contract: Contract
) -> Verdict:
    """Return the verdict on two frames of leads."""
    columns = monitored_columns(reference, contract, current)
    comparison = compare_frames(
        reference,
        current,
        columns,
        drift_config().missing,
        contract.null_tokens,
    )
    outages = outages_of(
        reference, current, contract, Decisions().outage_missing_jump
    )
    drifted = drift_of_columns(comparison)
    return Verdict(
        {
            column.field: drifted[column.field]
            for column in columns
            if not column.seasonal
        },
        tuple(outage.column for outage in outages),
    )


def false_alarms(quick: bool) -> dict[str, float]:
    """Return the share of comparisons of one population in which drift or an outage was called.

    The share of single columns that were called drifted is printed beside it.
    """
    figures = {}
    for number, (name, population) in enumerate(populations()):
        for draw in (_halves, window):
            verdicts = []
            for repeat in range(QUICK_REPEATS if quick else REPEATS):
                random = np.random.default_rng([repeat, number])
                sides = draw(population.leads, random)
                verdicts.append(decide(*sides, population.contract))
            part = f"{name}_{draw.__name__.removeprefix('_')}"
            alarms = [bool(v.drifted or v.outages) for v in verdicts]
            columns = [
                drifted for v in verdicts for drifted in v.columns.values()
            ]
            figures[part] = float(np.mean(alarms))
            share = float(np.mean(columns))
            print(f"{part}: {share:.5f} of the columns", flush=True)
    return figures


def power(quick: bool) -> dict[str, float]:
    """Return the share of comparisons in which the changed column was called drifted, by change and population."""
    figures = {}
    for name, population in _changed_populations():
        for change, (alter, columns) in CHANGES.items():
            column = columns[population.contract.contract]
            for absurd in (False, True):
                drifted = [
                    _is_seen(population, alter, column, absurd, repeat)
                    for repeat in range(QUICK_REPEATS if quick else REPEATS)
                ]
                suffix = "_with_absurd_values" if absurd else ""
                figures[f"{name}_{change}{suffix}"] = float(np.mean(drifted))
    return figures


def outages_on_uci(quick: bool) -> dict[str, int]:
    """Return how many of the windows after the first fifth of UCI were called an outage, and whether a cut was found.

    Every default and no mark; the cut empties one column, or gives it one value, in one window.
    """
    try:
        leads = bank_leads()
    except FileNotFoundError:
        return {}
    contract = bank_contract()
    first = round(FIRST_SHARE * len(leads))
    reference = leads.iloc[:first]
    windows = np.array_split(np.arange(first, len(leads)), WINDOWS)
    limit = Decisions().outage_missing_jump
    called = 0
    for rows in windows:
        called += bool(outages_of(reference, leads.iloc[rows], contract, limit))
    cut_leads = leads.iloc[windows[CUT_WINDOW]]
    cut_found = 1
    for value in (None, "a default value"):
        cut = cut_leads.assign(**{CUT_COLUMN: value})
        outages = outages_of(reference, cut, contract, limit)
        if CUT_COLUMN not in {outage.column for outage in outages}:
            cut_found = 0
    return {"windows": WINDOWS, "called": called, "cut_found": cut_found}


def _halves(
    leads: pd.DataFrame, random: Random
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _split(leads, len(leads) // 2, random)


def window(
    leads: pd.DataFrame, random: Random
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all rows but WINDOW_ROWS random ones, and these."""
    return _split(leads, len(leads) - WINDOW_ROWS, random)


def _split(
    leads: pd.DataFrame, rows: int, random: Random
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return so many random rows, and the others."""
    order = random.permutation(len(leads))
    before = leads.take(np.sort(order[:rows]))
    after = leads.take(np.sort(order[rows:]))
    return before.reset_index(drop=True), after.reset_index(drop=True)


def populations() -> Iterator[tuple[str, Population]]:
    """Yield the populations of the false alarms; a file that is not at hand is left out."""
    yield from _changed_populations()
    contract = bank_contract()
    for name, arguments in GENERATED.items():
        yield name, Population(generated(contract, **arguments), contract)


def _changed_populations() -> Iterator[tuple[str, Population]]:
    if Path(DEFAULT).is_file():
        contract = load_contract("x_education")
        yield (
            "x_education",
            Population(read_leads(DEFAULT, contract), contract),
        )
    try:
        yield "uci", Population(bank_leads(), bank_contract())
    except FileNotFoundError:
        return


GENERATED: dict[str, dict[str, Any]] = {
    "levels_500": {"levels": LEVELS},
    "absurd_values": {"absurd_share": ABSURD_SHARE},
    "prevalence_3": {"prevalence": 0.03},
}


def generated(
    contract: Contract,
    levels: int = 12,
    absurd_share: float = 0.0,
    prevalence: float = 0.3,
) -> pd.DataFrame:
    """Return leads by the columns of a contract, drawn with a fixed seed.

    Args:
        contract: numbers are lognormal or counts, everything else has levels with Zipf's shares.
        levels: of the first column of levels; the others have up to 12.
        absurd_share: of each column's numbers that are absurd.
        prevalence: share of converted leads, on which every other column depends a little.
    """
    random = np.random.default_rng(0)
    converted = random.random(GENERATED_ROWS) < prevalence
    columns: dict[str, Any] = {}
    for number, column in enumerate(contract.columns):
        if column.numeric:
            values = random.lognormal(0.3 * converted, 1, GENERATED_ROWS)
            if number % 2:
                values = np.floor(values * 3)
            columns[column.field] = with_absurd(values, absurd_share, random)
            continue
        count = levels if column.field == CUT_COLUMN else 2 + number % 11
        shares = 1 / np.arange(1, count + 1)
        codes = random.choice(count, GENERATED_ROWS, p=shares / shares.sum())
        shifted = (codes + (converted & (codes == 0))) % count
        columns[column.field] = np.array(
            [f"level {code}" for code in shifted], dtype=object
        )
    columns[contract.key] = [str(row) for row in range(GENERATED_ROWS)]
    columns[contract.clock] = np.arange(GENERATED_ROWS)
    columns[contract.label] = converted.astype(int)
    return pd.DataFrame(columns)


def with_absurd(values: Any, share: float, random: Random) -> Any:
    """Return numbers of which a random share is absurd."""
    absurd = random.choice(ABSURD, len(values))
    return np.where(random.random(len(values)) < share, absurd, values)


def with_garbage(values: Any, share: float, random: Random) -> Any:
    """Return levels of which a random share is garbage, hardly any of it twice."""
    garbage = [
        f"?{number}" for number in random.integers(0, 10**6, len(values))
    ]
    return np.where(random.random(len(values)) < share, garbage, values)


def _is_seen(
    population: Population,
    alter: Callable[[pd.DataFrame, str, Random], pd.DataFrame],
    column: str,
    absurd: bool,
    repeat: int,
) -> bool:
    """Return whether the changed column of a random window is called drifted; only this column is compared."""
    contract = population.contract
    random = np.random.default_rng([repeat, 1])
    reference, current = window(population.leads, random)
    if alter is leave_a_constant:
        reference = reference.assign(**{column: "no"})
        current = current.assign(**{column: "no"})
    current = alter(current, column, random)
    if absurd:
        spoil = with_garbage
        if contract.column(column).numeric:
            spoil = with_absurd
        reference, current = (
            side.assign(**{column: spoil(side[column], ABSURD_SHARE, random)})
            for side in (reference, current)
        )
    comparison = compare_frames(
        reference,
        current,
        [contract.column(column)],
        drift_config().missing,
    )
    return drift_of_columns(comparison)[column]


def new_channel(
    leads: pd.DataFrame, column: str, random: Random
) -> pd.DataFrame:
    """Let a level that nobody knew bring 30 % of the leads."""
    is_new = random.random(len(leads)) < 0.3
    return leads.assign(**{column: leads[column].mask(is_new, "Podcast")})


def half_as_much_again(
    leads: pd.DataFrame, column: str, random: Random
) -> pd.DataFrame:
    """Multiply a number by 1.5."""
    return leads.assign(**{column: leads[column] * 1.5})


def other_mix(leads: pd.DataFrame, column: str, random: Random) -> pd.DataFrame:
    """Let a fifth of the leads have two levels that were rare, by turns."""
    rare = leads[column].value_counts().index[-2:]
    moved = random.random(len(leads)) < 0.2
    levels = pd.Series(random.choice(rare, len(leads)), index=leads.index)
    return leads.assign(**{column: leads[column].mask(moved, levels)})


def leave_a_constant(
    leads: pd.DataFrame, column: str, random: Random
) -> pd.DataFrame:
    """Let a tenth of the leads have another value than the constant one."""
    left = random.random(len(leads)) < 0.1
    return leads.assign(**{column: leads[column].mask(left, "yes")})


CHANGES: dict[str, tuple[Callable[..., pd.DataFrame], dict[str, str]]] = {
    "new_channel": (
        new_channel,
        {"x_education": "lead_source", "bank_marketing": "channel"},
    ),
    "number_half_as_much_again": (
        half_as_much_again,
        {
            "x_education": "total_time_spent_on_website",
            "bank_marketing": "age",
        },
    ),
    "other_mix": (
        other_mix,
        {"x_education": "country", "bank_marketing": "job"},
    ),
    "constant_varies": (
        leave_a_constant,
        {"x_education": "magazine", "bank_marketing": "personal_loan"},
    ),
}
"""Change to what makes it and the column that it changes, by contract."""
