"""Score the leads of a request: parse nothing, count everything, and name the versions that scored."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, abort, g, request

from include.api.bodies.sent_leads import SentLeads, check_size
from include.api.state import app_state
from include.scoring.leads.names import IgnoredNames, LeadNames, quoted
from include.scoring.outcomes import OutcomeScorer, OutcomeScores
from include.scoring.stages import StagedScorer

REASONS = 3
"""For each direction, if the caller does not say."""
MOST_REASONS = 10
VERSION_HEADER = "X-Model-Version"
LONGEST_TYPE = 100
LONGEST_NUMBER = 9
"""Digits that are read; a longer number is too large anyway."""
Parser = Callable[[bytes, LeadNames, int, int], SentLeads]


def current_scorer() -> OutcomeScorer:
    """Return what scores at this moment. Aborts with 503 before the first champion of the main outcome.

    A request calls this once, so that the same champions score all its leads. Another outcome may have no champion.
    """
    scorer = loaded_scorer()
    if scorer is None:
        champions = app_state().champions
        problems = "; ".join(champions.problems.values())
        abort(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"no champion to score with yet: {problems}",
        )
    return scorer


def loaded_scorer() -> OutcomeScorer | None:
    """Return what scores at this moment, None before the first champion of the main outcome."""
    main = app_state().champions.scorer
    if main is None:
        return None
    further: dict[str, StagedScorer] = {}
    for outcome, champions in app_state().further.items():
        scorer = champions.scorer
        if scorer is not None:
            further[outcome] = scorer
    return OutcomeScorer(main, further)


def versions(scorer: StagedScorer) -> dict[str, str]:
    """Return registered model to the version that serves."""
    versions_by_model = {}
    for stage_scorer in scorer.scorers.values():
        champion = stage_scorer.champion
        versions_by_model[champion.model] = champion.version
    return versions_by_model


def sent_leads(
    parsers: Mapping[str, Parser], scorer: OutcomeScorer
) -> SentLeads:
    """Return the leads of the body by its content type. Aborts with 415 for another one.

    Raises:
        UnreadableBodyError: the body is not what its content type says, or a wrapper that is not known.
        BodyTooLargeError: it has too many columns or leads.
        HeaderRefusedError: it is a CSV without a header.
        LeadsRefusedError: none of its names means a column.
    """
    parse = parsers.get(request.mimetype)
    if parse is None:
        accepted = ", ".join(parsers)
        sent = request.mimetype or "nothing"
        abort(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"send one of {accepted}, not {sent[:LONGEST_TYPE]}",
        )
    if request.mimetype_params.get("header") == "absent":
        abort(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "send CSV with a header line; without one no cell has a name",
        )
    limits = app_state().settings.api
    return parse(
        request.get_data(),
        scorer.main.reader.names,
        limits.max_columns,
        limits.max_leads,
    )


def reasons_per_direction() -> int:
    """Return how many reasons the query asks for. Aborts with 422 for what is no such number, and for another query."""
    unknown = sorted(set(request.args) - {"reasons"})
    if unknown:
        abort(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"the address asks for {quoted(unknown[0])}; only reasons can be asked for there",
        )
    texts = request.args.getlist("reasons")
    if not texts:
        return REASONS
    count = _whole_number(texts[0])
    if len(texts) > 1 or count is None or count > MOST_REASONS:
        abort(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"reasons must be one whole number from 0 to {MOST_REASONS}",
        )
    return count


def _whole_number(text: str) -> int | None:
    """Return the number that ASCII digits spell, None for any other text: int() alone would take `+1` and `1_0`."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits[:LONGEST_NUMBER])


def with_lead(
    sent: SentLeads, ignored: IgnoredNames
) -> tuple[SentLeads, dict[str, Any]]:
    """Return the leads of a body, of a request for one lead the lead that was put together, and what to say of it.

    Raises:
        BodyTooLargeError: too many events, or too many columns of one.
        LeadsRefusedError: a value is refused, or nothing is known of the lead.
    """
    answers = app_state().answers
    if sent.request is None or answers is None:
        return sent, {}
    answer = answers.answer(sent.request, ignored)
    return SentLeads([answer.lead]), answer.facts


def score_request(
    scorer: OutcomeScorer, sent: SentLeads, reasons: int, ignored: IgnoredNames
) -> OutcomeScores:
    """Return the scores of a request's leads. Raises BodyTooLargeError and LeadsRefusedError.

    Args:
        scorer: the champions to score with.
        sent: the leads.
        reasons: for each direction.
        ignored: gets the names that mean no column.
    """
    limits = app_state().settings.api
    check_size(sent.leads, limits.max_leads, limits.max_columns)
    return score_rows(scorer, sent.leads, reasons, ignored)


def score_rows(
    scorer: OutcomeScorer,
    leads: Sequence[Mapping[str, Any]],
    reasons: int,
    ignored: IgnoredNames,
    first: int = 1,
) -> OutcomeScores:
    """Return the scores of any number of leads. Raises LeadsRefusedError.

    Args:
        scorer: the champions to score with.
        leads: as the caller wrote them.
        reasons: for each direction.
        ignored: gets the names that mean no column.
        first: row number of the first lead in errors.
    """
    columns = scorer.main.reader.read(leads, first, ignored)
    scores = scorer.score_columns(columns, len(leads), reasons)
    app_state().metrics.count_leads(columns, scores)
    scored_before: int = g.get("leads", 0)
    g.leads = scored_before + len(leads)
    return scores


def name_versions(response: Response, scorer: OutcomeScorer) -> Response:
    """Return the response with the main outcome's serving versions by stage in its header."""
    served = []
    for stage, stage_scorer in scorer.main.scorers.items():
        version = stage_scorer.champion.version
        served.append(f"{stage}={version}")
    response.headers[VERSION_HEADER] = ", ".join(served)
    return response
