"""The compiled loop of `tree_shap`: down every tree with the products of its paths, and up again with their sums."""
# ruff: noqa: ANN001, ANN202 - numba reads the types off the arguments

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import float32, float64, int64, njit, types, uint32, void
from numba.core import config

NODES = 8
"""Of the quadrature that are worked on at once: one vector instruction's worth of single precision."""
INDEX = np.uint64
"""Of places in arrays: numba spends no time on places that count from the end."""

Array = types.Array
SIGNATURE = void(
    Array(float64, 2, "C"),
    Array(int64, 1, "C"),
    *[Array(uint32, 1, "C")] * 4,
    Array(float64, 1, "C"),
    *[Array(float32, 1, "C")] * 3,
    Array(float64, 2, "C"),
)
inlined: Any = njit(fastmath=True, error_model="numpy")


@inlined
def _load(cells, at):  # type: ignore[no-untyped-def]
    # All is loaded before anything is stored, and written out: so the compiler sees that it may take NODES at once.
    return (
        cells[at], cells[at + INDEX(1)], cells[at + INDEX(2)], cells[at + INDEX(3)],
        cells[at + INDEX(4)], cells[at + INDEX(5)], cells[at + INDEX(6)], cells[at + INDEX(7)],
    )  # fmt: skip


@inlined
def _store(cells, at, new):  # type: ignore[no-untyped-def]
    cells[at], cells[at + INDEX(1)], cells[at + INDEX(2)], cells[at + INDEX(3)] = new[0], new[1], new[2], new[3]
    cells[at + INDEX(4)], cells[at + INDEX(5)], cells[at + INDEX(6)], cells[at + INDEX(7)] = (
        new[4], new[5], new[6], new[7]
    )  # fmt: skip


@inlined
def _times(a, b):  # type: ignore[no-untyped-def]
    return (a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3], a[4] * b[4], a[5] * b[5], a[6] * b[6], a[7] * b[7])


@inlined
def _plus(a, b):  # type: ignore[no-untyped-def]
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5], a[6] + b[6], a[7] + b[7])


@inlined
def _sum(a):  # type: ignore[no-untyped-def]
    return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7]


def _run(cells, starts, columns, fields, parents, earlier, cuts, weights, down, up, found):  # type: ignore[no-untyped-def]
    """Adds to `found`, shape (leads, fields), the values of leads; the other arguments are as in `tree_shap.Splits`."""
    most = 1
    for tree in range(len(starts) - 1):
        most = max(most, starts[tree + 1] - starts[tree])
    # Of a tree's branches: products on the way down, sums of the leaves below on the way up.
    branches = np.empty((2 * most + 1) * NODES, np.float32)
    taken = np.empty(2 * most + 1, np.uint32)
    taken[0] = 1
    one, two, three, six, nodes = INDEX(1), INDEX(2), INDEX(3), INDEX(6), INDEX(NODES)
    for start in range(0, len(cells), 64):  # a tree's tables stay in the cache for so many leads
        for tree in range(len(starts) - 1):
            first, splits = INDEX(starts[tree]), INDEX(starts[tree + 1] - starts[tree])
            for place in range(start, min(start + 64, len(cells))):
                lead = INDEX(place)
                _store(branches, INDEX(0), _load(weights, INDEX(tree) * nodes))
                for number in range(splits):
                    split, left = first + number, two * number + one
                    open_before = INDEX(taken[INDEX(earlier[split])])
                    goes_left = open_before & INDEX(cells[lead, INDEX(columns[split])] <= cuts[split])
                    goes_right = open_before - goes_left
                    taken[left], taken[left + one] = goes_left, goes_right
                    product = _load(branches, INDEX(parents[split]) * nodes)
                    to_left = _load(down, (split * six + open_before + goes_left) * nodes)
                    to_right = _load(down, (split * six + three + open_before + goes_right) * nodes)
                    a, b = _times(product, to_left), _times(product, to_right)
                    _store(branches, left * nodes, a)
                    _store(branches, (left + one) * nodes, b)
                for back in range(splits):
                    last = splits - one - INDEX(back)
                    split, left = first + last, two * last + one
                    goes_left, goes_right = INDEX(taken[left]), INDEX(taken[left + one])
                    open_before = goes_left + goes_right
                    a, b = _load(branches, left * nodes), _load(branches, (left + one) * nodes)
                    _store(branches, INDEX(parents[split]) * nodes, _plus(a, b))
                    from_left = _load(up, (split * six + open_before + goes_left) * nodes)
                    from_right = _load(up, (split * six + three + open_before + goes_right) * nodes)
                    found[lead, INDEX(fields[split])] += _sum(_plus(_times(a, from_left), _times(b, from_right)))


@lru_cache(maxsize=1)
def compiled() -> Callable[..., None]:
    """`_run` as machine code without the interpreter's lock; takes seconds unless a process before has kept it.

    It is kept beside this file, or in the user's cache where that cannot be written to.
    """
    # Taking NODES at once is off in numba since LLVM 14 compiled it wrongly (numba/numba#8705). It halves the time,
    # and the tests compare every value with shap's.
    numba_config: Any = config  # which makes its attributes when it is imported
    before, numba_config.SLP_VECTORIZE = numba_config.SLP_VECTORIZE, 1
    try:
        return _kept(cache=True)
    except RuntimeError:  # there is no place that can be written to
        return _kept(cache=False)
    finally:
        numba_config.SLP_VECTORIZE = before


def _kept(cache: bool) -> Callable[..., None]:
    run: Callable[..., None] = njit(SIGNATURE, cache=cache, nogil=True, fastmath=True, error_model="numpy")(_run)
    return run
