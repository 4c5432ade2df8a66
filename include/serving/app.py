"""The scoring API: leads as JSON or CSV in, scores and reasons of the current champions out."""

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from include.contract import Contract, load_contract
from include.serving.desk.routes import desk
from include.serving.holder import Champions, registry_champions
from include.serving.leads import LeadsRefused, UnreadableBody, leads_frame, parse_csv, parse_json
from include.serving.scorer import Scorer
from include.serving.stages import StagedScorer
from include.settings import settings

MAX_BODY_BYTES = 4 * 1024 * 1024
REASONS = 3
"""For each direction."""
PARSERS = {"application/json": parse_json, "text/csv": parse_csv}


def create_app(champions: Champions | None = None) -> Flask:
    """The WSGI application.

    Args:
        champions: where they come from; None takes the settings' registry and starts to watch it.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if champions is None:
        champions = registry_champions()
        champions.start()
    app.extensions["champions"] = champions
    app.extensions["contract"] = load_contract(settings().contract)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/model", view_func=model)
    app.add_url_rule("/predict", view_func=predict, methods=["POST"])
    app.register_blueprint(desk)
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(UnreadableBody, _unreadable)
    app.register_error_handler(LeadsRefused, _refused)
    return app


def index() -> str:
    """The page for people: which champions are served, how good they are, how to ask for a score."""
    return render_template("index.html", champions=_described(), problems=_champions().problems)


def healthz() -> Response:
    """The process answers, with or without a champion."""
    return jsonify(status="ok")


def readyz() -> Response:
    """200 once a champion is loaded, 503 before."""
    return jsonify(status="ready", versions=_versions(_scorer()))


def model() -> Response:
    """The champions in use by stage: name, version, run, decision and tags; and the registry's problems by stage."""
    _scorer()
    return jsonify(champions=_described(), registry_problems=_champions().problems)


def predict() -> Response:
    """Scores the leads of the body, in their order, each with the champion of its stage and with reasons.

    A value that the contract refuses is a 422 that names row, field and reason; the whole request is then refused.
    """
    scorer = _scorer()
    parse = PARSERS.get(request.mimetype)
    if parse is None:
        abort(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send one of {', '.join(PARSERS)}, not {request.mimetype or 'nothing'}"
        )
    scores = scorer.score(leads_frame(parse(request.get_data()), _contract()), REASONS)
    predictions = scores.astype(object).to_dict(orient="records")
    return jsonify(versions=_versions(scorer), predictions=predictions)


def _champions() -> Champions:
    champions: Champions = current_app.extensions["champions"]
    return champions


def _contract() -> Contract:
    contract: Contract = current_app.extensions["contract"]
    return contract


def _scorer() -> StagedScorer:
    champions = _champions()
    if champions.scorer is None:
        problems = "; ".join(champions.problems.values())
        abort(HTTPStatus.SERVICE_UNAVAILABLE, f"no champion to score with yet: {problems}")
    return champions.scorer


def _versions(scorer: StagedScorer) -> dict[str, str]:
    return {one.champion.model: one.champion.version for one in scorer.scorers.values()}


def _described() -> dict[str, dict[str, Any]]:
    scorer = _champions().scorer
    return {str(stage): _description(one) for stage, one in scorer.scorers.items()} if scorer else {}


def _description(scorer: Scorer) -> dict[str, Any]:
    return {
        "model": scorer.champion.model,
        "version": scorer.champion.version,
        "run_id": scorer.champion.run_id,
        "policy": scorer.decision.policy,
        "threshold": scorer.decision.threshold,
        "tiers": dict(scorer.decision.tiers),
        "tags": scorer.champion.tags,
    }


def _explain(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description), error.code or HTTPStatus.INTERNAL_SERVER_ERROR


def _unreadable(error: UnreadableBody) -> tuple[Response, int]:
    return jsonify(error=str(error)), HTTPStatus.BAD_REQUEST


def _refused(error: LeadsRefused) -> tuple[Response, int]:
    return jsonify(error=str(error), problems=error.problems), HTTPStatus.UNPROCESSABLE_ENTITY
