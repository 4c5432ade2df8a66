"""Identify the caller by an API key: in a header of its own, as bearer token, or as password of HTTP Basic.

A view then finds the key's name in `flask.g.caller` and, with Basic, the user in `flask.g.rep`. Few routes are open.
"""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, abort, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from include.api.access.keys import Keys

KEY_HEADER = "X-API-Key"
ANYONE = "anyone"
CHALLENGE = WWWAuthenticate(
    "basic", {"realm": "lead scoring", "charset": "UTF-8"}
)
NOT_FOR_THIS = "this API key is for other contracts; ask the operators for one that goes for this contract"


def open_to_all[View: Callable[..., object]](view: View) -> View:
    """Mark a view that answers without a key."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def require_keys(
    app: Flask,
    keys: Keys | None,
    opened: frozenset[str] = frozenset(),
    contract: str = "",
) -> None:
    """Let only callers with a key through, to every route that is not open.

    Args:
        app: to guard.
        keys: None lets everyone through, and calls them all ANYONE.
        opened: endpoints that answer without a key in this process.
        contract: name of what the application serves; a key with a list of contracts has to have it.
    """

    def identify() -> None:
        g.caller = None
        g.rep = None
        if keys is None:
            g.caller = ANYONE
            g.rep = _basic_user()
        elif not _is_open(opened):
            g.caller = _caller(keys)
            g.rep = _basic_user()
            if not keys.allows(g.caller, contract):
                abort(HTTPStatus.FORBIDDEN, NOT_FOR_THIS)

    app.before_request(identify)


def _is_open(opened: frozenset[str]) -> bool:
    endpoint = request.endpoint or ""
    if endpoint in opened:
        return True
    view = current_app.view_functions.get(endpoint)
    return getattr(view, "open_to_all", False)


def _caller(keys: Keys) -> str:
    """Return the name of the request's key. Aborts with 401 without a right one, 503 before the keys are read."""
    key = _sent_key()
    if not key:
        raise Unauthorized(
            f"send an API key: header {KEY_HEADER}, a bearer token, or HTTP Basic with the key as password",
            www_authenticate=CHALLENGE,
        )
    if not keys.loaded:
        abort(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the API keys cannot be read at present; see the API's log, and try again",
        )
    name = keys.name_of(key)
    if name is None:
        raise Unauthorized(
            "nobody has this API key; ask the operators for one",
            www_authenticate=CHALLENGE,
        )
    return name


def _sent_key() -> str:
    key = request.headers.get(KEY_HEADER, "")
    if key:
        return key
    sent = request.authorization
    if sent is None:
        return ""
    if sent.type == "bearer":
        return sent.token or ""
    return sent.password or ""


def _basic_user() -> str | None:
    sent = request.authorization
    if sent is None or sent.type != "basic":
        return None
    return sent.username or None
