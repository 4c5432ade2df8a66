"""Answer what goes wrong on the desk with a page that says why."""

import logging
from http import HTTPStatus

from flask import Blueprint, Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from include.api.error_replies import STORE_ERRORS, reason_of
from include.api.errors import (
    BodyTooLargeError,
    HeaderRefusedError,
    TooManyLeadsError,
    UnreadableBodyError,
    UploadTooSlowError,
)
from include.api.state import app_state
from include.feedback.errors import FeedbackRefusedError

log = logging.getLogger(__name__)


def explain_errors_as_pages(desk: Blueprint) -> None:
    """Register the handlers that turn errors into pages."""
    desk.register_error_handler(HTTPException, _show_http_error)
    desk.register_error_handler(FeedbackRefusedError, _show_refused_feedback)
    desk.register_error_handler(UnreadableBodyError, _show_unreadable_body)
    desk.register_error_handler(BodyTooLargeError, _show_large_body)
    desk.register_error_handler(TooManyLeadsError, _show_large_body)
    desk.register_error_handler(HeaderRefusedError, _show_refused_header)
    desk.register_error_handler(UploadTooSlowError, _show_slow_upload)
    for error in STORE_ERRORS:
        desk.register_error_handler(error, _show_store_error)


def _error_page(reason: str | None, status: int) -> tuple[str, int]:
    page = render_template(
        "desk/error.html",
        desk=app_state().desk,
        reason=reason,
    )
    return page, status


def _show_http_error(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    response = make_response(_error_page(reason_of(error), status))
    for name, value in error.get_headers():
        if not name.startswith("Content-"):
            response.headers.add(name, value)
    return response


def _show_refused_feedback(error: FeedbackRefusedError) -> tuple[str, int]:
    return _error_page(f"Not kept: {error}", HTTPStatus.UNPROCESSABLE_ENTITY)


def _show_unreadable_body(error: UnreadableBodyError) -> tuple[str, int]:
    return _error_page(str(error), HTTPStatus.BAD_REQUEST)


def _show_large_body(
    error: BodyTooLargeError | TooManyLeadsError,
) -> tuple[str, int]:
    return _error_page(str(error), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _show_refused_header(error: HeaderRefusedError) -> tuple[str, int]:
    return _error_page(str(error), HTTPStatus.UNPROCESSABLE_ENTITY)


def _show_slow_upload(error: UploadTooSlowError) -> tuple[str, int]:
    return _error_page(str(error), HTTPStatus.SERVICE_UNAVAILABLE)


def _show_store_error(error: Exception) -> tuple[str, int]:
    log.error("The store does not answer: %s", type(error).__name__)
    return _error_page(
        "Not kept: the store does not answer at present; try again",
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
