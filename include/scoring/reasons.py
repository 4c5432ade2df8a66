"""Why a lead has its score, in business words: the columns that move it most, with the lead's own values."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.contract.derived.sentences import sentence_of
from include.features.attribution import Attribution
from include.features.cleaning import FLAG_LEVELS
from include.features.lead_encoder import Typed
from include.scoring.score_row import Reason

NOT_KNOWN = "not known"
DIGITS = 4
LONGEST_VALUE = 80
"""Characters of a lead's own value in a text; a form may hold a novel."""


@dataclass(frozen=True)
class Reasons:
    """Makes reasons for one model.

    Attributes:
        attribution: of the model's classifier.
        contract: labels, units, and which columns may be shown.
    """

    attribution: Attribution
    contract: Contract

    def top(self, typed: Typed, matrix: Any, count: int) -> list[list[Reason]]:
        """Return for each lead up to `count` reasons that raise its score and as many that lower it, strongest first.

        Args:
            typed: the leads as the pipeline's first step gives them, so a value that the model cannot read is not
                known here either.
            matrix: the same leads as the classifier sees them.
            count: of reasons for each direction.
        """
        columns = self._columns
        may_be_shown = [column.explain for column in columns]
        effects = (
            np.round(self.attribution.values(matrix), DIGITS) * may_be_shown
        )
        cells = [typed[column.field].tolist() for column in columns]
        texts = [_Texts(column) for column in columns]
        reasons: list[list[Reason]] = []
        for row, effects_of_lead in enumerate(effects.tolist()):
            reasons_of_lead: list[Reason] = []
            for place in _strongest(effects_of_lead, count):
                effect = effects_of_lead[place]
                raises, lowers = texts[place][cells[place][row]]
                reason: Reason = {
                    "field": columns[place].field,
                    "effect": effect,
                    "text": lowers if effect < 0 else raises,
                }
                reasons_of_lead.append(reason)
            reasons.append(reasons_of_lead)
        return reasons

    @cached_property
    def _columns(self) -> list[Column]:
        return [
            self.contract.column(field) for field in self.attribution.fields
        ]


def as_json(reasons: list[Reason] | None) -> str | None:
    """Return reasons as the text that the table of scores holds; None where there are none to give."""
    if reasons is None:
        return None
    return json.dumps(reasons, ensure_ascii=False)


def _strongest(effects: Sequence[float], count: int) -> list[int]:
    """Return the places of up to `count` effects above 0 and as many below, by size; of equals first what raises."""
    rising = sorted(range(len(effects)), key=effects.__getitem__)
    lowest = rising[:count]
    highest = rising[-count:]
    lowering = [place for place in lowest if effects[place] < 0]
    raising = [place for place in reversed(highest) if effects[place] > 0]
    return sorted(
        raising + lowering,
        key=lambda place: -abs(effects[place]),
    )


class _Texts(dict[Any, tuple[str, str]]):
    """A lead's own value of a column to the texts that it raises and that it lowers the score, each made once."""

    def __init__(self, column: Column) -> None:
        self._column = column

    def __missing__(self, cell: Any) -> tuple[str, str]:
        fact = _fact(cell, self._column)
        texts = (f"{fact} raises the score", f"{fact} lowers the score")
        self[cell] = texts
        return texts


def _fact(cell: Any, column: Column) -> str:
    """Return what a lead's own value says, in the column's own sentence if it has one."""
    if pd.isna(cell):
        return column.sentences.get("missing", f"{column.label}: {NOT_KNOWN}")
    if not column.sentences:
        return f"{column.label}: {_word(cell, column)}"
    value = float(cell) if column.numeric else _word(cell, column)
    return sentence_of(column.sentences, value, column.label)


def _word(value: Any, column: Column) -> str:
    """Return a lead's own value as a sales rep reads it."""
    if column.numeric:
        return f"{_number(value)} {column.unit}".rstrip()
    if column.type == "yes_no":
        return FLAG_LEVELS[int(value)]
    text = column.order[int(value)] if column.type == "ordinal" else str(value)
    if len(text) > LONGEST_VALUE:
        text = text[: LONGEST_VALUE - 1] + "…"
    return text


def _number(value: float) -> str:
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")
