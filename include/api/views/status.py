"""Say whether the process is healthy and ready, and return its figures for Prometheus."""

from http import HTTPStatus

from flask import Response, abort, jsonify

from include.api.access.auth import open_to_all
from include.api.score_request import current_scorer, versions
from include.api.state import app_state


@open_to_all
def healthz() -> Response:
    """Return 200: the process answers, with or without a champion."""
    return jsonify(status="ok")


@open_to_all
def readyz() -> Response:
    """Return 200 once a champion and the keys are loaded, 503 before."""
    scorer = current_scorer()
    keys = app_state().keys
    if keys is not None and not keys.loaded:
        abort(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the API keys cannot be read at present; see the API's log",
        )
    return jsonify(status="ready", versions=versions(scorer))


def metrics() -> Response:
    """Return what Prometheus reads, to callers with a key: how many leads come in is nobody else's business."""
    return app_state().metrics.page()
