"""The steps between raw contract columns and the matrix that a model sees (guide 12.2 and 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from include.features.cleaning import GroupedLevels, TypedColumns
from include.features.columns import KINDS, feature_columns
from include.features.encoding import Encoder, source_field
from include.features.errors import NotExplainableError
from include.features.selection import CappedOutliers, UsefulColumns

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from include.contract import Column, Contract, KnownAt


def preprocessing_steps(
    contract: Contract, stage: KnownAt, grouped: bool, max_missing: float = 1.0
) -> list[tuple[str, Any]]:
    """Return the unfitted steps `clean`, `group`, `select`, `cap`, `encode` for the pipelines of one stage.

    Args:
        contract: what the raw columns are; its parts that matter are copied into the steps.
        stage: columns that become known later are not read at all.
        grouped: whether nominal levels are replaced by the contract's groups.
        max_missing: columns with a larger missing share in training are dropped; 1.0 drops none.
    """
    columns = feature_columns(contract, stage)
    numbers = tuple(
        column.field for column in columns if column.kind == "number"
    )
    return [
        ("clean", TypedColumns(columns, contract.null_tokens)),
        ("group", GroupedLevels(columns, enabled=grouped)),
        ("select", UsefulColumns(max_missing)),
        ("cap", CappedOutliers(numbers)),
        ("encode", Encoder()),
    ]


def source_fields(preprocess: Pipeline) -> list[str]:
    """Return the field behind every column of the matrix of fitted preprocessing, in the matrix's order.

    Raises:
        NotExplainableError: a step gives its columns names that do not say which field they come from.
    """
    try:
        names = [str(name) for name in preprocess.get_feature_names_out()]
    except (AttributeError, ValueError) as error:
        raise NotExplainableError(
            f"a step does not name the columns it makes: {error}"
        ) from error
    unknown = [name for name in names if "__" not in name]
    if unknown:
        raise NotExplainableError(
            f"columns {', '.join(unknown[:3])} do not say which field they come from"
        )
    return [source_field(name) for name in names]


def dropped_columns(
    contract: Contract, stage: KnownAt, pipeline: Pipeline
) -> pd.DataFrame:
    """Return every contract column that a fitted pipeline does not use, and why: columns `field` and `reason`."""
    reasons: dict[str, str] = {}
    for column in contract.columns:
        reason = _unused(contract, column, stage)
        if reason:
            reasons[column.field] = reason
    reasons |= pipeline.named_steps["select"].dropped_
    return pd.DataFrame(sorted(reasons.items()), columns=["field", "reason"])


def _unused(contract: Contract, column: Column, stage: KnownAt) -> str:
    """Return why a column is no feature of a stage by the contract; empty if it is one."""
    for role in ("key", "label", "clock"):
        if column.field == getattr(contract, role):
            return f"it is the {role}"
    if column.near_constant:
        return "near-constant by the contract"
    if not column.known_at.visible_at(stage):
        return f"known at {column.known_at} only"
    if column.type not in KINDS:
        return f"type {column.type} is no feature"
    return ""
