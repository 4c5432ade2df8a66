"""Answer POST /predict: score the leads of a JSON or CSV body."""

from flask import Response, jsonify

from include.api.bodies.csv_body import parse_csv
from include.api.bodies.json_body import parse_json
from include.api.score_reply import scores_reply
from include.api.score_request import (
    current_scorer,
    name_versions,
    reasons_per_direction,
    score_request,
    sent_leads,
    with_lead,
)
from include.scoring.leads.names import IgnoredNames

PARSERS = {"application/json": parse_json, "text/csv": parse_csv}


def predict() -> Response:
    """Score the leads of the body, in their order, each with the champion of its stage and with reasons.

    A value that the contract refuses is a 422 that names row, field and reason; the whole request is then refused. A
    request for one lead brings its events, or its id. Where the contract has several outcomes, `outcomes` has the
    scores of the others; where it names a `value`, each prediction has its expected value.
    """
    scorer = current_scorer()
    reasons = reasons_per_direction()
    sent = sent_leads(PARSERS, scorer)
    ignored = IgnoredNames(sent.ignored)
    sent, facts = with_lead(sent, ignored)
    scores = score_request(scorer, sent, reasons, ignored)
    response = jsonify(scores_reply(scorer, sent, scores, ignored, facts))
    return name_versions(response, scorer)
