"""The compiled loop of `tree_shap`: over blocks of leads, the leaves of all trees and the conditions of each leaf."""
# ruff: noqa: ANN001, ANN202 - numba reads the types off the arguments

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit

UNROLLED = 4
"""Nodes that are taken at once, which spares three of four loads."""

compiled: Callable[..., Any] = njit(nogil=True, fastmath=True, error_model="numpy")
"""Without the interpreter's lock, so that threads share the work; dividing by zero gives infinity, as in numpy."""


@lru_cache
def kernel(width: int) -> Callable[..., None]:  # noqa: C901 - one loop: views and calls for its parts take twice as long
    """The loop for blocks of `width` leads; a constant width lets the compiler use vector instructions.

    Called with cells, shape (blocks, columns, width), with the leaves and their conditions as in `TreeShap`, with nodes
    and weights of the quadrature, and with found, shape (blocks, fields, width), to which the values are added.
    """

    @compiled
    def run(cells, starts, values, columns, fields_of, above, upto, shares, nodes, weights, found):  # type: ignore[no-untyped-def] # noqa: C901
        most = nodes.shape[1]
        product, inside = np.empty((most, width)), np.empty((2 * most, width))
        outside, within = np.empty(width), np.empty(width)
        for block in range(cells.shape[0]):
            for leaf in range(values.shape[0]):
                first, last, value = starts[leaf], starts[leaf + 1], values[leaf]
                rule = max(1, (last - first + 1) // 2)
                count = -(-rule // 4) * 4
                for k in range(count):
                    for lead in range(width):
                        product[k, lead] = weights[rule, k]
                for at in range(first, last):
                    column, low, high, share = columns[at], above[at], upto[at], shares[at]
                    for lead in range(width):
                        cell = cells[block, column, lead]
                        inside[at - first, lead] = 1.0 if (cell > low) & (cell <= high) else 0.0
                    for k in range(0, count, 4):
                        t0, t1, t2, t3 = nodes[rule, k], nodes[rule, k + 1], nodes[rule, k + 2], nodes[rule, k + 3]
                        z0, z1, z2, z3 = share * (1 - t0), share * (1 - t1), share * (1 - t2), share * (1 - t3)
                        for lead in range(width):
                            kept = inside[at - first, lead]
                            product[k, lead] *= z0 + t0 * kept
                            product[k + 1, lead] *= z1 + t1 * kept
                            product[k + 2, lead] *= z2 + t2 * kept
                            product[k + 3, lead] *= z3 + t3 * kept
                for lead in range(width):
                    outside[lead] = 0.0
                for k in range(count):
                    factor = 1 / (1 - nodes[rule, k])
                    for lead in range(width):
                        outside[lead] += product[k, lead] * factor
                for at in range(first, last):
                    field, share = fields_of[at], shares[at]
                    for lead in range(width):
                        within[lead] = 0.0
                    for k in range(0, count, 4):
                        t0, t1, t2, t3 = nodes[rule, k], nodes[rule, k + 1], nodes[rule, k + 2], nodes[rule, k + 3]
                        f0, f1 = (1 - share) / (share * (1 - t0) + t0), (1 - share) / (share * (1 - t1) + t1)
                        f2, f3 = (1 - share) / (share * (1 - t2) + t2), (1 - share) / (share * (1 - t3) + t3)
                        for lead in range(width):
                            half = product[k, lead] * f0 + product[k + 1, lead] * f1
                            within[lead] += half + product[k + 2, lead] * f2 + product[k + 3, lead] * f3
                    for lead in range(width):
                        kept = inside[at - first, lead]
                        found[block, field, lead] += value * (kept * (within[lead] + outside[lead]) - outside[lead])

    loop: Callable[..., None] = run
    return loop
