"""Who asks: an API key in a header of its own, as bearer token or as password of HTTP Basic; few routes are open.

A view then finds the key's name in `flask.g.caller` and, with Basic, the user in `flask.g.rep`.
"""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, abort, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from include.api.access.keys import Keys

KEY_HEADER = "X-API-Key"
ANYONE = "anyone"
CHALLENGE = WWWAuthenticate("basic", {"realm": "lead scoring", "charset": "UTF-8"})


def open_to_all[View: Callable[..., object]](view: View) -> View:
    """Marks a view that answers without a key."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def require_keys(app: Flask, keys: Keys | None, opened: frozenset[str] = frozenset()) -> None:
    """Lets only callers with a key through, to every route that is not open.

    Args:
        app: to guard.
        keys: None lets everyone through, and calls them all ANYONE.
        opened: endpoints that answer without a key in this process.
    """
    app.extensions["keys"] = keys

    def identify() -> None:
        g.caller, g.rep = None, None
        if keys is None:
            g.caller, g.rep = ANYONE, _basic_user()
        elif not _is_open(opened):
            g.caller, g.rep = _caller(keys), _basic_user()

    app.before_request(identify)


def _is_open(opened: frozenset[str]) -> bool:
    endpoint = request.endpoint or ""
    return endpoint in opened or getattr(current_app.view_functions.get(endpoint), "open_to_all", False)


def _caller(keys: Keys) -> str:
    given = _given()
    if not given:
        raise Unauthorized(
            f"send an API key: header {KEY_HEADER}, a bearer token, or HTTP Basic with the key as password",
            www_authenticate=CHALLENGE,
        )
    if not keys.loaded:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, "the API keys cannot be read yet; see the API's log, and try again")
    name = keys.name_of(given)
    if name is None:
        raise Unauthorized("nobody has this API key; ask the operators for one", www_authenticate=CHALLENGE)
    return name


def _given() -> str:
    if key := request.headers.get(KEY_HEADER, ""):
        return key
    sent = request.authorization
    if sent is None:
        return ""
    return (sent.token if sent.type == "bearer" else sent.password) or ""


def _basic_user() -> str | None:
    sent = request.authorization
    return (sent.username or None) if sent is not None and sent.type == "basic" else None
