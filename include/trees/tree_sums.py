"""LightGBM's margins without LightGBM: the same leaves, added up in the same order, in a fraction of the time."""
# ruff: noqa: ANN001, ANN202 - numba reads the types off the arguments

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numba import float64, int32, njit, types, void
from numpy.typing import NDArray

from include.trees.pieces import in_pieces

Floats = NDArray[np.float64]

Table = types.Array
TABLES = (Table(int32, 3, "C"), Table(int32, 2, "C"), Table(float64, 2, "C"), Table(float64, 2, "C"))
SIGNATURE = void(Table(float64, 2, "C"), *TABLES, Table(float64, 1, "C"))
INDEX = np.uint64
"""Of places in arrays: numba spends no time on places that count from the end."""
BLOCK = 64
"""Leads that a tree is asked for while it is in the cache."""


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
        """The trees of the shap TreeEnsemble of a LightGBM classifier."""
        sides = np.stack([ensemble.children_right, ensemble.children_left], axis=2).astype(np.int32)
        own = np.arange(sides.shape[1], dtype=np.int32)[None, :, None]
        columns = np.maximum(ensemble.features, 0).astype(np.int32)
        cuts = np.ascontiguousarray(ensemble.thresholds, dtype=np.float64)
        values = np.ascontiguousarray(np.asarray(ensemble.values)[:, :, -1], dtype=np.float64)
        return cls(np.where(sides < 0, own, sides), columns, cuts, values, compiled())

    def margins(self, matrix: Floats) -> Floats:
        """Log-odds of each lead, shape (leads,), from a finite matrix, shape (leads, columns)."""
        return in_pieces(self._piece, np.ascontiguousarray(matrix, dtype=np.float64))

    def _piece(self, matrix: Floats) -> Floats:
        found = np.zeros(len(matrix))
        self.run(matrix, self.children, self.columns, self.cuts, self.values, found)
        return found


@njit
def _next(cells, lead, children, columns, cuts, tree, node):  # type: ignore[no-untyped-def]
    up_to_cut = cells[lead, INDEX(columns[tree, node])] <= cuts[tree, node]
    return INDEX(children[tree, node, INDEX(up_to_cut)])


def _run(cells, children, columns, cuts, values, found):  # type: ignore[no-untyped-def]
    in_fours = len(cells) // 4 * 4  # while one lead's next node is fetched, the others' are too
    for start in range(0, in_fours, BLOCK):
        for tree in range(len(children)):
            for lead in range(start, min(start + BLOCK, in_fours), 4):
                one, two, three, four = INDEX(lead), INDEX(lead + 1), INDEX(lead + 2), INDEX(lead + 3)
                a = b = c = d = INDEX(0)
                moving = True
                while moving:
                    before = (a, b, c, d)
                    a = _next(cells, one, children, columns, cuts, tree, a)
                    b = _next(cells, two, children, columns, cuts, tree, b)
                    c = _next(cells, three, children, columns, cuts, tree, c)
                    d = _next(cells, four, children, columns, cuts, tree, d)
                    moving = (a != before[0]) | (b != before[1]) | (c != before[2]) | (d != before[3])
                found[one] += values[tree, a]
                found[two] += values[tree, b]
                found[three] += values[tree, c]
                found[four] += values[tree, d]
    for lead in range(in_fours, len(cells)):
        for tree in range(len(children)):
            node, after = INDEX(0), _next(cells, lead, children, columns, cuts, tree, INDEX(0))
            while node != after:
                node, after = after, _next(cells, lead, children, columns, cuts, tree, after)
            found[lead] += values[tree, node]


@lru_cache(maxsize=1)
def compiled() -> Callable[..., None]:
    """`_run` as machine code without the interpreter's lock."""
    run: Callable[..., None] = njit(SIGNATURE, nogil=True)(_run)
    return run
