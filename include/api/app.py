"""Build the scoring API as a WSGI application: leads in, scores and reasons of the current champions out."""

from collections.abc import Mapping
from functools import partial

from flask import Flask, Response, request

from include.api.access.auth import require_keys
from include.api.access.keys import Keys, secret_keys
from include.api.access.limits import Buckets, limit_rates, require_lengths
from include.api.contracts import serve_contracts
from include.api.desk.routes import desk
from include.api.desk.state import desk_of
from include.api.error_replies import explain_errors
from include.api.logs import trace_requests
from include.api.metrics import Metrics
from include.api.one_lead.making import lead_answers
from include.api.openapi.document import document
from include.api.state import AppState, attach_state
from include.api.views.routes import add_routes
from include.contract import Contract, load_contract
from include.contract.in_force import contract_in_force, settings_of
from include.lake.layout import Layout
from include.scoring.champions import Champions, registry_champions
from include.scoring.model_folder import folder_champions, sagemaker_folder
from include.settings import ApiSettings, Settings

METHODS = frozenset(
    {
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "CONNECT",
    }
)
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_FORM_PARTS = 20
ENDPOINT_OPEN = frozenset({"invocations"})
"""SageMaker has asked IAM before a request reaches the container."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(
    settings: Settings,
    champions: Champions | None = None,
    keys: Keys | None = None,
    endpoint: bool = False,
    further: Mapping[str, Champions] | None = None,
) -> Flask:
    """Return the WSGI application: that of the default contract, which hands on what is meant for another one.

    Args:
        settings: where it runs, and its limits.
        champions: where those of the default contract come from; None takes the settings' registry or model folder and
            starts to watch it.
        keys: who may ask; None takes the settings' secret and starts to watch it, unless the settings turn keys off.
        endpoint: whether SageMaker sends the requests: the model folder is /opt/ml/model, and /invocations is open.
        further: outcome to its champions, for the outcomes beside the main one; None takes those of the registry where
            `champions` come from there.
    """
    watched = champions is None
    if keys is None:
        keys = _watched_keys(settings, endpoint)
    buckets = _buckets(settings.api) if keys else None
    contract = load_contract(settings.contract)
    if champions is None:
        champions = _watched_champions(settings, contract, endpoint)
        if further is None:
            further = _watched_further(settings, contract, endpoint)
    state = _state(settings, contract, champions, keys, endpoint, further)
    app = _application(
        state, buckets, ENDPOINT_OPEN if endpoint else frozenset()
    )
    if endpoint or settings.api.model_folder:
        return app  # such a folder holds the champions of one contract
    apps = serve_contracts(
        app, settings, partial(_contract_app, settings, keys, buckets)
    )
    if watched:
        apps.start()
    return app


def _contract_app(
    settings: Settings, keys: Keys | None, buckets: Buckets | None, name: str
) -> Flask:
    """Return the application of another contract than the default, and begin to watch its champions.

    Raises:
        ContractError: the contract cannot be used.
    """
    own = settings_of(settings, name)
    contract = contract_in_force(settings, name)
    champions = _watched_champions(own, contract, endpoint=False)
    further = _watched_further(own, contract, endpoint=False)
    state = _state(own, contract, champions, keys, False, further)
    return _application(state, buckets)


def _application(
    state: AppState,
    buckets: Buckets | None,
    opened: frozenset[str] = frozenset(),
) -> Flask:
    """Return the application of one contract.

    Args:
        state: what its views share.
        buckets: the callers' rates; None sets no limit.
        opened: endpoints that answer without a key.
    """
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES, MAX_FORM_PARTS=MAX_FORM_PARTS
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    attach_state(app, state)
    app.before_request(_name_method)
    trace_requests(app)
    require_keys(app, state.keys, opened, state.contract.contract)
    limit_rates(app, buckets)
    require_lengths(app)
    state.metrics.watch(app)
    explain_errors(app)
    app.after_request(_protect)
    add_routes(app)
    app.register_blueprint(desk)
    return app


def _state(
    settings: Settings,
    contract: Contract,
    champions: Champions,
    keys: Keys | None,
    endpoint: bool,
    further: Mapping[str, Champions] | None,
) -> AppState:
    """Return what the views of one contract share."""
    layout = Layout(settings, contract)
    return AppState(
        settings=settings,
        contract=contract,
        layout=layout,
        champions=champions,
        keys=keys,
        metrics=Metrics(contract, champions, keys, further),
        openapi=document(contract, settings.api),
        desk=desk_of(settings.desk, contract, layout),
        answers=lead_answers(settings, layout, endpoint),
        further=further or {},
    )


def _watched_champions(
    settings: Settings, contract: Contract, endpoint: bool
) -> Champions:
    if endpoint or settings.api.model_folder:
        champions = folder_champions(
            settings, contract, sagemaker_folder(settings)
        )
    else:
        champions = registry_champions(settings, contract)
    champions.start()
    return champions


def _watched_further(
    settings: Settings, contract: Contract, endpoint: bool
) -> dict[str, Champions]:
    """Return outcome to its champions, for the outcomes beside the main one, and begin to watch them."""
    further: dict[str, Champions] = {}
    for view in contract.views[1:]:
        further[view.outcome] = _watched_champions(settings, view, endpoint)
    return further


def _watched_keys(settings: Settings, endpoint: bool) -> Keys | None:
    if (
        endpoint
    ):  # nobody has a key of a container that only SageMaker can reach
        keys = Keys(dict)
        keys.refresh()
        return keys
    if settings.api.auth == "off":
        return None
    keys = secret_keys(settings)
    keys.start()
    return keys


def _buckets(limits: ApiSettings) -> Buckets | None:
    """Return the buckets of the settings' rate; None where they set no limit."""
    if not limits.requests_per_second:
        return None
    return Buckets(limits.requests_per_second, limits.burst)


def _name_method() -> None:
    """Call any method that HTTP does not have OTHER: callers may send any word, and logs and metrics name methods."""
    if request.method not in METHODS:
        request.method = "OTHER"


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
