"""The compiled loops of `tree_shap`: down every tree with the products of its paths, and up again with their sums.

The products of NODES quadrature nodes lie side by side, so that one vector instruction works on all of them. The loops
over them go over tuples and not over arrays: a tuple stays in registers, while the compiler has to assume that what it
stores into one array may be what it reads from another. The same loops over arrays take twice the time.
"""
# ruff: noqa: ANN001, ANN202 - numba reads the types off the arguments

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import float32, float64, int64, njit, types, uint32, void
from numba.core import config
from numba.cpython.unsafe.tuple import tuple_setitem

NODES = 8
"""Nodes of the quadrature that are worked on at once: as many floats as one vector instruction takes."""
LEADS = 64
"""Leads that go through a tree while its tables are in the processor's cache."""
INDEX = np.uint64
"""Type of places in arrays: for unsigned ones numba does not check whether they count from the end."""
ZEROS = (np.float32(0),) * NODES

Array = types.Array
SIGNATURE = void(
    Array(float64, 2, "C"),
    Array(int64, 1, "C"),
    *[Array(uint32, 1, "C")] * 4,
    Array(float64, 1, "C"),
    *[Array(float32, 1, "C")] * 3,
    Array(float64, 2, "C"),
)
_replace: Any = tuple_setitem
"""`_replace(tuple, place, value)` returns the tuple with another value at one place."""
compiled_into_caller: Any = njit(fastmath=True, error_model="numpy")


@compiled_into_caller
def _load(cells, row):  # type: ignore[no-untyped-def]
    """Return a row of NODES cells."""
    vector = ZEROS
    for node in range(NODES):
        vector = _replace(vector, node, cells[row * INDEX(NODES) + INDEX(node)])
    return vector


@compiled_into_caller
def _store(cells, row, vector):  # type: ignore[no-untyped-def]
    """Write a row of NODES cells."""
    for node in range(NODES):
        cells[row * INDEX(NODES) + INDEX(node)] = vector[node]


@compiled_into_caller
def _multiply(left, right):  # type: ignore[no-untyped-def]
    """Return the products, node by node."""
    vector = ZEROS
    for node in range(NODES):
        vector = _replace(vector, node, left[node] * right[node])
    return vector


@compiled_into_caller
def _add(left, right):  # type: ignore[no-untyped-def]
    """Return the sums, node by node."""
    vector = ZEROS
    for node in range(NODES):
        vector = _replace(vector, node, left[node] + right[node])
    return vector


@compiled_into_caller
def _total(vector):  # type: ignore[no-untyped-def]
    """Return the sum over all nodes."""
    total = np.float32(0)
    for node in range(NODES):
        total += vector[node]
    return total


@compiled_into_caller
def _go_down(  # type: ignore[no-untyped-def]
    cells,
    lead,
    first,
    splits,
    columns,
    parents,
    earlier,
    cuts,
    down,
    branches,
    is_on,
):
    """Fill `branches` with the products on the way to each branch, and `is_on` with 1 for branches the lead is on."""
    for number in range(splits):
        split = first + number
        left_branch = INDEX(2) * number + INDEX(1)
        right_branch = left_branch + INDEX(1)
        # 1 if the lead is on the path's side of all splits on this column further up.
        on_path = INDEX(is_on[INDEX(earlier[split])])
        goes_left = on_path & INDEX(
            cells[lead, INDEX(columns[split])] <= cuts[split]
        )
        goes_right = on_path - goes_left
        is_on[left_branch] = goes_left
        is_on[right_branch] = goes_right
        product = _load(branches, INDEX(parents[split]))
        left_table = _load(down, split * INDEX(6) + on_path + goes_left)
        right_table = _load(
            down, split * INDEX(6) + INDEX(3) + on_path + goes_right
        )
        to_left = _multiply(product, left_table)
        to_right = _multiply(product, right_table)
        _store(branches, left_branch, to_left)
        _store(branches, right_branch, to_right)


@compiled_into_caller
def _go_up(lead, first, splits, fields, parents, up, branches, is_on, values):  # type: ignore[no-untyped-def]
    """Replace the products in `branches` by the sums of the leaves below, and add each split's part to `values`."""
    for back in range(splits):
        number = splits - INDEX(1) - INDEX(back)
        split = first + number
        left_branch = INDEX(2) * number + INDEX(1)
        right_branch = left_branch + INDEX(1)
        goes_left = INDEX(is_on[left_branch])
        goes_right = INDEX(is_on[right_branch])
        on_path = goes_left + goes_right
        left_sum = _load(branches, left_branch)
        right_sum = _load(branches, right_branch)
        _store(branches, INDEX(parents[split]), _add(left_sum, right_sum))
        left_table = _load(up, split * INDEX(6) + on_path + goes_left)
        right_table = _load(
            up, split * INDEX(6) + INDEX(3) + on_path + goes_right
        )
        parts = _add(
            _multiply(left_sum, left_table), _multiply(right_sum, right_table)
        )
        values[lead, INDEX(fields[split])] += _total(parts)


def _run(  # type: ignore[no-untyped-def]
    cells,
    starts,
    columns,
    fields,
    parents,
    earlier,
    cuts,
    weights,
    down,
    up,
    values,
):
    """Add the values of leads to `values`, shape (leads, fields); the other arguments are as in `tree_shap.Splits`."""
    trees = len(starts) - 1
    most_splits = 1
    for tree in range(trees):
        most_splits = max(most_splits, starts[tree + 1] - starts[tree])
    branches = np.empty((2 * most_splits + 1) * NODES, np.float32)
    is_on = np.empty(2 * most_splits + 1, np.uint32)
    is_on[0] = 1
    for start in range(0, len(cells), LEADS):
        stop = min(start + LEADS, len(cells))
        for tree in range(trees):
            first = INDEX(starts[tree])
            splits = INDEX(starts[tree + 1] - starts[tree])
            for place in range(start, stop):
                lead = INDEX(place)
                _store(branches, INDEX(0), _load(weights, INDEX(tree)))
                _go_down(
                    cells,
                    lead,
                    first,
                    splits,
                    columns,
                    parents,
                    earlier,
                    cuts,
                    down,
                    branches,
                    is_on,
                )
                _go_up(
                    lead,
                    first,
                    splits,
                    fields,
                    parents,
                    up,
                    branches,
                    is_on,
                    values,
                )


@lru_cache(maxsize=1)
def compiled() -> Callable[..., None]:
    """Return `_run` as machine code that runs without the interpreter's lock.

    Compiling takes some seconds, once a machine: the code is kept beside this file, or in the user's cache where that
    cannot be written to.
    """
    # numba has turned off the joining of neighbouring operations into one vector instruction since LLVM 14 compiled it
    # wrongly (numba/numba#8705). It halves the time, and the tests compare every value with shap's.
    numba_config: Any = config  # its attributes are made when it is imported, so that mypy does not see them
    setting = numba_config.SLP_VECTORIZE
    numba_config.SLP_VECTORIZE = 1
    try:
        return _compile(cache=True)
    except RuntimeError:  # there is no place that can be written to
        return _compile(cache=False)
    finally:
        numba_config.SLP_VECTORIZE = setting


def _compile(cache: bool) -> Callable[..., None]:
    decorate = njit(
        SIGNATURE, cache=cache, nogil=True, fastmath=True, error_model="numpy"
    )
    run: Callable[..., None] = decorate(_run)
    return run
