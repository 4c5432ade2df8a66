"""Say whether the process is healthy and ready, and return its figures for Prometheus."""

from http import HTTPStatus

from flask import Response, abort, jsonify

from include.api.access.auth import open_to_all
from include.api.state import app_state

NOT_READY = "not ready"


@open_to_all
def healthz() -> Response:
    """Return 200: the process answers, with or without a champion."""
    return jsonify(status="ok")


@open_to_all
def readyz() -> Response:
    """Return 200 once a champion and the keys are loaded, 503 before."""
    keys = app_state().keys
    return ready_or_not(keys is None or keys.loaded)


def ready_or_not(keys_are_loaded: bool = True) -> Response:
    """Return 200 where there is a champion too, 503 where not, and no more: anybody may ask.

    The main outcome decides. Which models serve, which outcome has none, and why, is in the log, and in /model for
    callers with a key.
    """
    if app_state().champions.scorer is None or not keys_are_loaded:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, NOT_READY)
    return jsonify(status="ready")


def metrics() -> Response:
    """Return what Prometheus reads, to callers with a key: how many leads come in is nobody else's business."""
    return app_state().metrics.page()
