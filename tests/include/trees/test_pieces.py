"""Many rows in pieces and threads."""

import threading

import numpy as np
import pytest

from include.trees import pieces
from include.trees.pieces import PIECE, in_pieces


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows", [0, 1, PIECE, 3 * PIECE + 1])
def test_rows_come_back_in_their_order_whatever_does_the_work(
    monkeypatch, threads, rows
):
    monkeypatch.setattr(pieces, "THREADS", threads)
    matrix = np.arange(2.0 * rows).reshape(rows, 2)
    assert np.array_equal(
        in_pieces(lambda piece: piece * 2, matrix), matrix * 2
    )


def test_several_threads_work_at_the_same_time(monkeypatch):
    monkeypatch.setattr(pieces, "THREADS", 2)
    both = threading.Barrier(
        2, timeout=30
    )  # breaks unless two threads are inside at once

    def work(piece):
        both.wait()
        return piece

    assert len(in_pieces(work, np.zeros((2 * PIECE, 1)))) == 2 * PIECE


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(pieces, "THREADS", 2)
    with pytest.raises(ZeroDivisionError):
        in_pieces(lambda piece: 1 // 0, np.zeros((2 * PIECE, 1)))
