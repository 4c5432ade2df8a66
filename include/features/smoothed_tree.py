"""A decision tree whose leaves say less the fewer leads they hold."""

from typing import Any, Self

import numpy as np
from sklearn.tree import DecisionTreeClassifier

LEAF = -1
"""Child of a node that has none, in scikit-learn's trees."""


class SmoothedTree(DecisionTreeClassifier):  # type: ignore[misc] # scikit-learn is untyped
    """A decision tree with m-estimates for probabilities.

    A leaf of 20 leads that have all converted says 1, and the next lead in it need not convert. With m leads of the
    rate p added to it, a leaf of n leads of which k have converted says (k + m · p) / (n + m) (Cestnik, "Estimating
    probabilities: a crucial task in machine learning", 1990; Provost and Domingos, "Tree induction for
    probability-based ranking", 2003). Here p is the mean of the leaves' rates with weights n / (n + m), so that the
    mean probability of the leads that were learnt from stays their rate.

    Attributes:
        smoothing: m, in leads.
    """

    def __init__(
        self,
        *,
        smoothing: float = 10.0,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        random_state: int | None = None,
    ) -> None:
        super().__init__(
            max_depth=max_depth,
            min_samples_leaf=min_samples_leaf,
            random_state=random_state,
        )
        self.smoothing = smoothing

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Grow the tree and smooth its leaves; `y` is 0 or 1. Nodes that are no leaves keep their rates."""
        super().fit(X, y, sample_weight=sample_weight)
        tree = self.tree_
        is_leaf = tree.children_left == LEAF
        leads = tree.weighted_n_node_samples[is_leaf]
        rates = tree.value[is_leaf, 0, 1]
        weights = leads / (leads + self.smoothing)
        prior = np.average(rates, weights=weights)
        smoothed = prior + weights * (rates - prior)
        tree.value[is_leaf, 0, 1] = smoothed
        tree.value[is_leaf, 0, 0] = 1 - smoothed
        return self
