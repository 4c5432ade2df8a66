"""The scoring API as a WSGI application: leads in, scores and reasons of the current champions out."""

from flask import Flask, Response, request

from include.api.access.auth import require_keys
from include.api.access.keys import Keys, secret_keys
from include.api.access.limits import Buckets, limit_rates, require_lengths
from include.api.desk.routes import desk
from include.api.error_replies import explain_errors
from include.api.logs import trace_requests
from include.api.metrics import Metrics
from include.api.openapi import document
from include.api.routes import add_routes
from include.contract import load_contract
from include.scoring.champions import Champions, registry_champions
from include.scoring.model_folder import folder_champions, sagemaker_folder
from include.settings import settings

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
MAX_BODY_BYTES = 4 * 1024 * 1024
ENDPOINT_OPEN = frozenset({"invocations"})
"""SageMaker has asked IAM before a request reaches the container."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(champions: Champions | None = None, keys: Keys | None = None, endpoint: bool = False) -> Flask:
    """The WSGI application.

    Args:
        champions: where they come from; None takes the settings' registry or model folder and starts to watch it.
        keys: who may ask; None takes the settings' secret and starts to watch it, unless the settings turn keys off.
        endpoint: whether SageMaker sends the requests: the model folder is /opt/ml/model, and /invocations is open.
    """
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, MAX_FORM_PARTS=20)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    contract, champions = load_contract(settings().contract), champions or _watched_champions(endpoint)
    metrics = Metrics(contract, champions)
    app.extensions |= {"champions": champions, "contract": contract, "metrics": metrics}
    app.extensions["openapi"] = document(contract, settings())
    keys = keys or _watched_keys(endpoint)
    app.before_request(_name_method)
    trace_requests(app)
    require_keys(app, keys, ENDPOINT_OPEN if endpoint else frozenset())
    limit_rates(app, _buckets() if keys else None)
    require_lengths(app)
    metrics.watch(app)
    explain_errors(app)
    app.after_request(_protect)
    add_routes(app)
    app.register_blueprint(desk)
    return app


def _watched_champions(endpoint: bool) -> Champions:
    named = settings().api.model_folder
    champions = folder_champions(sagemaker_folder()) if endpoint or named else registry_champions()
    champions.start()
    return champions


def _watched_keys(endpoint: bool) -> Keys | None:
    if endpoint:  # nobody has a key of a container that only SageMaker can reach
        keys = Keys(dict)
        keys.refresh()
        return keys
    if settings().api.auth == "off":
        return None
    keys = secret_keys()
    keys.start()
    return keys


def _buckets() -> Buckets | None:
    per_second = settings().api.requests_per_second
    return Buckets(per_second, settings().api.burst) if per_second else None


def _name_method() -> None:
    """Calls any method that HTTP does not have OTHER: callers may send any word, and logs and metrics say methods."""
    if request.method not in METHODS:
        request.method = "OTHER"


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
