"""LightGBM's margins without LightGBM: the same leaves, added up in the same order, in a fraction of the time."""
# ruff: noqa: ANN001, ANN202 - numba reads the types off the arguments

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numba import float64, int32, njit, types, void
from numba.cpython.unsafe.tuple import tuple_setitem
from numpy.typing import NDArray

from include.trees.pieces import in_pieces

Floats = NDArray[np.float64]

Table = types.Array
TABLES = (
    Table(int32, 3, "C"),
    Table(int32, 2, "C"),
    Table(float64, 2, "C"),
    Table(float64, 2, "C"),
)
SIGNATURE = void(Table(float64, 2, "C"), *TABLES, Table(float64, 1, "C"))
INDEX = np.uint64
"""Type of places in arrays: for unsigned ones numba does not check whether they count from the end."""
BLOCK = 64
"""Leads that go through a tree while it is in the processor's cache."""
TOGETHER = 4
"""Leads that go down a tree at the same time: while the next node of one is fetched, the others' are too."""
ROOTS = (INDEX(0),) * TOGETHER
_replace: Any = tuple_setitem
"""`_replace(tuple, place, value)` returns the tuple with another value at one place."""


@dataclass(frozen=True)
class TreeSums:
    """The trees of one classifier; tables have the shape (trees, nodes), node 0 is the root.

    Attributes:
        children: the node to go to with a greater cell, and with one up to the cut; a leaf is its own child.
        columns: column of the matrix that a node splits on.
        cuts: greatest cell that goes left.
        values: what a leaf adds to the margin.
        run: the loop over them.
    """

    children: NDArray[np.int32]
    columns: NDArray[np.int32]
    cuts: Floats
    values: Floats
    run: Callable[..., None] = field(repr=False)

    @classmethod
    def of(cls, ensemble: Any) -> Self:
        """Return the trees of the shap TreeEnsemble of a LightGBM classifier."""
        sides = np.stack(
            [ensemble.children_right, ensemble.children_left], axis=2
        ).astype(np.int32)
        node_itself = np.arange(sides.shape[1], dtype=np.int32)[None, :, None]
        children = np.where(sides < 0, node_itself, sides)
        columns = np.maximum(ensemble.features, 0).astype(np.int32)
        cuts = np.ascontiguousarray(ensemble.thresholds, dtype=np.float64)
        values = np.ascontiguousarray(
            np.asarray(ensemble.values)[:, :, -1], dtype=np.float64
        )
        return cls(children, columns, cuts, values, compiled())

    def margins(self, matrix: Floats) -> Floats:
        """Return the log-odds of each lead, shape (leads,), from a finite matrix, shape (leads, columns)."""
        return in_pieces(
            self._piece, np.ascontiguousarray(matrix, dtype=np.float64)
        )

    def _piece(self, matrix: Floats) -> Floats:
        margins = np.zeros(len(matrix))
        self.run(
            matrix, self.children, self.columns, self.cuts, self.values, margins
        )
        return margins


@njit
def _next(cells, lead, children, columns, cuts, tree, node):  # type: ignore[no-untyped-def]
    """Return the node that a lead goes to from another one; from a leaf it is the leaf."""
    column = INDEX(columns[tree, node])
    up_to_cut = cells[lead, column] <= cuts[tree, node]
    child = children[tree, node, INDEX(up_to_cut)]
    return INDEX(child)


@njit
def _leaf(cells, lead, children, columns, cuts, tree):  # type: ignore[no-untyped-def]
    """Return the leaf of one lead."""
    node = INDEX(0)
    child = _next(cells, lead, children, columns, cuts, tree, node)
    while node != child:
        node = child
        child = _next(cells, lead, children, columns, cuts, tree, node)
    return node


@njit
def _leaves(cells, first, children, columns, cuts, tree):  # type: ignore[no-untyped-def]
    """Return the leaves of as many leads as go down together, from the first one's place on."""
    nodes = ROOTS
    moving = True
    while moving:
        moving = False
        for place in range(TOGETHER):
            lead = INDEX(first + place)
            node = nodes[place]
            child = _next(cells, lead, children, columns, cuts, tree, node)
            moving |= child != node
            nodes = _replace(nodes, place, child)
    return nodes


def _run(cells, children, columns, cuts, values, margins):  # type: ignore[no-untyped-def]
    """Add the trees' values of each lead to `margins`, tree by tree, as LightGBM does."""
    trees = len(children)
    together = len(cells) // TOGETHER * TOGETHER
    for start in range(0, together, BLOCK):
        for tree in range(trees):
            for first in range(start, min(start + BLOCK, together), TOGETHER):
                leaves = _leaves(cells, first, children, columns, cuts, tree)
                for place in range(TOGETHER):
                    margins[INDEX(first + place)] += values[tree, leaves[place]]
    for lead in range(together, len(cells)):
        for tree in range(trees):
            margins[lead] += values[
                tree, _leaf(cells, INDEX(lead), children, columns, cuts, tree)
            ]


@lru_cache(maxsize=1)
def compiled() -> Callable[..., None]:
    """Return `_run` as machine code that runs without the interpreter's lock."""
    run: Callable[..., None] = njit(SIGNATURE, nogil=True)(_run)
    return run
