"""The pipeline around a family's classifier, from raw contract columns to a probability."""

from collections.abc import Mapping
from typing import Any

from imblearn.pipeline import Pipeline
from sklearn.pipeline import Pipeline as PlainPipeline

from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.features.calibration import CalibratedModel, Calibration, Decision
from include.features.preprocess import preprocessing_steps
from include.training.families import FAMILIES, SEED
from include.training.resampling import Resample
from include.training.space import check_native, search_space

MODEL_STEPS = ("resample", "model")
"""Last steps of a pipeline in training; those before them prepare the rows."""


def build_pipeline(
    decisions: Decisions,
    contract: Contract,
    family: str,
    stage: KnownAt,
    params: Mapping[str, Any] | None = None,
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
    chosen_params = dict(params or {})
    check_native(
        family, {name: [value] for name, value in chosen_params.items()}
    )
    classifier_params = search_space().families[family].classifier(stage)
    classifier = FAMILIES[family].classifier(**classifier_params)
    steps = [
        *preprocessing_steps(
            contract,
            stage,
            grouped=False,
            max_missing=decisions.max_missing_share,
        ),
        ("resample", Resample(seed=SEED)),
        ("model", classifier),
    ]
    return Pipeline(steps).set_params(**chosen_params)


def deployable(
    fitted: Pipeline, calibration: Calibration, decision: Decision
) -> PlainPipeline:
    """Return the fitted pipeline as it is logged: no resampling, calibrated, with its decision."""
    steps = []
    for name, step in fitted.steps:
        if name not in MODEL_STEPS:
            steps.append((name, step))
    classifier = fitted.named_steps["model"]
    model = CalibratedModel(
        classifier,
        calibration,
        decision,
        resampling=fitted.named_steps["resample"].method,
    )
    steps.append(("model", model))
    return PlainPipeline(steps)
