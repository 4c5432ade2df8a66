"""The parts of a fitted pipeline: its preprocessing, and the classifier inside any calibration."""

from typing import Any

from sklearn.pipeline import Pipeline as PlainPipeline

from include.features.calibration import CalibratedModel


def inner_parts(pipeline: PlainPipeline) -> tuple[PlainPipeline, Any]:
    """Return the fitted steps from raw rows to the matrix, and the classifier inside any calibration."""
    steps = [
        (name, step)
        for name, step in pipeline.steps
        if name not in ("resample", "model")
    ]
    model = pipeline.named_steps["model"]
    classifier = (
        model.classifier if isinstance(model, CalibratedModel) else model
    )
    return PlainPipeline(steps), classifier
