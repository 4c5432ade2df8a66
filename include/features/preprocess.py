"""The steps between raw contract columns and the matrix that a model sees (guide 12.2 and 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from include.features.cleaning import GroupedLevels, TypedColumns
from include.features.columns import FeatureColumn, feature_columns

if TYPE_CHECKING:
    from include.contract import Contract, KnownAt

MISSING_LEVEL = "(missing)"


def preprocessing_steps(contract: Contract, stage: KnownAt, grouped: bool) -> list[tuple[str, Any]]:
    """Unfitted (name, transformer) steps `clean`, `group`, `encode` for the pipelines of one stage.

    Args:
        contract: what the raw columns are; its parts that matter are copied into the steps.
        stage: columns that become known later are not read at all.
        grouped: whether nominal levels are replaced by the contract's groups.
    """
    columns = feature_columns(contract, stage)
    return [
        ("clean", TypedColumns(columns, contract.null_tokens)),
        ("group", GroupedLevels(columns, enabled=grouped)),
        ("encode", _encoder(columns)),
    ]


def _encoder(columns: tuple[FeatureColumn, ...]) -> ColumnTransformer:
    """Median, MinMax and a missing flag for numbers; missing as a level and one-hot for nominal columns."""
    numeric = Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)),
            ("scale", MinMaxScaler(clip=True)),
        ]
    )
    nominal = Pipeline(
        [
            ("impute", SimpleImputer(missing_values=None, strategy="constant", fill_value=MISSING_LEVEL)),
            ("onehot", OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype="float64")),
        ]
    )
    numbers = [column.field for column in columns if column.kind != "nominal"]
    levels = [column.field for column in columns if column.kind == "nominal"]
    return ColumnTransformer([("number", numeric, numbers), ("level", nominal, levels)])
