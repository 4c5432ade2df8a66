"""Explains why a model scores leads as it does: SHAP values, summed back to business fields (guide 15)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from include.evaluation.errors import NothingToExplainError
from include.evaluation.pictures.beeswarm import draw_beeswarm
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
    """SHAP values: how much each field adds to the score of each explained lead.

    Attributes:
        values: SHAP values, shape (leads, fields), index and order as in the rows to explain. A field that
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
        """Return the mean |value| per field, largest first."""
        return (
            self.values.abs().mean().sort_values(ascending=False, kind="stable")
        )


def explain(
    pipeline: Any,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    seed: int = 0,
    limit: int = ROWS,
) -> Explanation:
    """Return SHAP values of `rows`, or of a random sample of them where they are many or the model is slow to explain.

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
        raise NothingToExplainError(
            f"{len(rows)} leads and {len(background)} of background; give at least one of each"
        )
    preprocess, classifier = inner_parts(pipeline)
    fields = source_fields(preprocess)
    is_linear = hasattr(classifier, "coef_")
    background_matrix = preprocess.transform(background) if is_linear else None
    try:
        attribution = Attribution.of(classifier, fields, background_matrix)
    except NotExplainableError:
        sample = _sample(rows, min(limit, KERNEL_ROWS), seed)
        background_matrix = preprocess.transform(
            _sample(background, KERNEL_BACKGROUND, seed)
        )
        return _explain_by_kernel(
            classifier,
            preprocess.transform(sample),
            background_matrix,
            np.array(fields),
            sample.index,
            seed,
        )
    sample = _sample(rows, min(limit, _affordable_rows(classifier)), seed)
    values = attribution.values(preprocess.transform(sample))
    return Explanation(
        values=pd.DataFrame(
            values, index=sample.index, columns=list(attribution.fields)
        ),
        base_value=attribution.base_value,
        explainer=attribution.name,
        scale=attribution.scale,
    )


def summary_plot(
    explanation: Explanation, rows: pd.DataFrame, path: Path
) -> Path:
    """Write the SHAP summary plot as PNG; `rows` holds at least the explained leads' raw fields."""
    explained_rows = rows.loc[explanation.values.index]
    return draw_beeswarm(
        explanation.values, explained_rows, explanation.scale, path
    )


def _margin(classifier: Any, matrix: Floats) -> Floats:
    """Return the classifier's score of each row before calibration, on the scale that explanations add up to."""
    probability: Floats = np.asarray(
        classifier.predict_proba(matrix)[:, 1], dtype=np.float64
    )
    if scale_of(classifier) == "probability":
        return probability
    probability = probability.clip(1e-12, 1 - 1e-12)
    return np.log(probability / (1 - probability))


def _sample(rows: pd.DataFrame, limit: int, seed: int) -> pd.DataFrame:
    """Return the rows, or a random sample of `limit` of them in their own order."""
    if len(rows) <= limit:
        return rows
    positions = np.random.default_rng(seed).choice(
        len(rows), size=limit, replace=False
    )
    return rows.iloc[np.sort(positions)]


def _affordable_rows(classifier: Any) -> int:
    """Return how many leads a tree model can explain in a few seconds; the time grows with leaves x depth²."""
    work = 0
    for tree in forest(classifier):
        work += tree.get_n_leaves() * tree.get_depth() ** 2
    return max(FOREST_ROWS, int(FOREST_WORK / max(work, 1)))


def _explain_by_kernel(
    classifier: Any,
    matrix: Floats,
    background: Floats,
    fields: Any,
    index: pd.Index,
    seed: int,
) -> Explanation:
    """Explain any classifier by asking it about leads with whole fields replaced by those of the background."""
    import shap  # two seconds, which most processes can do without
    from shap.utils._legacy import DenseData

    names = list(dict.fromkeys(fields))
    columns_of_names = [np.flatnonzero(fields == name) for name in names]
    explainer = shap.KernelExplainer(
        lambda cells: _margin(classifier, cells),
        DenseData(background, names, columns_of_names),
    )
    with _global_seed(seed):
        values = explainer.shap_values(
            matrix, nsamples=KERNEL_SAMPLES, l1_reg=False, silent=True
        )
    return Explanation(
        values=pd.DataFrame(
            np.asarray(values, dtype=np.float64), columns=names, index=index
        ),
        base_value=float(explainer.expected_value),
        explainer="KernelExplainer",
        scale=scale_of(classifier),
    )


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global random state for a block and restore it afterwards."""
    # KernelExplainer draws from numpy's global state and takes no generator.
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
