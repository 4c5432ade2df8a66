"""Scores leads for a request: parses nothing, counts everything, and says which versions did it."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, abort, current_app, g, request

from include.api.bodies import check_size
from include.api.metrics import Metrics
from include.contract import Contract
from include.scoring.champions import Champions
from include.scoring.leads import read_leads
from include.scoring.scores import Scores
from include.scoring.stages import StagedScorer
from include.settings import settings

REASONS, MOST_REASONS = 3, 10
"""For each direction: if the caller does not say, and at most."""
VERSION_HEADER = "X-Model-Version"
LONGEST_TYPE = 100
Parser = Callable[[bytes], Sequence[Mapping[str, Any]]]


def champions() -> Champions:
    """Those of this application."""
    found: Champions = current_app.extensions["champions"]
    return found


def contract() -> Contract:
    """That of this application."""
    found: Contract = current_app.extensions["contract"]
    return found


def scorer() -> StagedScorer:
    """What scores now; a request asks once, so that one champion scores all its leads. Aborts with 503 without one."""
    found = champions().scorer
    if found is None:
        problems = "; ".join(champions().problems.values())
        abort(HTTPStatus.SERVICE_UNAVAILABLE, f"no champion to score with yet: {problems}")
    return found


def versions(served: StagedScorer) -> dict[str, str]:
    """Registered model to the version that serves."""
    return {one.champion.model: one.champion.version for one in served.scorers.values()}


def sent_leads(parsers: Mapping[str, Parser]) -> Sequence[Mapping[str, Any]]:
    """The leads of the body by its content type. Aborts with 415 for another one; raises UnreadableBodyError."""
    parse = parsers.get(request.mimetype)
    if parse is None:
        wanted, got = ", ".join(parsers), request.mimetype or "nothing"
        abort(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send one of {wanted}, not {got[:LONGEST_TYPE]}")
    return parse(request.get_data())


def wanted_reasons() -> int:
    """How many reasons the query asks for. Aborts with 422 for what is no such number."""
    given = request.args.getlist("reasons") or [str(REASONS)]
    if len(given) > 1 or not (given[0].isascii() and given[0].isdigit() and int(given[0][:3]) <= MOST_REASONS):
        abort(HTTPStatus.UNPROCESSABLE_ENTITY, f"reasons must be one whole number from 0 to {MOST_REASONS}")
    return int(given[0])


def score_request(served: StagedScorer, leads: Sequence[Mapping[str, Any]], reasons: int) -> Scores:
    """The scores of a request's leads. Raises BodyTooLargeError and LeadsRefusedError."""
    check_size(leads, settings().api.max_leads, settings().api.max_columns)
    return score_rows(served, leads, reasons)


def score_rows(served: StagedScorer, leads: Sequence[Mapping[str, Any]], reasons: int, first: int = 1) -> Scores:
    """The same for any number of leads; `first` is the first one's row number in errors. Raises LeadsRefusedError."""
    columns = read_leads(leads, served.contract, first)
    scores = served.score_columns(columns, len(leads), reasons)
    metrics: Metrics = current_app.extensions["metrics"]
    metrics.scored(columns, scores)
    g.leads = g.get("leads", 0) + len(leads)
    return scores


def name_versions(response: Response, served: StagedScorer) -> Response:
    """The response with the serving versions by stage in its header."""
    by_stage = ", ".join(f"{stage}={one.champion.version}" for stage, one in served.scorers.items())
    response.headers[VERSION_HEADER] = by_stage
    return response
