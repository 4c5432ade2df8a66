"""POST /feedback: what a rep says of a score, checked and kept once."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, jsonify, request

from include.api.bodies import load_json
from include.api.error_replies import Answer, problem
from include.api.score_request import contract
from include.feedback.errors import FeedbackRefusedError
from include.feedback.verdicts import keep, said
from include.lake.layout import Layout
from include.lake.objects import list_objects
from include.settings import settings

MAX_FEEDBACK_BYTES = 64 * 1024


def feedback() -> Response | Answer:
    """201 when it is kept, 200 when the same word has been kept before, 422 naming field and reason."""
    if request.mimetype != "application/json":
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send application/json, not {request.mimetype or 'nothing'}")
    request.max_content_length = MAX_FEEDBACK_BYTES
    try:
        given = said(load_json(request.get_data()), datetime.now(UTC))
    except FeedbackRefusedError as error:
        refused = f"{len(error.problems)} value(s) refused"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, refused, problems=error.problems)
    layout = Layout(settings(), contract())
    if list_objects(f"{layout.feedback}{given.id}.json"):
        return jsonify(id=given.id, kept="before"), HTTPStatus.OK
    return jsonify(id=keep(given, layout), kept="now"), HTTPStatus.CREATED
