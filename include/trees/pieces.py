"""Work on many rows, piece by piece, in as many threads as the process may use."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECE = 2048
"""Rows that one thread takes at a time, so few that they fit a core's cache."""
THREADS = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
"""As OpenMP counts them, so that the variable that limits one limits the other."""


def in_pieces(
    work: Callable[[Any], NDArray[np.float64]], rows: Any
) -> NDArray[np.float64]:
    """Return what `work` makes of the rows of a matrix or frame, in their order; no rows are one piece.

    Threads help where `work` lets go of the interpreter's lock, as compiled code does.
    """
    starts = range(0, max(len(rows), 1), PIECE)
    pieces = [rows[start : start + PIECE] for start in starts]
    if len(pieces) == 1 or THREADS == 1:
        return np.concatenate([work(piece) for piece in pieces])
    with ThreadPoolExecutor(THREADS) as workers:
        return np.concatenate(list(workers.map(work, pieces)))
