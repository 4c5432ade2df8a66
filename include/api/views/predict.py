"""Answer POST /predict: score the leads of a JSON or CSV body."""

from flask import Response, jsonify

from include.api.bodies import parse_csv, parse_json
from include.api.score_request import (
    current_scorer,
    name_versions,
    reasons_per_direction,
    score_request,
    sent_leads,
    versions,
)
from include.scoring.scores import as_records

PARSERS = {"application/json": parse_json, "text/csv": parse_csv}


def predict() -> Response:
    """Score the leads of the body, in their order, each with the champion of its stage and with reasons.

    A value that the contract refuses is a 422 that names row, field and reason; the whole request is then refused.
    """
    scorer = current_scorer()
    reasons = reasons_per_direction()
    leads = sent_leads(PARSERS)
    scores = score_request(scorer, leads, reasons)
    response = jsonify(
        versions=versions(scorer),
        predictions=as_records(scores),
    )
    return name_versions(response, scorer)
