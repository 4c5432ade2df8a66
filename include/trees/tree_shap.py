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
        """Return the trees of a shap TreeEnsemble; `fields` holds the number of the field of every matrix column."""
        trees = [
            _Tree(ensemble, number)
            for number in range(len(ensemble.children_left))
        ]
        offset = float(np.ravel(ensemble.base_offset)[-1])
        base = offset + sum(tree.mean for tree in trees)
        # A rule of NODES nodes is exact for 2 NODES columns. A tree with longer paths has a rule of several times as
        # many and goes through once for each NODES of them: its values are their sum.
        rounds: list[_Round] = []
        for tree in trees:
            if tree.splits:
                rounds.extend(_rounds(tree))
        return cls(
            base_value=base,
            dtype=ensemble.input_dtype,
            fields=max(fields) + 1,
            splits=_splits(rounds, np.asarray(fields)),
            run=compiled(),
        )

    def of_leads(self, matrix: Floats) -> Floats:
        """Return what each field adds to the score of each lead, shape (leads, fields).

        Args:
            matrix: finite, shape (leads, columns).
        """
        as_compared = matrix.astype(self.dtype, copy=False)
        return in_pieces(
            self._piece, np.ascontiguousarray(as_compared, dtype=np.float64)
        )

    def _piece(self, matrix: Floats) -> Floats:
        values = np.zeros((len(matrix), self.fields))
        self.run(matrix, *self.splits, values)
        return values


class _Split(NamedTuple):
    """One split: where it stands, what it compares, and for its left and its right branch share and value.

    Attributes:
        parent: branch that is split.
        earlier: branch of the nearest split further up on the same column; 0 for none.
        column: of the matrix.
        cut: greatest cell that goes left.
        share_before: share of the training leads that the splits on this column further up keep.
        shares: the same with this split.
        values: value of a branch that ends in a leaf, else 1.
    """

    parent: int
    earlier: int
    column: int
    cut: float
    share_before: float
    shares: tuple[float, float]
    values: tuple[float, float]


class _OpenNode(NamedTuple):
    """A node whose split has not been read yet.

    Attributes:
        node: number in the ensemble's tables.
        branch: that leads to it.
        path: column to the last branch on it, and the share of the training leads that its splits keep.
    """

    node: int
    branch: int
    path: dict[int, tuple[int, float]]


class _Tree:
    """Reads one tree of an ensemble: its splits in the order of `Splits`, and the mean of its leaves."""

    def __init__(self, ensemble: Any, number: int) -> None:
        self._left = ensemble.children_left[number]
        self._right = ensemble.children_right[number]
        self._columns = ensemble.features[number]
        self._cuts = ensemble.thresholds[number]
        self._values = ensemble.values[number]
        self._weights = ensemble.node_sample_weight[number]
        self.mean = self._mean()
        self.splits: list[_Split] = []
        self.columns_on_a_path = 0
        open_nodes: list[_OpenNode] = []
        if not self._is_leaf(0):
            open_nodes.append(_OpenNode(0, 0, {}))
        while open_nodes:
            open_nodes.extend(self._read_split(open_nodes.pop()))

    def _mean(self) -> float:
        """Return the mean of the leaves over the training leads."""
        mean = 0.0
        for leaf in np.flatnonzero(self._left < 0):
            share = self._weights[leaf] / self._weights[0]
            mean += self._value(int(leaf)) * share
        return mean

    def _is_leaf(self, node: int) -> bool:
        return bool(self._left[node] < 0)

    def _value(self, node: int) -> float:
        return float(np.ravel(self._values[node])[-1])

    def _read_split(self, place: _OpenNode) -> list[_OpenNode]:
        """Add the split of a node, and return those of its children that are split too."""
        node = place.node
        column = int(self._columns[node])
        earlier, share_before = place.path.get(column, (0, 1.0))
        left_branch = 2 * len(self.splits) + 1
        children = (int(self._left[node]), int(self._right[node]))
        branches = (left_branch, left_branch + 1)
        shares: list[float] = []
        values: list[float] = []
        open_children: list[_OpenNode] = []
        for child, branch in zip(children, branches, strict=True):
            share = share_before * float(
                self._weights[child] / self._weights[node]
            )
            shares.append(share)
            path = place.path | {column: (branch, share)}
            self.columns_on_a_path = max(self.columns_on_a_path, len(path))
            if self._is_leaf(child):
                values.append(self._value(child))
            else:
                values.append(1.0)
                open_children.append(_OpenNode(child, branch, path))
        split = _Split(
            parent=place.branch,
            earlier=earlier,
            column=column,
            cut=float(self._cuts[node]),
            share_before=share_before,
            shares=(shares[0], shares[1]),
            values=(values[0], values[1]),
        )
        self.splits.append(split)
        return open_children


class _Round(NamedTuple):
    """A tree with NODES nodes of its quadrature and their weights."""

    tree: _Tree
    nodes: Floats
    weights: Floats


def _rounds(tree: _Tree) -> list[_Round]:
    """Return the rounds of a tree: its nodes and weights on [0, 1] are exact for all columns on its longest path."""
    count = -(-tree.columns_on_a_path // (2 * NODES))  # rounded up
    nodes, weights = np.polynomial.legendre.leggauss(NODES * count)
    nodes = (nodes + 1) / 2  # the rule is for [-1, 1]
    weights = weights / 2
    parts = zip(np.split(nodes, count), np.split(weights, count), strict=True)
    return [
        _Round(tree, some_nodes, their_weights)
        for some_nodes, their_weights in parts
    ]


def _splits(rounds: Sequence[_Round], fields: NDArray[np.intp]) -> Splits:
    """Return the tables of all rounds, one behind the other."""
    splits: list[_Split] = []
    counts: list[int] = []
    for part in rounds:
        splits.extend(part.tree.splits)
        counts.append(len(part.tree.splits))
    columns = np.array([split.column for split in splits], dtype=np.uint32)
    nodes = np.array([part.nodes for part in rounds])
    weights = np.array([part.weights for part in rounds], dtype=np.float32)
    down, up = _tables(splits, np.repeat(nodes, counts, axis=0))
    return Splits(
        starts=np.cumsum([0, *counts], dtype=np.int64),
        columns=columns,
        fields=fields[columns].astype(np.uint32),
        parents=np.array([split.parent for split in splits], dtype=np.uint32),
        earlier=np.array([split.earlier for split in splits], dtype=np.uint32),
        cuts=np.array([split.cut for split in splits], dtype=np.float64),
        weights=weights.ravel(),
        down=down,
        up=up,
    )


def _tables(
    splits: Sequence[_Split], t: Floats
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return `down` and `up` of `Splits`, for splits with nodes t, shape (splits, NODES).

    `inside` is a column's factor z (1 - t) + t where the lead is on its side, for the branch and before the split.
    Where the lead is not, the factor is z (1 - t), and (o - z) / factor is -1 / (1 - t), whatever z is.
    """
    t = t.reshape(-1, 1, NODES)
    share_before = np.array([split.share_before for split in splits]).reshape(
        -1, 1, 1
    )
    share = np.array([split.shares for split in splits]).reshape(-1, 2, 1)
    value = np.array([split.values for split in splits]).reshape(-1, 2, 1, 1)
    inside_before = share_before * (1 - t) + t
    inside = share * (1 - t) + t
    same_shape = np.zeros_like(inside)

    was_off = share / share_before + same_shape
    goes_off = share * (1 - t) / inside_before
    stays_on = inside / inside_before
    down = np.stack([was_off, goes_off, stays_on], axis=2) * value

    off = -1 / (1 - t) + same_shape
    on_before = (1 - share_before) / inside_before
    on = (1 - share) / inside
    up = np.stack([same_shape, off - on_before, on - on_before], axis=2)
    return down.astype(np.float32).ravel(), up.astype(np.float32).ravel()
