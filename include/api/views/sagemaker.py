"""Keep SageMaker's contract for containers: GET /ping says whether to send requests, POST /invocations answers them."""

import json

from flask import Response, jsonify, request

from include.api.access.auth import open_to_all
from include.api.bodies.csv_body import parse_csv
from include.api.bodies.json_body import parse_json, parse_json_lines
from include.api.score_reply import header_text, name_ignored, scores_reply
from include.api.score_request import (
    current_scorer,
    name_versions,
    reasons_per_direction,
    score_request,
    sent_leads,
    versions,
    with_lead,
)
from include.api.views.status import ready_or_not
from include.scoring.leads.names import IgnoredNames
from include.scoring.outcomes import OutcomeScorer

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
LONGEST_ATTRIBUTE = 500
"""Characters of ignored names; SageMaker takes 1,024 in all."""


@open_to_all
def ping() -> Response:
    """Return 200 once a champion is loaded, 503 before: SageMaker waits, and replaces a container that stays at 503."""
    return ready_or_not()


def invocations() -> Response:
    """Score leads as JSON, JSON lines or CSV, as POST /predict does; JSON lines are answered in kind.

    A line holds what is said of its lead: the prediction, and in its `outcomes` those of further outcomes.
    """
    scorer = current_scorer()
    reasons = reasons_per_direction()
    request.max_content_length = MAX_INVOCATION_BYTES
    sent = sent_leads(PARSERS, scorer)
    ignored = IgnoredNames(sent.ignored)
    sent, facts = with_lead(sent, ignored)
    scores = score_request(scorer, sent, reasons, ignored)
    if request.mimetype == JSON_LINES:
        records = scores.whole_records()
        lines = "".join(json.dumps(record) + "\n" for record in records)
        response = Response(lines, mimetype=JSON_LINES)
        name_ignored(response, ignored, sent.blank_rows)
    else:
        response = jsonify(scores_reply(scorer, sent, scores, ignored, facts))
    response.headers[ATTRIBUTES] = _attributes(scorer, ignored)
    return name_versions(response, scorer)


def _attributes(scorer: OutcomeScorer, ignored: IgnoredNames) -> str:
    """Return the versions that scored, and the names that meant no column if there are any."""
    served = versions(scorer.main)
    for further in scorer.further.values():
        served |= versions(further)
    attributes = [f"{model}={version}" for model, version in served.items()]
    if ignored.count:
        names = header_text(ignored.listed, LONGEST_ATTRIBUTE)
        attributes.append(f"ignored_fields={names}")
    return ";".join(attributes)
