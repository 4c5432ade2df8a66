"""Find connected components with numpy alone, which Glue brings."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def connected_components(left: Numbers, right: Numbers, nodes: int) -> Numbers:
    """Return for each node the smallest node of its component, shape (nodes,).

    In each round every root that has an edge to a smaller root is hung below the smallest of them, and every path is
    cut short. A few rounds are enough for any graph that people make.

    Args:
        left: one end of each edge, in [0, nodes).
        right: the other end, of the same shape.
        nodes: how many there are.
    """
    roots = np.arange(nodes, dtype=np.int64)
    while left.size:
        lower = np.minimum(left, right)
        higher = np.maximum(left, right)
        np.minimum.at(roots, higher, lower)
        roots = _shortened(roots)
        left = roots[left]
        right = roots[right]
        open_edges = left != right
        left = left[open_edges]
        right = right[open_edges]
    return roots


def _shortened(parents: Numbers) -> Numbers:
    """Return the root of each node, given the parent of each."""
    while True:
        grandparents = parents[parents]
        if np.array_equal(grandparents, parents):
            return parents
        parents = grandparents
