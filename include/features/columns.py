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


@dataclass(frozen=True)
class FeatureColumn:
    """One raw column as the pipeline sees it.

    Attributes:
        field: name of the column in every frame.
        kind: how it becomes numbers.
        order: levels of an ordinal column, lowest first.
        groups: (level, group) pairs of a grouped nominal column; empty where the contract has no grouping.
    """

    field: str
    kind: Kind
    order: tuple[str, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()


def feature_columns(contract: Contract, stage: KnownAt) -> tuple[FeatureColumn, ...]:
    """Columns that a model of `stage` reads, in the contract's order; free text (type string) is not a feature."""
    return tuple(_feature(column) for column in contract.features(stage) if column.type in KINDS)


def _feature(column: Column) -> FeatureColumn:
    pairs = tuple((level, group) for group, levels in column.groups.items() for level in levels)
    return FeatureColumn(column.field, KINDS[column.type], column.order, pairs)
