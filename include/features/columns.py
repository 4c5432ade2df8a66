"""What a fitted pipeline remembers of the contract, so that it needs neither contract nor settings to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from include.contract import Column, Contract, KnownAt

Kind = Literal["number", "ordinal", "flag", "nominal"]
KINDS: dict[str, Kind] = {
    "integer": "number",
    "number": "number",
    "ordinal": "ordinal",
    "yes_no": "flag",
    "category": "nominal",
}
TYPE_BEFORE: dict[Kind, str] = {
    "number": "number",
    "ordinal": "ordinal",
    "flag": "yes_no",
    "nominal": "category",
}
"""Types of columns in models that do not remember them."""


@dataclass(frozen=True)
class FeatureColumn:
    """One raw column as the pipeline sees it.

    Attributes:
        field: name of the column in every frame.
        kind: how it becomes numbers.
        order: levels of an ordinal column, lowest first.
        groups: (level, group) pairs of a grouped nominal column; empty where the contract has no grouping.
        type: of the column in the contract; empty in models from before pipelines knew the rules of a cell.
        minimum: smallest number, None for no bound but the type's own.
        maximum: largest number, None for no bound but the type's own.
        null_tokens: cells of the column that mean missing; None for those of the contract.
    """

    field: str
    kind: Kind
    order: tuple[str, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    type: str = ""
    minimum: float | None = None
    maximum: float | None = None
    null_tokens: tuple[str, ...] | None = None

    @property
    def cell_type(self) -> str:
        """The type whose rules a cell must keep."""
        return self.type or TYPE_BEFORE[self.kind]


def feature_columns(
    contract: Contract, stage: KnownAt
) -> tuple[FeatureColumn, ...]:
    """Return the columns that a model of `stage` reads, in the contract's order; free text (string) is no feature."""
    return tuple(
        feature_column(column)
        for column in contract.features(stage)
        if column.type in KINDS
    )


def feature_column(column: Column) -> FeatureColumn:
    """Return a column of the contract as a pipeline sees it; its type must be one of KINDS."""
    groups: list[tuple[str, str]] = []
    for group, levels in column.groups.items():
        groups.extend((level, group) for level in levels)
    return FeatureColumn(
        field=column.field,
        kind=KINDS[column.type],
        order=column.order,
        groups=tuple(groups),
        type=column.type,
        minimum=column.minimum,
        maximum=column.maximum,
        null_tokens=column.null_tokens,
    )
