"""Answer POST /predict/batch: a CSV in, the same CSV with scores out.

The scored file is complete before its first byte is sent: a bad row is a 422 that names it, never half a file. Rows of
nothing but blank cells are left out of it.
"""

import io
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import Response, abort, request, send_file

from include.api.bodies.csv_body import CsvTable, open_csv
from include.api.errors import UnreadableBodyError
from include.api.score_reply import name_ignored
from include.api.score_request import (
    current_scorer,
    name_versions,
    reasons_per_direction,
)
from include.api.state import app_state
from include.api.uploads import (
    IN_MEMORY,
    UploadLimits,
    permit,
    scored_chunks,
    spool,
)
from include.scoring.leads.names import IgnoredNames, quoted
from include.scoring.outcomes import OutcomeScorer
from include.scoring.scored_csv import write_scored
from include.settings import ApiSettings

MAX_UPLOAD_BYTES = 64 * 1024 * 1024


def predict_batch() -> Response:
    """Score an uploaded CSV, the raw body or a multipart form's only file."""
    scorer = current_scorer()
    reasons = reasons_per_direction()
    request.max_content_length = MAX_UPLOAD_BYTES
    limits = app_state().settings.api
    ignored = IgnoredNames()
    with _uploaded_file() as uploaded, permit():
        scored, blank_rows = score_csv(
            uploaded, scorer, reasons, limits, ignored
        )
    size = scored.seek(0, io.SEEK_END)
    scored.seek(0)
    response = send_file(
        scored,
        mimetype="text/csv",
        as_attachment=True,
        download_name="scored.csv",
    )
    response.content_length = size
    name_ignored(response, ignored, blank_rows)
    return name_versions(response, scorer)


def _uploaded_file() -> IO[bytes]:
    """Return the CSV of the request, which has come as a whole.

    Aborts with 415 for another content type; raises UnreadableBodyError.
    """
    if request.mimetype == "text/csv":
        return spool(request.stream)
    if request.mimetype == "multipart/form-data":
        return _form_file()
    sent = request.mimetype or "nothing"
    abort(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"send text/csv or multipart/form-data, not {sent}",
    )


def _form_file() -> IO[bytes]:
    """Return the only file of a form that has nothing else."""
    files = list(request.files.values())
    if len(files) != 1:
        raise UnreadableBodyError(
            f"the form has {len(files)} files; send one CSV, called file"
        )
    if request.form:
        fields = ", ".join(quoted(name) for name in list(request.form)[:5])
        raise UnreadableBodyError(
            f"the form has fields beside its file: {fields}; how many reasons are given is said in the address, as "
            "/predict/batch?reasons=0"
        )
    return files[0].stream


def score_csv(
    uploaded: IO[bytes],
    scorer: OutcomeScorer,
    reasons: int,
    limits: ApiSettings,
    ignored: IgnoredNames,
) -> tuple[IO[bytes], int]:
    """Return a file with the uploaded rows and their scores, and the number of blank rows that it leaves out.

    Raises:
        UnreadableBodyError: it is not CSV in UTF-8, or has no lead.
        HeaderRefusedError: its first line is no header of this contract.
        BodyTooLargeError: it has more columns than a lead may have.
        LeadsRefusedError: names the refused values of the first chunk that has any.
        TooManyLeadsError: it has more leads than an upload may have.
        UploadTooSlowError: scoring it takes longer than an upload may take.
    """
    uploaded_text = open_csv(uploaded, scorer.main.reader.names)
    table = CsvTable(
        uploaded_text, scorer.main.reader.names, limits.max_columns
    )
    scored = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    text = io.TextIOWrapper(scored, encoding="utf-8", newline="")
    allowed = UploadLimits(limits.max_upload_leads, limits.upload_seconds)
    chunks = scored_chunks(table, scorer, reasons, allowed, ignored)
    write_scored(scorer.main.contract, text, table.header, chunks, reasons)
    text.detach()
    return scored, table.blank_rows
