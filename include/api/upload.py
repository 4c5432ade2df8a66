"""POST /predict/batch: a CSV in, the same CSV with scores out, in chunks, so that memory does not grow with the file.

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
from include.api.score_request import name_versions, score_rows, scorer, wanted_reasons
from include.scoring.scored_csv import Rows, write_scored
from include.scoring.scores import Scores
from include.scoring.stages import StagedScorer
from include.settings import settings

MAX_UPLOAD_BYTES = 64 * 1024 * 1024
CHUNK = 2000
"""Leads that are a matrix at the same time."""
IN_MEMORY = 4 * 1024 * 1024
AT_ONCE = threading.BoundedSemaphore(2)
"""Uploads would otherwise take every thread, and single leads would wait behind them."""
BUSY_SECONDS = 5


def predict_batch() -> Response:
    """Scores an uploaded CSV, the raw body or a multipart form's only file."""
    served, reasons = scorer(), wanted_reasons()
    request.max_content_length = MAX_UPLOAD_BYTES
    if not AT_ONCE.acquire(blocking=False):
        raise TooManyRequests("other uploads are being scored", retry_after=BUSY_SECONDS)
    try:
        scored = score_csv(_uploaded(), served, reasons)
    finally:
        AT_ONCE.release()
    size = scored.seek(0, io.SEEK_END)
    scored.seek(0)
    response = send_file(scored, mimetype="text/csv", as_attachment=True, download_name="scored.csv")
    response.content_length = size
    return name_versions(response, served)


def _uploaded() -> IO[bytes]:
    if request.mimetype == "text/csv":
        return io.BufferedReader(request.stream)  # type: ignore[type-var] # werkzeug's is a raw stream
    if request.mimetype == "multipart/form-data":
        files = list(request.files.values())
        if len(files) != 1:
            raise UnreadableBodyError(f"the form has {len(files)} files; send one CSV, called file")
        return files[0].stream
    abort(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send text/csv or multipart/form-data, not {request.mimetype or 'nothing'}"
    )


def score_csv(uploaded: IO[bytes], served: StagedScorer, reasons: int) -> IO[bytes]:
    """A file with the uploaded rows and their scores.

    Raises:
        UnreadableBodyError: it is not CSV in UTF-8, or has no lead.
        BodyTooLargeError: it has more columns than a lead may have.
        LeadsRefusedError: names the refused values of the first chunk that has any.
    """
    rows = csv_rows(io.TextIOWrapper(uploaded, encoding="utf-8-sig", newline=""))
    header = next(rows)
    check_columns(len(header), settings().api.max_columns)
    scored = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    text = io.TextIOWrapper(scored, encoding="utf-8", newline="")
    write_scored(text, header, _scored_chunks(rows, header, served, reasons), served.contract, reasons)
    text.detach()
    return scored


def _scored_chunks(
    rows: Iterator[list[str]], header: list[str], served: StagedScorer, reasons: int
) -> Iterator[tuple[Rows, Scores]]:
    first = 1
    for chunk in batched(rows, CHUNK):
        leads = [dict(zip(header, row, strict=True)) for row in chunk]
        yield chunk, score_rows(served, leads, reasons, first)
        first += len(chunk)
    if first == 1:
        raise UnreadableBodyError("the CSV has no lead; expected a header line and a line per lead")
