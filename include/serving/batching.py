"""Scores requests that wait at the same time together: one lead costs almost as much time as twenty."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from include.serving.stages import StagedScorer

MOST_LEADS = 256
"""Leads scored together; a request of more is scored alone, so that it holds up nobody."""


@dataclass
class _Job:
    """A request's leads, and their scores or what went wrong once it is done."""

    scorer: StagedScorer
    leads: pd.DataFrame
    reasons: int
    scores: pd.DataFrame | None = None
    error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.scores is not None or self.error is not None


class Batcher:
    """Nobody waits for company: who finds the scorer free starts at once, with all that have queued up by then."""

    def __init__(self) -> None:
        self._waiting: deque[_Job] = deque()
        self._free = threading.Lock()

    def score(self, scorer: StagedScorer, leads: pd.DataFrame, reasons: int) -> pd.DataFrame:
        """What `scorer.score` gives for these leads, whoever asks at the same time and whatever they ask.

        Args:
            scorer: the champions that the request has taken; only requests with the same ones are put together.
            leads: with the contract's fields as columns.
            reasons: for each direction.
        """
        if len(leads) > MOST_LEADS:
            return scorer.score(leads, reasons)
        job = _Job(scorer, leads, reasons)
        self._waiting.append(job)
        with self._free:
            if not job.done:
                _work(self._take(job))
        if job.scores is None:
            raise job.error or RuntimeError("a request was not scored")
        return job.scores

    def _take(self, job: _Job) -> Sequence[_Job]:
        """This job and those waiting that can be scored with it, as many as make MOST_LEADS leads."""
        taken, left, room = [job], [], MOST_LEADS - len(job.leads)
        while self._waiting:
            other = self._waiting.popleft()
            if other is job:
                continue
            if other.scorer is job.scorer and other.reasons == job.reasons and len(other.leads) <= room:
                taken.append(other)
                room -= len(other.leads)
            else:
                left.append(other)
        self._waiting.extend(left)
        return taken


def _work(jobs: Sequence[_Job]) -> None:
    if len(jobs) > 1:
        try:
            _together(jobs)
        except Exception:  # noqa: BLE001 - one request's leads must not fail another's: each alone shows whose it was
            for job in jobs:
                _alone(job)
    else:
        _alone(jobs[0])


def _together(jobs: Sequence[_Job]) -> None:
    scores = jobs[0].scorer.score(pd.concat([job.leads for job in jobs], ignore_index=True), jobs[0].reasons)
    first = 0
    for job in jobs:
        last = first + len(job.leads)
        job.scores = scores.iloc[first:last].set_axis(job.leads.index)
        first = last


def _alone(job: _Job) -> None:
    try:
        job.scores = job.scorer.score(job.leads, job.reasons)
    except Exception as error:  # noqa: BLE001 - raised again in the thread of the request
        job.error = error
