"""The scoring API: leads as JSON or CSV in, scores of the current champion out."""

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from include.contract import Contract, load_contract
from include.serving.holder import ChampionHolder, registry_holder
from include.serving.leads import LeadsRefused, UnreadableBody, leads_frame, parse_csv, parse_json
from include.serving.scorer import Scorer
from include.serving.tiers import TIERS
from include.settings import settings

MAX_BODY_BYTES = 4 * 1024 * 1024
PARSERS = {"application/json": parse_json, "text/csv": parse_csv}


def create_app(holder: ChampionHolder | None = None) -> Flask:
    """The WSGI application.

    Args:
        holder: where the champion comes from; None takes the settings' registry and starts to watch it.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if holder is None:
        holder = registry_holder()
        holder.start()
    app.extensions["champion"] = holder
    app.extensions["contract"] = load_contract(settings().contract)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/model", view_func=model)
    app.add_url_rule("/predict", view_func=predict, methods=["POST"])
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(UnreadableBody, _unreadable)
    app.register_error_handler(LeadsRefused, _refused)
    return app


def index() -> str:
    """The page for people: which champion is served, how good it is, how to ask for a score."""
    return render_template("index.html", model=_description(), problem=_holder().problem, tiers=TIERS)


def healthz() -> Response:
    """The process answers, with or without a champion."""
    return jsonify(status="ok")


def readyz() -> Response:
    """200 once a champion is loaded, 503 before."""
    scorer = _scorer()
    return jsonify(status="ready", version=scorer.champion.version)


def model() -> Response:
    """The champion in use: name, version, run, stage, threshold, tags, and the registry's last problem if any."""
    _scorer()
    return jsonify(_description())


def predict() -> Response:
    """Scores the leads of the body, in their order.

    A value that the contract refuses is a 422 that names row, field and reason; the whole request is then refused.
    """
    scorer = _scorer()
    parse = PARSERS.get(request.mimetype)
    if parse is None:
        abort(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send one of {', '.join(PARSERS)}, not {request.mimetype or 'nothing'}"
        )
    scores = scorer.score(leads_frame(parse(request.get_data()), _contract()))
    predictions = scores.astype(object).to_dict(orient="records")
    return jsonify(model=scorer.champion.model, version=scorer.champion.version, predictions=predictions)


def _holder() -> ChampionHolder:
    holder: ChampionHolder = current_app.extensions["champion"]
    return holder


def _contract() -> Contract:
    contract: Contract = current_app.extensions["contract"]
    return contract


def _scorer() -> Scorer:
    holder = _holder()
    if holder.scorer is None:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, f"no champion to score with yet: {holder.problem}")
    return holder.scorer


def _description() -> dict[str, Any] | None:
    if (scorer := _holder().scorer) is None:
        return None
    return {
        "model": scorer.champion.model,
        "version": scorer.champion.version,
        "run_id": scorer.champion.run_id,
        "stage": str(scorer.stage),
        "threshold": scorer.threshold,
        "tags": scorer.champion.tags,
        "registry_problem": _holder().problem,
    }


def _explain(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description), error.code or HTTPStatus.INTERNAL_SERVER_ERROR


def _unreadable(error: UnreadableBody) -> tuple[Response, int]:
    return jsonify(error=str(error)), HTTPStatus.BAD_REQUEST


def _refused(error: LeadsRefused) -> tuple[Response, int]:
    return jsonify(error=str(error), problems=error.problems), HTTPStatus.UNPROCESSABLE_ENTITY
