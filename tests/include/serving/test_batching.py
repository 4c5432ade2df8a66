"""Requests that are scored together."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from include.serving.batching import MOST_LEADS, Batcher


class Doubling:
    """Scores a lead by doubling it, after it has been let go; remembers how many leads it was given at once."""

    def __init__(self, go=None):
        self.go, self.sizes, self.started = go, [], threading.Event()

    def score(self, leads, reasons):
        self.started.set()
        if self.go:
            assert self.go.wait(30)
        self.sizes.append(len(leads))
        if (leads["lead"] < 0).any():
            raise ValueError("no such lead")
        return pd.DataFrame({"score": leads["lead"] * 2, "reasons": reasons})


def leads(*values):
    return pd.DataFrame({"lead": values}, index=[f"row {value}" for value in values])


@pytest.fixture
def crowd():
    """Asks for the first lead, and for all others while that one is being scored; returns the futures of all."""
    pool = ThreadPoolExecutor(32)

    def ask(batcher, scorer, frames, reasons=3):
        first = pool.submit(batcher.score, scorer, frames[0], reasons)
        assert scorer.started.wait(30)
        others = [pool.submit(batcher.score, scorer, frame, reasons) for frame in frames[1:]]
        while len(batcher._waiting) < len(others):
            assert threading.Event().wait(0.001) is False
        scorer.go.set()
        return [first, *others]

    yield ask
    pool.shutdown()


def test_a_request_alone_is_scored_alone():
    scorer = Doubling()
    assert Batcher().score(scorer, leads(1, 2), 3)["score"].tolist() == [2, 4]
    assert scorer.sizes == [2]


def test_those_who_wait_are_scored_together_and_get_their_own_scores_under_their_own_index(crowd):
    scorer, frames = Doubling(threading.Event()), [leads(number, number + 100) for number in range(20)]
    for frame, future in zip(frames, crowd(Batcher(), scorer, frames), strict=True):
        scores = future.result(30)
        assert scores["score"].tolist() == (frame["lead"] * 2).tolist()
        assert list(scores.index) == list(frame.index)
    assert scorer.sizes == [2, 38]


def test_an_error_meets_only_the_request_that_made_it(crowd):
    scorer = Doubling(threading.Event())
    first, good, bad, also_good = crowd(Batcher(), scorer, [leads(0), leads(1), leads(-1), leads(2)])
    assert [future.result(30)["score"].item() for future in (first, good, also_good)] == [0, 2, 4]
    with pytest.raises(ValueError, match="no such lead"):
        bad.result(30)


def test_champions_and_numbers_of_reasons_are_not_mixed(crowd):
    batcher, old, new = Batcher(), Doubling(threading.Event()), Doubling()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(batcher.score, old, leads(1), 3)
        assert old.started.wait(30)
        others = [pool.submit(batcher.score, old, leads(2), 3), pool.submit(batcher.score, old, leads(3), 0)]
        others.append(pool.submit(batcher.score, new, leads(4), 3))
        while len(batcher._waiting) < 3:
            assert threading.Event().wait(0.001) is False
        old.go.set()
        assert [future.result(30)["reasons"].item() for future in (first, *others)] == [3, 3, 0, 3]
    assert (sorted(old.sizes), new.sizes) == ([1, 1, 1], [1])


def test_a_batch_has_a_limit_and_a_large_request_does_not_queue(crowd):
    scorer = Doubling(threading.Event())
    frames = [leads(0), *(leads(*range(MOST_LEADS // 2)) for _ in range(4))]
    assert [len(future.result(30)) for future in crowd(Batcher(), scorer, frames)] == [1, *[MOST_LEADS // 2] * 4]
    assert max(scorer.sizes) == MOST_LEADS
    large = Batcher()
    assert len(large.score(Doubling(), leads(*range(MOST_LEADS + 1)), 3)) == MOST_LEADS + 1
    assert not large._waiting
