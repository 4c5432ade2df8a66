"""Score an uploaded CSV part by part, so that memory does not grow with it; two at once, within rows and seconds.

A body is on disk before it takes one of the two permits: a caller that sends slowly keeps nobody else waiting.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from tempfile import SpooledTemporaryFile
from typing import IO

from werkzeug.exceptions import TooManyRequests

from include.api.bodies.csv_body import CsvTable, no_lead
from include.api.errors import TooManyLeadsError, UploadTooSlowError
from include.api.score_request import score_rows
from include.scoring.leads.names import IgnoredNames
from include.scoring.outcomes import OutcomeScorer
from include.scoring.scored_csv import Rows
from include.scoring.scores import Scores

CHUNK = 2000
"""Leads that are a matrix at the same time."""
IN_MEMORY = 4 * 1024 * 1024
PIECE = 64 * 1024
AT_ONCE = threading.BoundedSemaphore(2)
"""Uploads would otherwise take every thread, and single leads would wait behind them."""
BUSY_SECONDS = 5


@dataclass(frozen=True)
class UploadLimits:
    """Say what one file may cost.

    Attributes:
        leads: that it may have.
        seconds: that scoring it may take.
    """

    leads: int
    seconds: float


@contextmanager
def permit() -> Iterator[None]:
    """Hold one of the permits for scoring an upload. Raises TooManyRequests while there is none."""
    if not AT_ONCE.acquire(blocking=False):
        raise TooManyRequests(
            "other uploads are being scored; try again in a few seconds",
            retry_after=BUSY_SECONDS,
        )
    try:
        yield
    finally:
        AT_ONCE.release()


def spool(body: IO[bytes]) -> IO[bytes]:
    """Return a body that has come as a whole, on disk where it is large."""
    spooled = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller reads it to its end
    while piece := body.read(PIECE):
        spooled.write(piece)
    spooled.seek(0)
    return spooled


def scored_chunks(
    table: CsvTable,
    scorer: OutcomeScorer,
    reasons: int,
    limits: UploadLimits,
    ignored: IgnoredNames,
) -> Iterator[tuple[Rows, Scores]]:
    """Yield the rows of an upload with their scores for every outcome, chunk by chunk.

    Raises:
        UnreadableBodyError: it is not CSV in UTF-8, or has no lead.
        LeadsRefusedError: names the refused values of the first chunk that has any.
        TooManyLeadsError: it has more leads than an upload may have.
        UploadTooSlowError: scoring it takes longer than an upload may take.
    """
    deadline = time.monotonic() + limits.seconds
    scored = 0
    for chunk in batched(table.rows(), CHUNK):
        if scored + len(chunk) > limits.leads:
            raise TooManyLeadsError(
                f"more than {limits.leads:,} leads, which is what one file may have; send it in parts"
            )
        if time.monotonic() > deadline:
            raise UploadTooSlowError(
                f"scoring took longer than the {limits.seconds:g} s that one file may take, and stopped after "
                f"{scored:,} leads; send it in parts, or with reasons=0"
            )
        leads = [dict(zip(table.header, row, strict=True)) for row in chunk]
        scores = score_rows(scorer, leads, reasons, ignored, scored + 1)
        yield chunk, scores.columns()
        scored += len(chunk)
    if not scored:
        raise no_lead()
