"""Serve every contract in force in one process: the default one at /, each one under its own name.

Each contract has an application of its own, with its champions, its desk and its figures, so that nothing of one can
reach another. They share the callers' keys and rates.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, abort
from werkzeug.utils import redirect

from include.api.access.auth import open_to_all
from include.api.error_replies import explain_errors
from include.api.logs import trace_requests
from include.contract import ContractError
from include.contract.in_force import RESERVED, default_name, names_in_force
from include.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNUSABLE = "this contract cannot be used at present; the API's log says why"


class ContractApps:
    """Hand a request to the application of the contract that its path begins with, else to the default one's.

    An application is built once, by `start` or by the first request for it. A contract that cannot be used answers 503
    to its own callers, and is tried again at the next request.
    """

    def __init__(
        self,
        default: "WSGIApplication",
        default_contract: str,
        others: Iterable[str],
        build: Callable[[str], Flask],
    ) -> None:
        """Prepare; nothing is built yet.

        Args:
            default: application of the default contract.
            default_contract: its name; "" where it has no path of its own.
            others: names of the other contracts in force.
            build: makes the application of one of them; raises ContractError.
        """
        self._default = default
        self._default_contract = default_contract
        self._build = build
        self._apps: dict[str, Flask] = {}
        self._locks = {name: threading.Lock() for name in others}
        self._unusable = _unusable_app()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        name, separator, rest = path.removeprefix("/").partition("/")
        is_contract = name == self._default_contract or name in self._locks
        if not name or not is_contract:
            return self._default(environ, start_response)
        root = f"{environ.get('SCRIPT_NAME', '')}/{name}"
        if not separator:  # without the slash, a page's links would lead to the default contract
            return redirect(f"{root}/", HTTPStatus.PERMANENT_REDIRECT)(
                environ, start_response
            )
        environ["SCRIPT_NAME"] = root
        environ["PATH_INFO"] = f"/{rest}"
        return self._app(name)(environ, start_response)

    def start(self) -> None:
        """Begin to build the applications, one after the other, in a daemon thread."""
        threading.Thread(
            target=self._build_all, name="contracts", daemon=True
        ).start()

    def _build_all(self) -> None:
        for name in self._locks:
            self._app(name)

    def _app(self, name: str) -> "WSGIApplication":
        """Return the application of a contract, or one that says that it cannot be used."""
        if name == self._default_contract:
            return self._default
        with self._locks[name]:
            if name in self._apps:
                return self._apps[name]
            try:
                self._apps[name] = self._build(name)
            except ContractError as error:
                log.error("Contract %s is not served: %s", name, error)
                return self._unusable
            except Exception:  # of one contract; the others go on
                log.exception("Contract %s is not served", name)
                return self._unusable
        return self._apps[name]


def serve_contracts(
    app: Flask, settings: Settings, build: Callable[[str], Flask]
) -> ContractApps:
    """Let an application answer for the other contracts in force too.

    Args:
        app: of the default contract.
        settings: of the process.
        build: as in `ContractApps`.
    """
    _, *others = names_in_force(settings.contract, settings.contracts_folder)
    served = [name for name in others if name not in RESERVED]
    name = default_name(settings.contract)
    own_path = "" if name in RESERVED else name
    apps = ContractApps(app.wsgi_app, own_path, served, build)
    app.wsgi_app = apps  # type: ignore[method-assign]
    return apps


def _unusable_app() -> Flask:
    """Return an application that answers 503 to everything."""
    app = Flask(__name__, static_folder=None)
    trace_requests(app)
    explain_errors(app)

    @open_to_all
    def refuse(path: str = "") -> Response:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, UNUSABLE)

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, view_func=refuse, methods=METHODS)
    return app
