"""Answer POST /feedback: check what a rep says of a score, and store it once."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, g, jsonify, request

from include.api.bodies.json_body import load_json
from include.api.error_replies import Reply, refusal
from include.api.state import app_state
from include.feedback.errors import FeedbackRefusedError
from include.feedback.verdicts import keep, said, stored_at
from include.lake.objects import list_objects

MAX_FEEDBACK_BYTES = 64 * 1024


def feedback() -> Response | Reply:
    """Return 201 when it is stored, 200 when the same word was stored before, 422 that names field and reason."""
    if request.mimetype != "application/json":
        sent = request.mimetype or "nothing"
        return refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"send application/json, not {sent}",
        )
    request.max_content_length = MAX_FEEDBACK_BYTES
    try:
        content = load_json(request.get_data())
        outcomes = app_state().layout.contract.labels
        word = said(content, datetime.now(UTC), g.caller, outcomes)
    except FeedbackRefusedError as error:
        return refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{len(error.problems)} value(s) refused",
            problems=error.problems,
        )
    layout = app_state().layout
    if list_objects(stored_at(word, layout)):
        return jsonify(id=word.id, kept="before"), HTTPStatus.OK
    return jsonify(id=keep(word, layout), kept="now"), HTTPStatus.CREATED
