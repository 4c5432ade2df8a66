"""Structured logs: one JSON object a line, with the request's id, and nothing that a lead or a caller has sent.

An exception is told by its type and the places it came through. Its message is left out, because messages of parsers
and models quote the values they stumble over.
"""

import json
import logging
import re
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, has_request_context, request

log = logging.getLogger(__name__)

REQUEST_ID = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
UNMATCHED = "unmatched"
"""Stands for every path that is no route: a path may hold anything, a lead's address included."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; `extra={"facts": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id():
            line["request_id"] = request_id
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[0]:
            line |= {"exception": record.exc_info[0].__name__, "at": _places(record)}
        return json.dumps(line, default=str)


def _places(record: logging.LogRecord) -> list[str]:
    frames = traceback.extract_tb(record.exc_info[2] if record.exc_info else None)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def log_as_json(level: int = logging.INFO) -> None:
    """Sends every log of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def current_request_id() -> str:
    """Id of the request that this thread answers; empty outside of one."""
    return str(g.get("request_id", "")) if has_request_context() else ""


def current_route() -> str:
    """The rule of the request's route, never the path itself."""
    return request.url_rule.rule if request.url_rule else UNMATCHED


def trace_requests(app: Flask) -> None:
    """Gives every request an id, its caller's if that is sane, and writes one line when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if SANE_ID.fullmatch(given) else uuid4().hex
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = current_request_id()
    facts = {
        "method": request.method,
        "route": current_route(),
        "status": response.status_code,
        "ms": round(1000 * (time.perf_counter() - g.started), 1),
        "caller": g.get("caller"),
        "leads": g.get("leads", 0),
    }
    log.info("answered", extra={"facts": facts})
    return response
