"""The model families (guide 14.2): a dictionary from name to classifier; search.yaml says what is tried of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from include.features.smoothed_tree import SmoothedTree

SEED = 0


@dataclass(frozen=True)
class Family:
    """A kind of classifier that a training tries.

    Attributes:
        classifier: makes an unfitted, seeded, single-threaded classifier from its parameters.
        splits_levels: whether it splits categories itself, so that `encode__levels: native` is allowed.
    """

    classifier: Callable[..., Any]
    splits_levels: bool = False


# One thread each: parallelism comes from one task per family and stage; more threads than cores slow boosting 100-fold.
FAMILIES: Mapping[str, Family] = {
    "logistic_regression": Family(
        lambda **params: LogisticRegression(random_state=SEED, **params)
    ),
    "decision_tree": Family(
        lambda **params: SmoothedTree(random_state=SEED, **params)
    ),
    "random_forest": Family(
        lambda **params: RandomForestClassifier(
            random_state=SEED, n_jobs=1, **params
        )
    ),
    "xgboost": Family(
        lambda **params: XGBClassifier(
            random_state=SEED, n_jobs=1, tree_method="hist", **params
        ),
        splits_levels=True,
    ),
    "lightgbm": Family(
        lambda **params: LGBMClassifier(
            random_state=SEED,
            n_jobs=1,
            deterministic=True,
            force_row_wise=True,
            verbose=-1,
            **params,
        ),
        splits_levels=True,
    ),
}
"""The simplest family first, which also wins where several are equally good. A DAG file is parsed without include/, so
dags/lifecycle/training_form.py repeats the names; a test compares both lists."""

NATIVE_FAMILIES = tuple(
    name for name, family in FAMILIES.items() if family.splits_levels
)
"""Families that may be given `encode__levels: native`."""
