"""Choose what leads are compared by: the columns that the contract names as segments, each with few levels."""

import pandas as pd

from include.contract import Column, Contract, KnownAt
from include.features.cleaning import GroupedLevels, TypedColumns
from include.features.columns import (
    FeatureColumn,
    feature_column,
    feature_columns,
)

BANDS = 4
"""Bands that a number is put into."""


def segments(
    rows: pd.DataFrame, contract: Contract, stage: KnownAt
) -> pd.DataFrame:
    """Return what figures are broken down by: the contract's segments, and all protected columns.

    Where the contract names none, they are the nominal columns known at capture. Levels are grouped as the contract
    says; numbers are put into bands of about equal size. A segment that is not known at the stage is left out, because
    who has which value is then only known later.

    Args:
        rows: leads.
        contract: what a lead is.
        stage: of the model that is measured.
    """
    columns = _level_columns(contract, stage)
    typed = TypedColumns(columns, contract.null_tokens).transform(rows)
    grouped = GroupedLevels(columns).transform(typed)
    for column in _raw_columns(contract, stage):
        if column.field in rows:
            grouped[column.field] = _bands(rows[column.field], column)
    return grouped


def _level_columns(
    contract: Contract, stage: KnownAt
) -> tuple[FeatureColumn, ...]:
    """Return the columns whose levels may have groups, read as a model reads them."""
    if contract.segments is None:
        features = feature_columns(contract, KnownAt.CAPTURE)
        return tuple(column for column in features if column.kind == "nominal")
    return tuple(
        feature_column(column)
        for column in _named(contract, stage)
        if column.type == "category"
    )


def _raw_columns(contract: Contract, stage: KnownAt) -> list[Column]:
    """Return the named columns without groups and the protected ones, whose values are taken as they are stored."""
    plain_columns = [
        column
        for column in _named(contract, stage)
        if column.type != "category"
    ]
    protected = [column for column in contract.columns if column.protected]
    return plain_columns + protected


def _named(contract: Contract, stage: KnownAt) -> list[Column]:
    """Return the segments that are known at the stage, in the contract's order of them; without protected ones."""
    columns = [contract.column(field) for field in contract.segments or ()]
    return [
        column
        for column in columns
        if column.known_at.visible_at(stage) and not column.protected
    ]


def _bands(values: pd.Series, column: Column) -> pd.Series:
    """Return levels as text, and numbers as the text of their band; missing stays missing."""
    if not column.numeric:
        return values
    numbers = pd.to_numeric(values, errors="coerce")
    bands = pd.qcut(numbers, BANDS, duplicates="drop")
    levels: pd.Series = bands.astype("string").astype(object)
    return levels
