"""The model families: what each one is, and the small grid it is searched over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.features.preprocess import preprocessing_steps

SEED = 0


@dataclass(frozen=True)
class Family:
    """One kind of classifier.

    Attributes:
        estimator: makes an unfitted, seeded, single-threaded classifier.
        grid: values to try per parameter of the pipeline (`model__…`, `group__enabled`).
        grouped: whether nominal levels are grouped where the grid does not say.
    """

    estimator: Callable[[], Any]
    grid: Mapping[str, Sequence[Any]]
    grouped: bool = False


def _logistic_regression() -> LogisticRegression:
    return LogisticRegression(max_iter=2000, random_state=SEED)


def _lightgbm() -> LGBMClassifier:
    return LGBMClassifier(
        n_estimators=300,
        learning_rate=0.03,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.4,
        reg_lambda=5.0,
        random_state=SEED,
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,
        verbose=-1,
    )


FAMILIES: Mapping[str, Family] = {
    "logistic_regression": Family(
        _logistic_regression, {"model__C": [1.0, 3.0, 10.0], "group__enabled": [False, True]}
    ),
    "lightgbm": Family(_lightgbm, {"model__num_leaves": [15, 31], "model__min_child_samples": [10, 20]}),
}


def build_pipeline(
    family: str, contract: Contract, stage: KnownAt, params: Mapping[str, Any] | None = None
) -> Pipeline:
    """Unfitted pipeline from raw contract columns to a probability.

    Raises:
        KeyError: a family that FAMILIES does not have.
    """
    chosen = FAMILIES[family]
    steps = [*preprocessing_steps(contract, stage, chosen.grouped), ("model", chosen.estimator())]
    return Pipeline(steps).set_params(**dict(params or {}))
