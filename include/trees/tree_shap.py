"""Exact SHAP values of trees: what shap's TreeExplainer gives, many times faster, and the same for a lead among others.

On the path to a leaf, o_i = 1 where the lead is on the path's side of all splits on column i and else 0, and z_i is the
share of the training leads that these splits keep. The value of column i in a leaf that adds v to the score is

    v (o_i - z_i) x integral over t from 0 to 1 of the product over the other columns j of (z_j (1 - t) + o_j t),

because the integral of t^a (1 - t)^b is Shapley's weight a! b! / (a + b + 1)!. The product is a polynomial, so that
Gauss and Legendre's rule with half as many nodes as columns is exact. For each node t the products are carried down
the tree, split by split, and the leaves' sums are carried up again; a split takes from the sums below it its column's
share, (o - z) / (z (1 - t) + o t), less that of the column's split further up, which it replaces.
Sources: Lundberg et al. 2020 (path-dependent TreeSHAP); Yu et al. 2022 and Bifet et al. 2022 (Linear TreeSHAP).

All that depends on the model alone is in tables, so that a lead costs a few instructions per split. They are in single
precision, as XGBoost's own values are: off by about 1e-7 of the largest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from include.trees.pieces import in_pieces
from include.trees.tree_shap_kernel import NODES, compiled

Floats = NDArray[np.float64]


class Splits(NamedTuple):
    """The splits of all trees, parents before children.

    A tree's branches are numbered: 0 is the root, 2 n + 1 and 2 n + 2 are the left and the right one of its split n.
    Tables have a row for each branch of a split in each of three cases: 0, the lead was on the other side of a split
    on this column further up; 1, it was not but is now; 2, it is on the branch.

    Attributes:
        starts: of each tree's splits, shape (trees + 1,).
        columns: column of the matrix, shape (splits,), as the next ones.
        fields: field of that column.
        parents: branch that is split.
        earlier: branch of the nearest split further up on the same column; 0 for none.
        cuts: greatest cell that goes left.
        weights: of the nodes, NODES for each tree.
        down: what the products are multiplied with, shape (splits x 2 branches x 3 cases x NODES,).
        up: what the sums are multiplied with, shape as `down`.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.uint32]
    fields: NDArray[np.uint32]
    parents: NDArray[np.uint32]
    earlier: NDArray[np.uint32]
    cuts: Floats
    weights: NDArray[np.float32]
    down: NDArray[np.float32]
    up: NDArray[np.float32]


@dataclass(frozen=True)
class TreeShap:
    """The values of one classifier's trees.

    Attributes:
        base_value: the score where no field is known.
        dtype: in which the trees compare.
        fields: how many fields there are.
        splits: of the trees.
        run: the loop over them.
    """

    base_value: float
    dtype: Any
    fields: int
    splits: Splits = field(repr=False)
    run: Callable[..., None] = field(repr=False)

    @classmethod
    def of(cls, ensemble: Any, fields: Sequence[int]) -> Self:
        """The trees of a shap TreeEnsemble; `fields` holds the number of the field of every matrix column."""
        trees = [_Tree(ensemble, number) for number in range(len(ensemble.children_left))]
        base = float(np.ravel(ensemble.base_offset)[-1]) + sum(tree.mean for tree in trees)
        # A rule of NODES nodes is exact for 2 NODES columns. A tree with longer paths has a rule of several times as
        # many and goes through once for each NODES of them: its values are their sum.
        rounds = [(tree, part) for tree in trees if tree.splits for part in _rule(tree.columns_on_a_path)]
        return cls(base, ensemble.input_dtype, max(fields) + 1, _splits(rounds, np.asarray(fields)), compiled())

    def of_leads(self, matrix: Floats) -> Floats:
        """What each field adds to the score of each lead, shape (leads, fields).

        Args:
            matrix: finite, shape (leads, columns).
        """
        return in_pieces(self._piece, np.ascontiguousarray(matrix.astype(self.dtype, copy=False), dtype=np.float64))

    def _piece(self, matrix: Floats) -> Floats:
        found = np.zeros((len(matrix), self.fields))
        self.run(matrix, *self.splits, found)
        return found


class _Split(NamedTuple):
    parent: int
    earlier: int
    column: int
    cut: float
    share_before: float
    shares: tuple[float, float]
    values: tuple[float, float]


class _Tree:
    """The splits of one tree, in the order of `Splits`; a branch that ends in a leaf has its value, another one 1."""

    def __init__(self, ensemble: Any, number: int) -> None:
        names = ("children_left", "children_right", "features", "thresholds", "values", "node_sample_weight")
        left, right, columns, cuts, values, weights = (getattr(ensemble, name)[number] for name in names)
        self.splits: list[_Split] = []
        self.columns_on_a_path = 0
        self.mean = sum(np.ravel(values[node])[-1] * weights[node] / weights[0] for node in np.flatnonzero(left < 0))
        # Node, its branch, and for every column on its path the last branch and the share of the leads kept.
        open_nodes: list[tuple[int, int, dict[int, tuple[int, float]]]] = [(0, 0, {})] if left[0] >= 0 else []
        while open_nodes:
            node, branch, path = open_nodes.pop()
            column, children = int(columns[node]), (int(left[node]), int(right[node]))
            earlier, before = path.get(column, (0, 1.0))
            shares = [before * float(weights[child] / weights[node]) for child in children]
            ends = [float(np.ravel(values[child])[-1]) if left[child] < 0 else 1.0 for child in children]
            first = 2 * len(self.splits) + 1
            self.splits.append(
                _Split(branch, earlier, column, float(cuts[node]), before, (shares[0], shares[1]), (ends[0], ends[1]))
            )
            self.columns_on_a_path = max(self.columns_on_a_path, len(path | {column: (0, 0.0)}))
            for place, child, share in zip((first, first + 1), children, shares, strict=True):
                if left[child] >= 0:
                    open_nodes.append((child, place, {**path, column: (place, share)}))


def _rule(columns: int) -> list[tuple[Floats, Floats]]:
    """Nodes and weights on [0, 1], exact for so many columns on a path, NODES at a time."""
    rounds = -(-columns // (2 * NODES))
    nodes, weights = np.polynomial.legendre.leggauss(NODES * rounds)
    return list(zip(np.split((nodes + 1) / 2, rounds), np.split(weights / 2, rounds), strict=True))


def _splits(rounds: Sequence[tuple[_Tree, tuple[Floats, Floats]]], fields: NDArray[np.intp]) -> Splits:
    splits = [split for tree, _ in rounds for split in tree.splits]
    columns = np.array([split.column for split in splits], dtype=np.uint32)
    down, up = _tables(splits, np.repeat([t for _, (t, _) in rounds], [len(tree.splits) for tree, _ in rounds], axis=0))
    return Splits(
        np.cumsum([0, *(len(tree.splits) for tree, _ in rounds)], dtype=np.int64),
        columns,
        fields[columns].astype(np.uint32),
        np.array([split.parent for split in splits], dtype=np.uint32),
        np.array([split.earlier for split in splits], dtype=np.uint32),
        np.array([split.cut for split in splits], dtype=np.float64),
        np.array([weights for _, (_, weights) in rounds], dtype=np.float32).ravel(),
        down,
        up,
    )


def _tables(splits: Sequence[_Split], t: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`down` and `up` of `Splits`, for splits with nodes t, shape (splits, NODES)."""
    t = t.reshape(-1, 1, NODES)
    before = np.array([split.share_before for split in splits]).reshape(-1, 1, 1)
    share = np.array([split.shares for split in splits]).reshape(-1, 2, 1)
    value = np.array([split.values for split in splits]).reshape(-1, 2, 1, 1)
    inside, inside_before = share * (1 - t) + t, before * (1 - t) + t
    off, on, on_before = -1 / (1 - t) + 0 * share, (1 - share) / inside, (1 - before) / inside_before
    down = np.stack([share / before + 0 * t, share * (1 - t) / inside_before, inside / inside_before], axis=2) * value
    up = np.stack([0 * off, off - on_before, on - on_before], axis=2)
    return down.astype(np.float32).ravel(), up.astype(np.float32).ravel()
