"""Build the form for one lead from the contract: which fields, in which order, and how each is filled in."""

from collections.abc import Mapping
from dataclasses import dataclass

from include.contract import Column, Contract, KnownAt
from include.contract.derived.shown import form_columns
from include.contract.model import SCORING_STAGES

TITLES = {
    KnownAt.CAPTURE: "When the lead comes in",
    KnownAt.ENGAGEMENT: "What it has done since",
    KnownAt.CONTACT: "After the first contact",
}


@dataclass(frozen=True)
class Field:
    """Describe one input: a select where the contract knows the levels, else a number or a text.

    Attributes:
        column: what is asked.
        levels: to choose from; empty for an input.
        value: what was filled in.
        problem: why that was refused.
    """

    column: Column
    levels: tuple[str, ...]
    value: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Section:
    """Group the fields that become known at the same moment."""

    title: str
    fields: tuple[Field, ...]

    @property
    def touched(self) -> bool:
        """Return whether anything in it is filled in or was refused."""
        return any(field.value or field.problem for field in self.fields)


def sections(
    contract: Contract, values: Mapping[str, str], problems: Mapping[str, str]
) -> list[Section]:
    """Return the form's sections in the order of a lead's life, the key first, those without a field left out.

    Args:
        contract: what a lead is.
        values: field to what was filled in.
        problems: field to why that was refused.
    """
    filled: list[Section] = []
    for moment in SCORING_STAGES:
        columns = form_columns(contract, moment)
        if moment is KnownAt.CAPTURE:
            columns = (contract.column(contract.key), *columns)
        fields = [
            Field(
                column=column,
                levels=levels_of(column),
                value=values.get(column.field, ""),
                problem=problems.get(column.field, ""),
            )
            for column in columns
        ]
        if fields:
            filled.append(Section(TITLES[moment], tuple(fields)))
    return filled


def levels_of(column: Column) -> tuple[str, ...]:
    """Return the levels that the contract names for a column; none for numbers, free text and what it leaves open."""
    if column.type == "yes_no":
        return ("Yes", "No")
    return column.order or column.allowed
