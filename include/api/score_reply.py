"""Build the answer to a request for scores: predictions, who gave them, and what of the request counted for nothing."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response

from include.api.bodies.sent_leads import SentLeads
from include.api.score_request import versions
from include.contract.derived.shown import further_outcomes
from include.scoring.leads.names import IgnoredNames
from include.scoring.outcomes import OUTCOMES, OutcomeScorer, OutcomeScores
from include.scoring.scores import as_records

IGNORED_HEADER = "X-Ignored-Fields"
IGNORED_COUNT_HEADER = "X-Ignored-Fields-Count"
BLANK_ROWS_HEADER = "X-Blank-Rows"
LONGEST_HEADER = 2000
"""Characters; proxies refuse an answer whose headers are longer than 4 to 8 KiB in all."""


def scores_reply(
    scorer: OutcomeScorer,
    sent: SentLeads,
    scores: OutcomeScores,
    ignored: IgnoredNames,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the JSON of an answer, as `include.api.openapi.replies` describes it.

    Args:
        scorer: whose champions scored.
        sent: the leads.
        scores: of each, for every outcome.
        ignored: names that mean no column.
        facts: what one lead was put together from; empty for leads that came with their fields.
    """
    reply = {
        "versions": versions(scorer.main),
        "predictions": scores.records(),
        "ignored_fields": ignored.listed,
        "ignored_fields_count": ignored.count,
        "blank_rows": sent.blank_rows,
        **facts,
    }
    if further_outcomes(scores.contract):
        reply[OUTCOMES] = _further_replies(scorer, scores)
    return reply


def _further_replies(
    scorer: OutcomeScorer, scores: OutcomeScores
) -> dict[str, Any]:
    """Return outcome to versions and predictions, for the outcomes beside the main one that have a champion."""
    replies: dict[str, Any] = {}
    for outcome, outcome_scores in scores.further.items():
        replies[outcome] = {
            "versions": versions(scorer.further[outcome]),
            "predictions": as_records(outcome_scores),
        }
    return replies


def name_ignored(
    response: Response, ignored: IgnoredNames, blank_rows: int
) -> Response:
    """Return an answer that is not one JSON object with what counted for nothing in its headers."""
    response.headers[IGNORED_HEADER] = header_text(ignored.listed)
    response.headers[IGNORED_COUNT_HEADER] = str(ignored.count)
    response.headers[BLANK_ROWS_HEADER] = str(blank_rows)
    return response


def header_text(names: list[str], longest: int = LONGEST_HEADER) -> str:
    """Return names as a JSON list of plain ASCII, which any header may hold; the last ones are left out if need be."""
    text = _ascii(names)
    while len(text) > longest:
        names = names[:-1]
        text = _ascii(names)
    return text


def _ascii(names: list[str]) -> str:
    return json.dumps(names).replace("\x7f", "\\u007f")
