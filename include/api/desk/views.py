"""Prepare what the desk's templates show: a page of a list, and a card for each lead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from include.api.desk.listing import NOT_KNOWN
from include.api.desk.state import Desk
from include.contract import Column, Contract
from include.contract.derived.shown import EXPECTED_VALUE, further_outcomes

PER_PAGE = 25
LONGEST_NUMBER = 9
"""Digits of a page's number; a longer one is no page of ours."""
FILTER = "f."
"""Before a column's name in an address, so that no column is taken for `tier` or `page`."""
TRAIL = ("tier", "page")
"""Parts of a list's address that survive a visit to another page, besides the filters."""


@dataclass(frozen=True)
class FurtherScore:
    """Show the score of an outcome beside the main one.

    Attributes:
        outcome: its name.
        happened: what the outcome is called.
        label: the same, and on which one it depends.
        score: 0-100.
        reasons: each with `effect` and `text`.
        stage: whose champion scored it.
        model_version: of that champion.
    """

    outcome: str
    happened: str
    label: str
    score: int
    reasons: list[dict[str, Any]]
    stage: str
    model_version: str


@dataclass(frozen=True)
class Card:
    """Show one scored lead.

    Attributes:
        key: of the lead; empty where it has none.
        score: 0-100.
        trend: change since the scoring run before; None where there was none.
        tier: of the score.
        stage: whose champion scored it.
        model_version: of that champion.
        reasons: each with `effect` and `text`.
        facts: label and value of the columns that the list is filtered by, known ones only.
        further: scores of the other outcomes that have a champion.
        expected_value: in the unit of the contract's value; None where it is not known.
    """

    key: str
    score: int
    trend: int | None
    tier: str
    stage: str
    model_version: str
    reasons: list[dict[str, Any]]
    facts: list[tuple[str, str]]
    further: list[FurtherScore]
    expected_value: float | None


@dataclass(frozen=True)
class Page:
    """Hold some rows of a list.

    Attributes:
        rows: those of the page.
        number: of the page, from 1.
        last: number of the last page.
    """

    rows: pd.DataFrame
    number: int
    last: int

    @classmethod
    def of(cls, leads: pd.DataFrame, text: str) -> Self:
        """Return the page that an address names; the nearest one that exists, and the first for any other text."""
        last = max(1, -(-len(leads) // PER_PAGE))
        number = _page_number(text)
        number = max(number, 1)
        number = min(number, last)
        start = (number - 1) * PER_PAGE
        rows = leads.iloc[start : start + PER_PAGE]
        return cls(rows, number, last)


def cards(leads: pd.DataFrame, desk: Desk) -> list[Card]:
    """Return a card per row of a published list, or of what a scorer returned."""
    rows = leads.to_dict(orient="records")
    return [_card(row, desk) for row in rows]


def trail(parts: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of an address that lead back to the same page of the same filtered list."""
    return {
        name: value
        for name, value in parts.items()
        if value and _belongs_to_list(name)
    }


def _belongs_to_list(name: str) -> bool:
    return name in TRAIL or name.startswith(FILTER)


def _page_number(text: str) -> int:
    """Return the number that a text spells in ASCII digits, 1 for any other text."""
    if not text.isascii() or not text.isdecimal():
        return 1
    if len(text) > LONGEST_NUMBER:
        return 1
    return int(text)


def _card(row: Mapping[Any, Any], desk: Desk) -> Card:
    key = row[desk.contract.key]
    facts = [_fact(row, column) for column in desk.filters]
    return Card(
        key="" if pd.isna(key) else str(key),
        score=int(row["score"]),
        trend=_trend(row),
        tier=row["tier"],
        stage=row["stage"],
        model_version=row["model_version"],
        reasons=_reasons(row["reasons"]),
        facts=[fact for fact in facts if fact],
        further=_further(row, desk.contract),
        expected_value=_number(row.get(EXPECTED_VALUE)),
    )


def _further(row: Mapping[Any, Any], contract: Contract) -> list[FurtherScore]:
    """Return the scores of the other outcomes that a row holds."""
    scores: list[FurtherScore] = []
    for outcome in further_outcomes(contract):
        score = _number(row.get(f"{outcome}_score"))
        if score is None:
            continue
        happened = contract.column(outcome).label
        label = happened
        given = contract.for_outcome(outcome).given
        if given is not None:
            label = f"{happened}, if {contract.column(given).label.lower()}"
        reasons = _reasons(row.get(f"{outcome}_reasons"))
        further = FurtherScore(
            outcome=outcome,
            happened=happened,
            label=label,
            score=int(score),
            reasons=reasons,
            stage=str(row[f"{outcome}_stage"]),
            model_version=str(row[f"{outcome}_model_version"]),
        )
        scores.append(further)
    return scores


def _number(cell: Any) -> float | None:
    """Return a number, None for a missing one."""
    if cell is None or pd.isna(cell):
        return None
    return float(cell)


def _trend(row: Mapping[Any, Any]) -> int | None:
    previous = row.get("previous_score")
    if previous is None or pd.isna(previous):
        return None
    return int(row["score"]) - int(previous)


def _reasons(cell: Any) -> list[dict[str, Any]]:
    """Return the reasons of a cell: a list from a scorer, JSON from a published list, anything else where missing."""
    reasons: list[dict[str, Any]] = []
    if isinstance(cell, str):
        reasons = json.loads(cell)
    elif isinstance(cell, list):
        reasons = cell
    return reasons


def _fact(row: Mapping[Any, Any], column: Column) -> tuple[str, str] | None:
    value = row.get(column.field, NOT_KNOWN)
    if value == NOT_KNOWN:
        return None
    return column.label, str(value)
