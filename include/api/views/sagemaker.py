"""Keep SageMaker's contract for containers: GET /ping says whether to send requests, POST /invocations answers them."""

import json

from flask import Response, jsonify, request

from include.api.access.auth import open_to_all
from include.api.bodies import parse_csv, parse_json, parse_json_lines
from include.api.score_request import (
    current_scorer,
    name_versions,
    reasons_per_direction,
    score_request,
    sent_leads,
    versions,
)
from include.scoring.scores import as_records

MAX_INVOCATION_BYTES = 25 * 1024 * 1024
"""SageMaker's own limit."""
JSON_LINES = "application/jsonlines"
PARSERS = {
    "application/json": parse_json,
    JSON_LINES: parse_json_lines,
    "text/csv": parse_csv,
}
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
"""The one header of a container that SageMaker hands on to the caller as it is."""


@open_to_all
def ping() -> Response:
    """Return 200 once a champion is loaded, 503 before: SageMaker waits, and replaces a container that stays at 503."""
    current_scorer()
    return jsonify(status="ready")


def invocations() -> Response:
    """Score leads as JSON, JSON lines or CSV, as POST /predict does; JSON lines are answered in kind."""
    scorer = current_scorer()
    reasons = reasons_per_direction()
    request.max_content_length = MAX_INVOCATION_BYTES
    leads = sent_leads(PARSERS)
    records = as_records(score_request(scorer, leads, reasons))
    if request.mimetype == JSON_LINES:
        lines = "".join(json.dumps(record) + "\n" for record in records)
        response = Response(lines, mimetype=JSON_LINES)
    else:
        response = jsonify(
            versions=versions(scorer),
            predictions=records,
        )
    served = [
        f"{model}={version}" for model, version in versions(scorer).items()
    ]
    response.headers[ATTRIBUTES] = ";".join(served)
    return name_versions(response, scorer)
