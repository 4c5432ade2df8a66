"""Describe what is served, to people as pages and to programs as JSON: the champions, and the API itself."""

from typing import Any

from flask import Response, jsonify, render_template

from include.api.access.auth import open_to_all
from include.api.score_request import current_scorer, name_versions
from include.api.state import app_state
from include.scoring.champions import Champions
from include.scoring.outcomes import OUTCOMES
from include.scoring.scorer import Scorer


def index() -> str:
    """Return the page for people: which champions serve, how good they are, how to ask for a score."""
    problems = app_state().champions.problems
    return render_template(
        "index.html",
        champions=_described(app_state().champions),
        problems=problems,
    )


def model() -> Response:
    """Return the champions in use by stage: name, version, run, decision and tags; and the registry's problems.

    The same of further outcomes is in `outcomes`.
    """
    scorer = current_scorer()
    description = _served(app_state().champions)
    further = app_state().further
    if further:
        description[OUTCOMES] = {
            outcome: _served(champions)
            for outcome, champions in further.items()
        }
    return name_versions(jsonify(description), scorer)


@open_to_all
def openapi() -> Response:
    """Return the description of this API, with every field of a lead from the contract."""
    return jsonify(app_state().openapi)


@open_to_all
def docs() -> str:
    """Return the description of this API as a page."""
    return render_template("docs.html", api=app_state().openapi)


def _served(champions: Champions) -> dict[str, Any]:
    return {
        "champions": _described(champions),
        "registry_problems": champions.problems,
    }


def _described(champions: Champions) -> dict[str, dict[str, Any]]:
    scorer = champions.scorer
    if scorer is None:
        return {}
    descriptions = {}
    for stage, stage_scorer in scorer.scorers.items():
        descriptions[str(stage)] = _description(stage_scorer)
    return descriptions


def _description(scorer: Scorer) -> dict[str, Any]:
    return {
        "model": scorer.champion.model,
        "version": scorer.champion.version,
        "run_id": scorer.champion.run_id,
        "policy": scorer.decision.policy,
        "threshold": scorer.decision.threshold,
        "tiers": dict(scorer.decision.tiers),
        "tier_scale": scorer.decision.tier_scale,
        "tags": scorer.champion.tags,
    }
