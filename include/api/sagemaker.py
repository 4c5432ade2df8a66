"""SageMaker's contract for containers: GET /ping says whether to send requests, POST /invocations answers them."""

import json

from flask import Response, jsonify, request

from include.api.access.auth import open_to_all
from include.api.bodies import parse_csv, parse_json, parse_json_lines
from include.api.score_request import name_versions, score_request, scorer, sent_leads, versions, wanted_reasons
from include.scoring.scores import as_records

MAX_INVOCATION_BYTES = 25 * 1024 * 1024
"""SageMaker's own limit."""
JSON, JSON_LINES, CSV = "application/json", "application/jsonlines", "text/csv"
PARSERS = {JSON: parse_json, JSON_LINES: parse_json_lines, CSV: parse_csv}
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
"""The one header of a container that SageMaker hands on to the caller as it is."""


@open_to_all
def ping() -> Response:
    """200 once a champion is loaded, 503 before: SageMaker waits, and replaces a container that does not get there."""
    scorer()
    return jsonify(status="ready")


def invocations() -> Response:
    """Scores leads as JSON, JSON lines or CSV, as POST /predict does; JSON lines are answered in kind."""
    served, reasons = scorer(), wanted_reasons()
    request.max_content_length = MAX_INVOCATION_BYTES
    rows = as_records(score_request(served, sent_leads(PARSERS), reasons))
    if request.mimetype == JSON_LINES:
        response = Response("".join(json.dumps(row) + "\n" for row in rows), mimetype=JSON_LINES)
    else:
        response = jsonify(versions=versions(served), predictions=rows)
    named = ";".join(f"{model}={version}" for model, version in versions(served).items())
    response.headers[ATTRIBUTES] = named
    return name_versions(response, served)
