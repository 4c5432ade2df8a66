"""Serve the desk's pages: the ranked list, one lead, an uploaded CSV, a rep's word on a score; none has JavaScript."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from include.api.desk.error_pages import explain_errors_as_pages
from include.api.desk.export import as_link, scored_csv
from include.api.desk.form import sections
from include.api.desk.guard import require_form, require_same_origin
from include.api.desk.state import Desk
from include.api.desk.upload import score_upload
from include.api.desk.views import FILTER, Card, Page, cards, trail
from include.api.score_request import REASONS, loaded_scorer, score_rows
from include.api.state import app_state
from include.api.uploads import permit
from include.feedback.verdicts import VERDICTS, keep, said
from include.scoring.errors import LeadsRefusedError
from include.scoring.leads.names import IgnoredNames, quoted
from include.scoring.outcomes import OutcomeScorer, best_first
from include.scoring.scores import as_frame

SHOWN = 100
"""Leads of an upload that the page lists; the download has all of them."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    # The API's own, no-referrer, would make browsers send `Origin: null` with a form.
    "Referrer-Policy": "same-origin",
}

desk = Blueprint(
    "desk",
    __name__,
    url_prefix="/desk",
    template_folder="templates",
    static_folder="static",
)
desk.before_request(require_same_origin)
desk.before_request(require_form)
explain_errors_as_pages(desk)


@desk.after_request
def _protect(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


@desk.get("")
def leads() -> str:
    """Return the open leads, the best first, by tier and source, a page at a time."""
    listing = _desk().listing.latest()
    fields = [column.field for column in _desk().filters]
    filters = {"tier": request.args.get("tier", "")}
    filters |= {field: request.args.get(FILTER + field, "") for field in fields}
    matches = listing.where(filters)
    page = Page.of(matches, request.args.get("page", ""))
    back = trail(request.args)
    return render_template(
        "desk/leads.html",
        desk=_desk(),
        listing=listing,
        filters=filters,
        total=len(matches),
        page=page,
        cards=cards(page.rows, _desk()),
        trail=back,
        address=lambda number: _address(back | {"page": str(number)}),
        agreement=_desk().agreement.latest(),
        verdict=_stored_verdict(),
        filtered=any(filters[field] for field in fields),
    )


@desk.route("/score", methods=["GET", "POST"])
def score() -> str | tuple[str, int]:
    """Return the form for one lead, and once it is filled in the lead's score with reasons."""
    if request.method == "GET":
        return _score_page({}, {}, None)
    values = _form_values()
    lead = {name: value or None for name, value in values.items()}
    scorer = _scorer()
    ignored = IgnoredNames()
    try:
        scores = score_rows(scorer, [lead], REASONS, ignored)
    except LeadsRefusedError as error:
        problems = {
            problem["field"]: problem["reason"] for problem in error.problems
        }
        return _score_page(
            values, problems, None
        ), HTTPStatus.UNPROCESSABLE_ENTITY
    (card,) = cards(as_frame(scores.columns()), _desk())
    return _score_page(values, {}, card, ignored.listed)


@desk.post("/upload")
def upload() -> str | tuple[str, int]:
    """Return the leads of an uploaded CSV, ranked, with the scored file to download."""
    scorer = _scorer()
    files = request.files.getlist("leads")
    if len(files) != 1:
        abort(
            HTTPStatus.BAD_REQUEST, "choose a CSV file to score, one at a time"
        )
    try:
        with permit():
            scored = score_upload(files[0].stream, scorer, app_state().settings)
    except LeadsRefusedError as error:
        page = render_template(
            "desk/refused.html", desk=_desk(), problems=error.problems
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    places = best_first(scored.scores)
    best = as_frame(scored.scores).iloc[places[:SHOWN]]
    return render_template(
        "desk/upload.html",
        desk=_desk(),
        total=len(scored.rows),
        scored=scored,
        cards=cards(best, _desk()),
        download=as_link(
            scored_csv(
                scored.header, scored.rows, scored.scores, _desk().contract
            )
        ),
        trail={},
    )


@desk.post("/feedback")
def feedback() -> BaseResponse:
    """Store what a rep says of a score, the same word once, and go back to the list."""
    outcomes = _desk().contract.labels
    word = said(_word(request.form), datetime.now(UTC), g.caller, outcomes)
    keep(word, _desk().layout)
    back = trail(request.form)
    back["said"] = word.verdict
    return redirect(_address(back), HTTPStatus.SEE_OTHER)


def _form_values() -> dict[str, str]:
    """Return name to what was filled in. Aborts with 400 for a form that gives a name twice."""
    for name, texts in request.form.lists():
        if len(texts) > 1:
            abort(
                HTTPStatus.BAD_REQUEST, f"the form gives {quoted(name)} twice"
            )
    return {name: value.strip() for name, value in request.form.items()}


def _address(parts: Mapping[str, str]) -> str:
    page = url_for("desk.leads")
    return f"{page}?{urlencode(parts)}"


def _stored_verdict() -> str:
    """Return the verdict that the page thanks for; empty unless the address names one that there is."""
    verdict = request.args.get("said", "")
    if verdict not in VERDICTS:
        return ""
    return verdict.replace("_", " ")


def _word(form: Mapping[str, str]) -> dict[str, str | int | None]:
    """Return what the form of a card says, as the API's callers say it."""
    return {
        "lead": form.get("lead", ""),
        "verdict": form.get("verdict", ""),
        "model_version": form.get("model_version", ""),
        "rep": _rep(),
        "stage": form.get("stage") or None,
        "outcome": _outcome(form.get("outcome", "")),
        "comment": form.get("comment", "").strip(),
        "outcome_name": form.get("outcome_name") or None,
    }


def _outcome(text: str) -> int | str | None:
    """Return 0 or 1, None for no answer; any other text is refused by the feedback's own rules."""
    if text in ("0", "1"):
        return int(text)
    return text or None


def _rep() -> str:
    """Return who is logged in, else whose API key it is."""
    rep: str | None = g.get("rep")
    caller: str | None = g.get("caller")
    return rep or caller or "unknown"


def _desk() -> Desk:
    return app_state().desk


def _scorer() -> OutcomeScorer:
    """Return what scores at this moment. Aborts with 503, in words for the sales team, before the first champion."""
    scorer = loaded_scorer()
    if scorer is None:
        abort(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "there is no model to score with yet; the list shows what has been scored",
        )
    return scorer


def _score_page(
    values: Mapping[str, str],
    problems: Mapping[str, str],
    card: Card | None,
    ignored: Sequence[str] = (),
) -> str:
    fields = _desk().contract.fields
    unplaced = {
        name: reason for name, reason in problems.items() if name not in fields
    }
    return render_template(
        "desk/score.html",
        desk=_desk(),
        sections=sections(_desk().contract, values, problems),
        card=card,
        trail={},
        refused=len(problems) - len(unplaced),
        unplaced=unplaced,
        ignored=ignored,
    )
