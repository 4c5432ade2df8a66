"""Why a model scores leads as it does: SHAP values, summed over matrix columns back to business fields (guide 15)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import shap
from shap.utils._exceptions import InvalidModelError
from shap.utils._legacy import DenseData

from include.features.preprocess import source_fields
from include.training.beeswarm import draw_beeswarm
from include.training.families import inner_parts
from include.training.scores import Floats

ROWS = 500
FOREST_WORK = 4e9  # leaves x depth² x trees x rows, about 5 s on one core
FOREST_ROWS = 40
KERNEL_ROWS, KERNEL_BACKGROUND, KERNEL_SAMPLES = 50, 20, 512

Scale = Literal["log-odds", "probability"]


class NothingToExplainError(ValueError):
    """No lead was given, so there is no score to explain."""


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
    fields = np.array(source_fields(preprocess), dtype=object)
    if hasattr(classifier, "coef_"):
        explained = _sample(rows, limit, seed)
        name, values, base = _linear(classifier, preprocess.transform(explained), preprocess.transform(background))
    elif tree := _tree_explainer(classifier):
        explained = _sample(rows, min(limit, _affordable_rows(classifier)), seed)
        name, values, base = "TreeExplainer", *_of_converting(tree(preprocess.transform(explained)))
    else:
        explained = _sample(rows, min(limit, KERNEL_ROWS), seed)
        known = preprocess.transform(_sample(background, KERNEL_BACKGROUND, seed))
        return _kernel(classifier, preprocess.transform(explained), known, fields, explained.index, seed)
    return Explanation(_by_field(values, fields, explained.index), base, name, scale_of(classifier))


def scale_of(classifier: Any) -> Scale:
    """The scale of a classifier's margin: single trees and forests vote with probabilities, all others add log-odds."""
    return "probability" if hasattr(classifier, "tree_") or _forest(classifier) else "log-odds"


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


def _forest(classifier: Any) -> list[Any]:
    members = getattr(classifier, "estimators_", [])
    return [tree for tree in members if hasattr(tree, "get_n_leaves") and hasattr(tree, "predict_proba")]


def _affordable_rows(classifier: Any) -> int:
    """How many leads a tree model can explain in a few seconds; the time grows with leaves x depth²."""
    work = sum(tree.get_n_leaves() * tree.get_depth() ** 2 for tree in _forest(classifier))
    return max(FOREST_ROWS, int(FOREST_WORK / max(work, 1)))


def _linear(classifier: Any, matrix: Floats, background: Floats) -> tuple[str, Floats, float]:
    masker = shap.maskers.Independent(background, max_samples=len(background))
    return "LinearExplainer", *_of_converting(shap.LinearExplainer(classifier, masker)(matrix))


def _tree_explainer(classifier: Any) -> Any:
    try:
        return shap.TreeExplainer(classifier)
    except InvalidModelError:
        return None


def _of_converting(explained: Any) -> tuple[Floats, float]:
    values = np.asarray(explained.values, dtype=np.float64)
    base = np.asarray(explained.base_values, dtype=np.float64)
    if values.ndim == 3:  # one layer a class
        return values[:, :, 1], float(base[0, 1])
    return values, float(base[0])


def _by_field(values: Floats, fields: Any, index: pd.Index) -> pd.DataFrame:
    order = list(dict.fromkeys(fields))
    return pd.DataFrame({field: values[:, fields == field].sum(axis=1) for field in order}, index=index)


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
