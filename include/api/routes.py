"""The views of the scoring API, and where they hang."""

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, render_template

from include.api.access.auth import open_to_all
from include.api.bodies import parse_csv, parse_json
from include.api.feedback_route import feedback
from include.api.metrics import Metrics
from include.api.sagemaker import invocations, ping
from include.api.score_request import (
    champions,
    name_versions,
    score_request,
    scorer,
    sent_leads,
    versions,
    wanted_reasons,
)
from include.api.upload import predict_batch
from include.scoring.scorer import Scorer
from include.scoring.scores import as_records

PARSERS = {"application/json": parse_json, "text/csv": parse_csv}


def add_routes(app: Flask) -> None:
    """Hangs every view into the application."""
    for path, view in (
        ("/", index),
        ("/model", model),
        ("/healthz", healthz),
        ("/readyz", readyz),
        ("/metrics", metrics),
        ("/openapi.json", openapi),
        ("/docs", docs),
        ("/ping", ping),
    ):
        app.add_url_rule(path, view_func=view)
    for path, action in (
        ("/predict", predict),
        ("/predict/batch", predict_batch),
        ("/feedback", feedback),
        ("/invocations", invocations),
    ):
        app.add_url_rule(path, view_func=action, methods=["POST"])


def index() -> str:
    """The page for people: which champions are served, how good they are, how to ask for a score."""
    return render_template("index.html", champions=_described(), problems=champions().problems)


@open_to_all
def healthz() -> Response:
    """The process answers, with or without a champion."""
    return jsonify(status="ok")


@open_to_all
def readyz() -> Response:
    """200 once a champion and the keys are loaded, 503 before."""
    served, keys = scorer(), current_app.extensions["keys"]
    if keys is not None and not keys.loaded:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, "the API keys cannot be read yet; see the API's log")
    return jsonify(status="ready", versions=versions(served))


def model() -> Response:
    """The champions in use by stage: name, version, run, decision and tags; and the registry's problems by stage."""
    return name_versions(jsonify(champions=_described(), registry_problems=champions().problems), scorer())


def predict() -> Response:
    """Scores the leads of the body, in their order, each with the champion of its stage and with reasons.

    A value that the contract refuses is a 422 that names row, field and reason; the whole request is then refused.
    """
    served, reasons = scorer(), wanted_reasons()
    scores = score_request(served, sent_leads(PARSERS), reasons)
    return name_versions(jsonify(versions=versions(served), predictions=as_records(scores)), served)


def metrics() -> Response:
    """What Prometheus reads. It needs a key: how many leads come in, and from where, is nobody else's business."""
    found: Metrics = current_app.extensions["metrics"]
    return found.page()


@open_to_all
def openapi() -> Response:
    """The description of this API, with every field of a lead from the contract."""
    return jsonify(current_app.extensions["openapi"])


@open_to_all
def docs() -> str:
    """The same as a page."""
    return render_template("docs.html", api=current_app.extensions["openapi"])


def _described() -> dict[str, dict[str, Any]]:
    served = champions().scorer
    return {str(stage): _description(one) for stage, one in served.scorers.items()} if served else {}


def _description(served: Scorer) -> dict[str, Any]:
    return {
        "model": served.champion.model,
        "version": served.champion.version,
        "run_id": served.champion.run_id,
        "policy": served.decision.policy,
        "threshold": served.decision.threshold,
        "tiers": dict(served.decision.tiers),
        "tags": served.champion.tags,
    }
