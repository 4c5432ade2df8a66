"""What the desk's templates are given: a page of a list, and a card for each lead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from include.api.desk.listing import NOT_KNOWN
from include.api.desk.state import Desk
from include.contract import Column

PER_PAGE = 25
FILTER = "f."
"""Before a column's name in an address, so that no column is taken for `tier` or `page`."""
KEPT = ("tier", "page")
"""Parts of a list's address that survive a visit to another page, besides the filters."""


@dataclass(frozen=True)
class Card:
    """One scored lead.

    Attributes:
        key: of the lead; empty where it has none.
        score: 0-100.
        trend: change since the scoring run before; None where there was none.
        tier: of the score.
        stage: whose champion scored it.
        model_version: of that champion.
        reasons: each with `effect` and `text`.
        facts: label and value of the columns that the list is filtered by, known ones only.
    """

    key: str
    score: int
    trend: int | None
    tier: str
    stage: str
    model_version: str
    reasons: list[dict[str, Any]]
    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """Some rows of a list.

    Attributes:
        rows: those of the page.
        number: of the page, from 1.
        last: number of the last page.
    """

    rows: pd.DataFrame
    number: int
    last: int

    @classmethod
    def of(cls, leads: pd.DataFrame, asked: str) -> Self:
        """The asked page; the nearest one that exists for any other text."""
        last = max(1, -(-len(leads) // PER_PAGE))
        number = min(max(int(asked), 1), last) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 1
        return cls(leads.iloc[(number - 1) * PER_PAGE : number * PER_PAGE], number, last)


def cards(leads: pd.DataFrame, desk: Desk) -> list[Card]:
    """A card per row of a published list, or of what a scorer returned."""
    return [_card(row, desk) for row in leads.to_dict(orient="records")]


def _card(row: Mapping[Any, Any], desk: Desk) -> Card:
    key, previous, told = row[desk.contract.key], row.get("previous_score"), row["reasons"]
    return Card(
        key="" if pd.isna(key) else str(key),
        score=int(row["score"]),
        trend=None if previous is None or pd.isna(previous) else int(row["score"]) - int(previous),
        tier=row["tier"],
        stage=row["stage"],
        model_version=row["model_version"],
        reasons=json.loads(told) if isinstance(told, str) else told if isinstance(told, list) else [],  # else missing
        facts=[fact for column in desk.filters if (fact := _fact(row, column))],
    )


def _fact(row: Mapping[Any, Any], column: Column) -> tuple[str, str] | None:
    value = row.get(column.field, NOT_KNOWN)
    return None if value == NOT_KNOWN else (column.label, str(value))


def trail(asked: Mapping[str, str]) -> dict[str, str]:
    """The part of an address that leads back to the same page of the same filtered list."""
    return {name: value for name, value in asked.items() if value and (name in KEPT or name.startswith(FILTER))}
