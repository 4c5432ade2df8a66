"""The five model families (guide 14.2) and the pipeline around each, from raw contract columns to a probability."""

from collections.abc import Callable, Mapping
from typing import Any

from imblearn.pipeline import Pipeline
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline as PlainPipeline
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from include.contract import Contract, KnownAt
from include.features.calibration import CalibratedModel, Calibration, Decision
from include.features.preprocess import preprocessing_steps
from include.settings import Decisions
from include.training.resampling import Resample
from include.training.space import check_native, search_space

SEED = 0

# One thread each: parallelism comes from one task per family and stage; more threads than cores slow boosting 100-fold.
FAMILIES: Mapping[str, Callable[..., Any]] = {
    "logistic_regression": lambda **fixed: LogisticRegression(random_state=SEED, **fixed),
    "decision_tree": lambda **fixed: DecisionTreeClassifier(random_state=SEED, **fixed),
    "random_forest": lambda **fixed: RandomForestClassifier(random_state=SEED, n_jobs=1, **fixed),
    "xgboost": lambda **fixed: XGBClassifier(random_state=SEED, n_jobs=1, tree_method="hist", **fixed),
    "lightgbm": lambda **fixed: LGBMClassifier(
        random_state=SEED, n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1, **fixed
    ),
}
"""Name to a maker of unfitted, seeded, single-threaded classifiers, the simplest first."""


def build_pipeline(
    decisions: Decisions, contract: Contract, family: str, stage: KnownAt, params: Mapping[str, Any] | None = None
) -> Pipeline:
    """Return an unfitted pipeline: the features' steps, `resample`, `model`.

    Args:
        decisions: max_missing_share.
        contract: what the raw columns are.
        family: a name in FAMILIES.
        stage: columns that become known later are not read.
        params: parameters of the pipeline, such as the best of a search.

    Raises:
        KeyError: a family that FAMILIES does not have.
        SearchSpaceError: parameters that the family cannot be given together.
    """
    check_native(family, {name: [value] for name, value in (params or {}).items()})
    model = FAMILIES[family](**search_space().families[family].classifier(stage))
    steps = preprocessing_steps(contract, stage, grouped=False, max_missing=decisions.max_missing_share)
    return Pipeline([*steps, ("resample", Resample(seed=SEED)), ("model", model)]).set_params(**dict(params or {}))


def deployable(fitted: Pipeline, calibration: Calibration, decision: Decision) -> PlainPipeline:
    """The fitted pipeline as it is logged: no resampling, calibrated, with its decision."""
    steps = [(name, step) for name, step in fitted.steps if name not in ("resample", "model")]
    return PlainPipeline([*steps, ("model", CalibratedModel(fitted.named_steps["model"], calibration, decision))])
