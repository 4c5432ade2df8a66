"""Answer POST /predict/batch: a CSV in, the same CSV with scores out, in chunks, so that memory does not grow with it.

The scored file is complete before its first byte is sent: a bad row is a 422 that names it, never half a file.
"""

import io
import threading
from collections.abc import Iterator
from http import HTTPStatus
from itertools import batched
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import Response, abort, request, send_file
from werkzeug.exceptions import TooManyRequests

from include.api.bodies import check_columns, csv_rows
from include.api.errors import UnreadableBodyError
from include.api.score_request import (
    current_scorer,
    name_versions,
    reasons_per_direction,
    score_rows,
)
from include.api.state import app_state
from include.scoring.scored_csv import Rows, write_scored
from include.scoring.scores import Scores
from include.scoring.stages import StagedScorer

MAX_UPLOAD_BYTES = 64 * 1024 * 1024
CHUNK = 2000
"""Leads that are a matrix at the same time."""
IN_MEMORY = 4 * 1024 * 1024
AT_ONCE = threading.BoundedSemaphore(2)
"""Uploads would otherwise take every thread, and single leads would wait behind them."""
BUSY_SECONDS = 5


def predict_batch() -> Response:
    """Score an uploaded CSV, the raw body or a multipart form's only file."""
    scorer = current_scorer()
    reasons = reasons_per_direction()
    request.max_content_length = MAX_UPLOAD_BYTES
    if not AT_ONCE.acquire(blocking=False):
        raise TooManyRequests(
            "other uploads are being scored", retry_after=BUSY_SECONDS
        )
    try:
        scored = score_csv(
            _uploaded_file(),
            scorer,
            reasons,
            app_state().settings.api.max_columns,
        )
    finally:
        AT_ONCE.release()
    size = scored.seek(0, io.SEEK_END)
    scored.seek(0)
    response = send_file(
        scored,
        mimetype="text/csv",
        as_attachment=True,
        download_name="scored.csv",
    )
    response.content_length = size
    return name_versions(response, scorer)


def _uploaded_file() -> IO[bytes]:
    """Return the CSV of the request. Aborts with 415 for another content type; raises UnreadableBodyError."""
    if request.mimetype == "text/csv":
        return io.BufferedReader(request.stream)  # type: ignore[type-var] # werkzeug's is a raw stream
    if request.mimetype == "multipart/form-data":
        files = list(request.files.values())
        if len(files) != 1:
            raise UnreadableBodyError(
                f"the form has {len(files)} files; send one CSV, called file"
            )
        return files[0].stream
    sent = request.mimetype or "nothing"
    abort(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"send text/csv or multipart/form-data, not {sent}",
    )


def score_csv(
    uploaded: IO[bytes], scorer: StagedScorer, reasons: int, max_columns: int
) -> IO[bytes]:
    """Return a file with the uploaded rows and their scores.

    Raises:
        UnreadableBodyError: it is not CSV in UTF-8, or has no lead.
        BodyTooLargeError: it has more columns than a lead may have.
        LeadsRefusedError: names the refused values of the first chunk that has any.
    """
    uploaded_text = io.TextIOWrapper(uploaded, encoding="utf-8-sig", newline="")
    rows = csv_rows(uploaded_text)
    header = next(rows)
    check_columns(len(header), max_columns)
    scored = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    text = io.TextIOWrapper(scored, encoding="utf-8", newline="")
    chunks = _scored_chunks(rows, header, scorer, reasons)
    write_scored(scorer.contract, text, header, chunks, reasons)
    text.detach()
    return scored


def _scored_chunks(
    rows: Iterator[list[str]],
    header: list[str],
    scorer: StagedScorer,
    reasons: int,
) -> Iterator[tuple[Rows, Scores]]:
    first = 1
    for chunk in batched(rows, CHUNK):
        leads = [dict(zip(header, row, strict=True)) for row in chunk]
        yield chunk, score_rows(scorer, leads, reasons, first)
        first += len(chunk)
    if first == 1:
        raise UnreadableBodyError(
            "the CSV has no lead; expected a header line and a line per lead"
        )
