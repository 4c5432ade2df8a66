"""How much each business field moves a classifier's score of a lead: SHAP values, summed over matrix columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from include.features.errors import NotExplainableError

if TYPE_CHECKING:
    from include.trees.tree_shap import TreeShap

Floats = NDArray[np.float64]
SPLITS_LEVELS = 1
"""Mark that shap gives to a split by levels, which has no threshold."""
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
        places = np.array([fields.index(source) for source in sources])
        sums = np.eye(len(fields))[places]
        explainer = _explainer(classifier, background)
        trees = _trees(explainer, places) if finite else None
        return cls(
            fields=fields,
            explainer=explainer,
            trees=trees,
            scale=scale_of(classifier),
            _sums=sums,
        )

    @property
    def name(self) -> str:
        """Class of the explainer."""
        return type(self.explainer).__name__

    def values(self, matrix: Any) -> Floats:
        """Return what each field adds to the score of each lead: shape (leads, fields)."""
        if self.trees and len(matrix):
            return self.trees.of_leads(np.asarray(matrix))
        options = {}
        if self.name == "TreeExplainer":
            options["check_additivity"] = False
        values = np.asarray(
            self.explainer.shap_values(matrix, **options), dtype=np.float64
        )
        if (
            values.ndim == 3
        ):  # scikit-learn's trees have one layer for each class
            values = values[:, :, 1]
        return np.asarray(values @ self._sums)

    @property
    def base_value(self) -> float:
        """The score where no field is known."""
        if self.trees:
            return self.trees.base_value
        expected = np.ravel(self.explainer.expected_value)
        return float(expected[-1])


def _trees(explainer: Any, fields: NDArray[np.intp]) -> "TreeShap | None":
    """Return the fast trees of an explainer; None where it has none, or numba is not installed."""
    import shap

    if not isinstance(explainer, shap.TreeExplainer):
        return None
    if find_spec("numba") is None:
        return None
    from include.trees.tree_shap import TreeShap

    ensemble: Any = explainer.model
    if ensemble.cat_feature_indices is not None:
        return None
    if (ensemble.threshold_types == SPLITS_LEVELS).any():
        return None
    return TreeShap.of(ensemble, fields.tolist())


def scale_of(classifier: Any) -> Scale:
    """Return the scale of a classifier's margin: single trees and forests average probabilities, others log-odds."""
    if hasattr(classifier, "tree_"):
        return "probability"
    return "probability" if forest(classifier) else "log-odds"


def forest(classifier: Any) -> list[Any]:
    """Return the trees of a classifier that averages the votes of scikit-learn's trees; empty for any other."""
    members = getattr(classifier, "estimators_", [])
    return [member for member in members if _is_tree(member)]


def _is_tree(member: Any) -> bool:
    return hasattr(member, "get_n_leaves") and hasattr(member, "predict_proba")


def _explainer(classifier: Any, background: Floats | None) -> Any:
    """Return shap's explainer for a classifier."""
    import shap  # two seconds, which most processes can do without
    from shap.utils._exceptions import InvalidModelError

    if not hasattr(classifier, "coef_"):
        try:
            return shap.TreeExplainer(classifier)
        except InvalidModelError as error:
            name = type(classifier).__name__
            raise NotExplainableError(
                f"{name} has neither coefficients nor trees"
            ) from error
    if background is None:
        raise NotExplainableError(
            "a linear model needs the matrix of ordinary leads to measure from"
        )
    masker = shap.maskers.Independent(background, max_samples=len(background))
    return shap.LinearExplainer(classifier, masker)
