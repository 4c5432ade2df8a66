"""The desk's pages: the ranked list, one lead, an uploaded CSV, a rep's word on a score. None needs JavaScript."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, g, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from include.api.bodies import check_columns, parse_csv
from include.api.desk.export import as_link, scored_csv
from include.api.desk.form import sections
from include.api.desk.guard import require_form, require_same_origin
from include.api.desk.state import Desk, desk_of
from include.api.desk.views import FILTER, Card, Page, cards, trail
from include.api.error_replies import STORE_ERRORS, reason_of
from include.api.errors import BodyTooLargeError, UnreadableBodyError
from include.api.score_request import REASONS, champions, score_rows
from include.api.upload import AT_ONCE
from include.feedback.errors import FeedbackRefusedError
from include.feedback.verdicts import VERDICTS, keep, said
from include.scoring.errors import LeadsRefusedError
from include.scoring.scores import as_frame
from include.scoring.stages import StagedScorer
from include.settings import settings

log = logging.getLogger(__name__)

SHOWN = 100
"""Leads of an upload that the page lists; the download has all of them."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    # The API's own, no-referrer, would make browsers send `Origin: null` with a form.
    "Referrer-Policy": "same-origin",
}

desk = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates", static_folder="static")
desk.before_request(require_same_origin)
desk.before_request(require_form)


@desk.record_once
def _prepare(setup: BlueprintSetupState) -> None:
    setup.app.extensions["desk"] = desk_of()


@desk.after_request
def _protect(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


@desk.get("")
def leads() -> str:
    """The open leads, the best first, by tier and source, a page at a time."""
    listing, fields = _desk().listing.get(), [column.field for column in _desk().filters]
    wanted = {"tier": request.args.get("tier", "")} | {name: request.args.get(FILTER + name, "") for name in fields}
    chosen = listing.where(wanted)
    page, verdict = Page.of(chosen, request.args.get("page", "")), request.args.get("said", "")
    return render_template(
        "desk/leads.html",
        desk=_desk(),
        listing=listing,
        wanted=wanted,
        total=len(chosen),
        page=page,
        cards=cards(page.rows, _desk()),
        trail=trail(request.args),
        address=lambda number: _address(trail(request.args) | {"page": str(number)}),
        agreement=_desk().agreement.get(),
        said=verdict.replace("_", " ") if verdict in VERDICTS else "",
        filtered=any(wanted[name] for name in fields),
    )


@desk.route("/score", methods=["GET", "POST"])
def score() -> str | tuple[str, int]:
    """The form for one lead, and once it is filled in the lead's score with reasons."""
    given = {name: value.strip() for name, value in request.form.items()}
    if request.method == "GET":
        return _score_page({}, {}, None)
    scorer = _scorer()
    try:
        scores = score_rows(scorer, [{name: value for name, value in given.items() if value}], REASONS)
    except LeadsRefusedError as refused:
        problems = {problem["field"]: problem["reason"] for problem in refused.problems}
        return _score_page(given, problems, None), HTTPStatus.UNPROCESSABLE_ENTITY
    (card,) = cards(as_frame(scores), _desk())
    return _score_page(given, {}, card)


@desk.post("/upload")
def upload() -> str | tuple[str, int]:
    """The leads of an uploaded CSV, ranked, with the scored file to download."""
    scorer, files = _scorer(), request.files.getlist("leads")
    if len(files) != 1:
        abort(HTTPStatus.BAD_REQUEST, "choose a CSV file to score, one at a time")
    if not AT_ONCE.acquire(blocking=False):
        abort(HTTPStatus.TOO_MANY_REQUESTS, "other files are being scored; try again in a few seconds")
    try:
        rows = parse_csv(files[0].read())
        check_columns(len(rows[0]), settings().api.max_columns)
        scores = score_rows(scorer, rows, REASONS)
    except LeadsRefusedError as refused:
        page = render_template("desk/refused.html", desk=_desk(), problems=refused.problems)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    finally:
        AT_ONCE.release()
    ranked = as_frame(scores).sort_values("probability", ascending=False, kind="stable").head(SHOWN)
    return render_template(
        "desk/upload.html",
        desk=_desk(),
        total=len(rows),
        cards=cards(ranked, _desk()),
        download=as_link(scored_csv(rows, scores, _desk().contract)),
        trail={},
    )


@desk.post("/feedback")
def feedback() -> BaseResponse:
    """Keeps what a rep says of a score, the same word once, and goes back to the list."""
    given = said(_word(request.form), datetime.now(UTC))
    keep(given, _desk().layout)
    return redirect(_address(trail(request.form) | {"said": given.verdict}), HTTPStatus.SEE_OTHER)


def _address(asked: Mapping[str, str]) -> str:
    return f"{url_for('desk.leads')}?{urlencode(asked)}"


def _word(form: Mapping[str, str]) -> dict[str, str | int | None]:
    """What the form of a card says, as the API's callers say it."""
    word: dict[str, str | int | None] = {name: form.get(name, "") for name in ("lead", "verdict", "model_version")}
    outcome = form.get("outcome", "")
    return word | {
        "rep": _rep(),
        "stage": form.get("stage") or None,
        "outcome": int(outcome) if outcome in ("0", "1") else outcome or None,
        "comment": form.get("comment", "").strip(),
    }


def _rep() -> str:
    """Who is logged in, else whose API key it is."""
    return str(g.get("rep") or g.get("caller") or "unknown")


def _desk() -> Desk:
    found: Desk = current_app.extensions["desk"]
    return found


def _scorer() -> StagedScorer:
    found = champions().scorer
    if found is None:
        abort(
            HTTPStatus.SERVICE_UNAVAILABLE, "there is no model to score with yet; the list shows what has been scored"
        )
    return found


def _score_page(given: Mapping[str, str], problems: Mapping[str, str], card: Card | None) -> str:
    asked = sections(_desk().contract, given, problems)
    return render_template("desk/score.html", desk=_desk(), sections=asked, card=card, trail={}, refused=len(problems))


@desk.errorhandler(HTTPException)
def _explain(error: HTTPException) -> Response:
    response = make_response(
        render_template("desk/error.html", desk=_desk(), reason=reason_of(error)), error.code or 500
    )
    kept = [(name, value) for name, value in error.get_headers() if not name.startswith("Content-")]
    response.headers.extend(kept)
    return response


@desk.errorhandler(FeedbackRefusedError)
def _refuse(error: FeedbackRefusedError) -> tuple[str, int]:
    return _said_no(f"Not kept: {error}", HTTPStatus.UNPROCESSABLE_ENTITY)


@desk.errorhandler(UnreadableBodyError)
def _unreadable(error: UnreadableBodyError) -> tuple[str, int]:
    return _said_no(str(error), HTTPStatus.BAD_REQUEST)


@desk.errorhandler(BodyTooLargeError)
def _too_much(error: BodyTooLargeError) -> tuple[str, int]:
    return _said_no(str(error), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _store(error: Exception) -> tuple[str, int]:
    log.error("The store does not answer: %s", type(error).__name__)
    return _said_no("Not kept: the store does not answer at present; try again", HTTPStatus.SERVICE_UNAVAILABLE)


for unreachable in STORE_ERRORS:
    desk.register_error_handler(unreachable, _store)


def _said_no(reason: str, status: HTTPStatus) -> tuple[str, int]:
    return render_template("desk/error.html", desk=_desk(), reason=reason), status
