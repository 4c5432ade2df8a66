"""What goes wrong as JSON: every refusal has a reason and the request's id, and none repeats what a caller has sent."""

import logging
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from include.api.errors import BodyTooLargeError, UnreadableBodyError
from include.api.logs import current_request_id
from include.lake.errors import ObjectMissingError
from include.scoring.errors import LeadsRefusedError

log = logging.getLogger(__name__)

STORE_ERRORS = (BotoCoreError, ClientError, ObjectMissingError)
Answer = tuple[Response, int]


def explain_errors(app: Flask) -> None:
    """Registers the handlers."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(UnreadableBodyError, _unreadable)
    app.register_error_handler(BodyTooLargeError, _too_much)
    app.register_error_handler(LeadsRefusedError, _refused)
    app.register_error_handler(Exception, _unexpected)
    for error in STORE_ERRORS:
        app.register_error_handler(error, _store)


def problem(status: int, reason: str | None, **more: Any) -> Answer:
    """A refusal: its reason, the request's id, and more fields."""
    return jsonify(error=reason, request_id=current_request_id(), **more), status


def _http(error: HTTPException) -> Answer:
    response, status = problem(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, reason_of(error))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response, status


def reason_of(error: HTTPException) -> str | None:
    """What an HTTP error says, with the limit where that is overstepped."""
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.max_content_length:
        fields = f"of a form {request.max_form_parts} parts and {request.max_form_memory_size:,} bytes in fields"
        return f"too large: at most {request.max_content_length:,} bytes, {fields}"
    return error.description


def _unreadable(error: UnreadableBodyError) -> Answer:
    return problem(HTTPStatus.BAD_REQUEST, str(error))


def _too_much(error: BodyTooLargeError) -> Answer:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


def _refused(error: LeadsRefusedError) -> Answer:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), problems=error.problems)


def _store(error: Exception) -> Answer:
    log.error("The store does not answer: %s", type(error).__name__)
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "it cannot be stored at present; nothing was kept, send it again")


def _unexpected(error: Exception) -> Answer:
    log.error("Not foreseen", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "not foreseen; tell the operators the request id")
