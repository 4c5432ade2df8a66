"""The form for one lead, made from the contract: which fields, in which order, and how each is filled in."""

from collections.abc import Mapping
from dataclasses import dataclass

from include.contract import Column, Contract, KnownAt
from include.contract.shown import form_columns

TITLES = {
    KnownAt.CAPTURE: "When the lead comes in",
    KnownAt.ENGAGEMENT: "What it has done since",
    KnownAt.CONTACT: "After the first contact",
}


@dataclass(frozen=True)
class Field:
    """One input: a select where the contract knows the levels, else a number or a text.

    Attributes:
        column: what is asked.
        levels: to choose from; empty for an input.
        given: what was filled in.
        problem: why that was refused.
    """

    column: Column
    levels: tuple[str, ...]
    given: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Section:
    """Fields that become known at the same moment."""

    title: str
    fields: tuple[Field, ...]

    @property
    def touched(self) -> bool:
        """Whether anything in it is filled in or was refused."""
        return any(field.given or field.problem for field in self.fields)


def sections(contract: Contract, given: Mapping[str, str], problems: Mapping[str, str]) -> list[Section]:
    """The form's sections in the order of a lead's life, the key first; sections without a field are left out.

    Args:
        contract: what a lead is.
        given: field to what was filled in.
        problems: field to why that was refused.
    """
    made = []
    for moment in KnownAt:
        columns = form_columns(contract, moment)
        if moment is KnownAt.CAPTURE:
            columns = (contract.column(contract.key), *columns)
        fields = tuple(
            Field(column, levels_of(column), given.get(column.field, ""), problems.get(column.field, ""))
            for column in columns
        )
        if fields:
            made.append(Section(TITLES[moment], fields))
    return made


def levels_of(column: Column) -> tuple[str, ...]:
    """The levels that the contract names for a column; none for numbers, free text and what it leaves open."""
    return ("Yes", "No") if column.type == "yes_no" else column.order or column.allowed
