"""How much each business field moves a classifier's score of a lead: SHAP values, summed over matrix columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import shap
from numpy.typing import NDArray
from shap.utils._exceptions import InvalidModelError

from include.features.errors import NotExplainableError

if TYPE_CHECKING:
    from include.trees.tree_shap import TreeShap

Floats = NDArray[np.float64]
SPLITS_LEVELS = 1
"""How shap marks a split by levels in place of a threshold."""
Scale = Literal["log-odds", "probability"]


@dataclass(frozen=True)
class Attribution:
    """SHAP values of one fitted classifier; costly to make, so made once, then used for any number of leads.

    Attributes:
        fields: fields behind the matrix's columns, each once, in the matrix's order.
        explainer: shap's TreeExplainer or LinearExplainer.
        trees: the same values as the TreeExplainer's, faster; None for a linear model, for trees that split levels, and
            where numba is not installed: MWAA's workers go without its 210 MB.
        scale: what a lead's values and the base value add up to, before calibration.
    """

    fields: tuple[str, ...]
    explainer: Any
    trees: "TreeShap | None"
    scale: Scale
    _sums: Floats

    @classmethod
    def of(
        cls,
        classifier: Any,
        sources: Sequence[str],
        background: Floats | None = None,
        finite: bool = True,
    ) -> Self:
        """Return the attribution of a fitted classifier.

        Args:
            classifier: linear, one tree, a forest or boosted trees.
            sources: field behind every column of its matrix.
            background: matrix of ordinary leads, shape (leads, columns), that a linear model's values are measured
                from; trees know it from training.
            finite: whether the matrix never holds a missing or infinite cell; otherwise shap reads the trees, which
                sends such cells the way that the classifier does.

        Raises:
            NotExplainableError: another kind of classifier, or a linear one without background.
        """
        fields = tuple(dict.fromkeys(sources))
        sums = np.array([[source == field for field in fields] for source in sources], dtype=np.float64)
        explainer = _explainer(classifier, background)
        trees = _trees(explainer, sums.argmax(axis=1)) if finite else None
        return cls(fields, explainer, trees, scale_of(classifier), sums)

    @property
    def name(self) -> str:
        """Class of the explainer."""
        return type(self.explainer).__name__

    def values(self, matrix: Any) -> Floats:
        """What each field adds to the score of each lead: shape (leads, fields)."""
        if self.trees and len(matrix):
            return self.trees.of_leads(np.asarray(matrix))
        checks = {"check_additivity": False} if self.name == "TreeExplainer" else {}
        values = np.asarray(self.explainer.shap_values(matrix, **checks), dtype=np.float64)
        by_column = values[:, :, 1] if values.ndim == 3 else values  # of scikit-learn's trees: one layer a class
        return np.asarray(by_column @ self._sums)

    @property
    def base_value(self) -> float:
        """The score where no field is known."""
        if self.trees:
            return self.trees.base_value
        return float(np.ravel(self.explainer.expected_value)[-1])


def _trees(explainer: Any, fields: NDArray[np.intp]) -> "TreeShap | None":
    if not isinstance(explainer, shap.TreeExplainer) or find_spec("numba") is None:
        return None
    from include.trees.tree_shap import TreeShap

    ensemble: Any = explainer.model
    by_level = ensemble.cat_feature_indices is not None or (ensemble.threshold_types == SPLITS_LEVELS).any()
    return None if by_level else TreeShap.of(ensemble, fields.tolist())


def scale_of(classifier: Any) -> Scale:
    """The scale of a classifier's margin: single trees and forests vote with probabilities, all others add log-odds."""
    return "probability" if hasattr(classifier, "tree_") or forest(classifier) else "log-odds"


def forest(classifier: Any) -> list[Any]:
    """The trees of a classifier that averages the votes of scikit-learn's trees; empty for any other."""
    members = getattr(classifier, "estimators_", [])
    return [tree for tree in members if hasattr(tree, "get_n_leaves") and hasattr(tree, "predict_proba")]


def _explainer(classifier: Any, background: Floats | None) -> Any:
    if not hasattr(classifier, "coef_"):
        try:
            return shap.TreeExplainer(classifier)
        except InvalidModelError as error:
            raise NotExplainableError(f"{type(classifier).__name__} has neither coefficients nor trees") from error
    if background is None:
        raise NotExplainableError("a linear model needs the matrix of ordinary leads to measure from")
    return shap.LinearExplainer(classifier, shap.maskers.Independent(background, max_samples=len(background)))
