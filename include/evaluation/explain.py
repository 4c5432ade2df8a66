"""Why a model scores leads as it does: SHAP values, summed over matrix columns back to business fields (guide 15)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shap
from shap.utils._legacy import DenseData

from include.evaluation.beeswarm import draw_beeswarm
from include.evaluation.errors import NothingToExplainError
from include.evaluation.scores import Floats
from include.features.attribution import Attribution, Scale, forest, scale_of
from include.features.errors import NotExplainableError
from include.features.parts import inner_parts
from include.features.preprocess import source_fields

ROWS = 500
FOREST_WORK = 4e9  # leaves x depth² x trees x rows, about 5 s on one core
FOREST_ROWS = 40
KERNEL_ROWS, KERNEL_BACKGROUND, KERNEL_SAMPLES = 50, 20, 512


@dataclass(frozen=True)
class Explanation:
    """What each field adds to the score of each explained lead.

    Attributes:
        values: SHAP values, shape (leads, fields), index as in the rows that were given, in their order. A field that
            the model does not use has no column. A lead's values and `base_value` add up to its `margin`.
        base_value: the score where no field is known.
        explainer: class of shap that made them.
        scale: of that margin, before calibration.
    """

    values: pd.DataFrame
    base_value: float
    explainer: str
    scale: Scale

    @property
    def importance(self) -> pd.Series:
        """Mean |value| per field, largest first."""
        return self.values.abs().mean().sort_values(ascending=False, kind="stable")


def explain(
    pipeline: Any, rows: pd.DataFrame, background: pd.DataFrame, seed: int = 0, limit: int = ROWS
) -> Explanation:
    """SHAP values of `rows`, or of a random sample of them where they are many or the model is slow to explain.

    Trees get a TreeExplainer, linear models a LinearExplainer, everything else a KernelExplainer over whole fields.

    Args:
        pipeline: fitted, from raw fields to a classifier, which may be calibrated: its margin is explained.
        rows: raw fields, shape (leads, any), each lead with an index of its own.
        background: raw fields of ordinary leads; "not known" means "as in these". Trees know it from training.
        seed: of the samples.
        limit: explain no more leads than this.

    Raises:
        NothingToExplainError: no rows, or no background.
    """
    if rows.empty or background.empty:
        raise NothingToExplainError(f"{len(rows)} leads and {len(background)} of background; give at least one of each")
    preprocess, classifier = inner_parts(pipeline)
    fields = source_fields(preprocess)
    known = preprocess.transform(background) if hasattr(classifier, "coef_") else None
    try:
        attribution = Attribution.of(classifier, fields, known)
    except NotExplainableError:
        explained = _sample(rows, min(limit, KERNEL_ROWS), seed)
        known = preprocess.transform(_sample(background, KERNEL_BACKGROUND, seed))
        return _kernel(classifier, preprocess.transform(explained), known, np.array(fields), explained.index, seed)
    explained = _sample(rows, min(limit, _affordable_rows(classifier)), seed)
    values = attribution.values(preprocess.transform(explained))
    by_field = pd.DataFrame(values, index=explained.index, columns=list(attribution.fields))
    return Explanation(by_field, attribution.base_value, attribution.name, attribution.scale)


def summary_plot(explanation: Explanation, rows: pd.DataFrame, path: Path) -> Path:
    """Writes the SHAP summary plot as PNG; `rows` holds at least the explained leads' raw fields."""
    return draw_beeswarm(explanation.values, rows.loc[explanation.values.index], explanation.scale, path)


def _margin(classifier: Any, matrix: Floats) -> Floats:
    probability: Floats = np.asarray(classifier.predict_proba(matrix)[:, 1], dtype=np.float64)
    if scale_of(classifier) == "probability":
        return probability
    probability = probability.clip(1e-12, 1 - 1e-12)
    return np.log(probability / (1 - probability))


def _sample(rows: pd.DataFrame, limit: int, seed: int) -> pd.DataFrame:
    if len(rows) <= limit:
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows), size=limit, replace=False)
    return rows.iloc[np.sort(chosen)]


def _affordable_rows(classifier: Any) -> int:
    """How many leads a tree model can explain in a few seconds; the time grows with leaves x depth²."""
    work = sum(tree.get_n_leaves() * tree.get_depth() ** 2 for tree in forest(classifier))
    return max(FOREST_ROWS, int(FOREST_WORK / max(work, 1)))


def _kernel(
    classifier: Any, matrix: Floats, background: Floats, fields: Any, index: pd.Index, seed: int
) -> Explanation:
    order = list(dict.fromkeys(fields))
    known = DenseData(background, order, [np.flatnonzero(fields == field) for field in order])
    explainer = shap.KernelExplainer(lambda cells: _margin(classifier, cells), known)
    with _global_seed(seed):
        values = explainer.shap_values(matrix, nsamples=KERNEL_SAMPLES, l1_reg=False, silent=True)
    frame = pd.DataFrame(np.asarray(values, dtype=np.float64), columns=order, index=index)
    return Explanation(frame, float(explainer.expected_value), "KernelExplainer", scale_of(classifier))


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    # KernelExplainer draws from numpy's global state and takes no generator
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
