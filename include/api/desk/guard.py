"""Let only the desk's own pages post to the desk: a browser sends a rep's password with any page's request."""

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import abort, request

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def require_same_origin() -> None:
    """Abort with 403 when a request that may change something does not come from a page of this host.

    Browsers say where a request comes from in Sec-Fetch-Site over HTTPS and on localhost, and in Origin else; pages
    cannot forge either. What sends neither is no browser, and has POST /predict and POST /feedback.
    """
    if request.method in SAFE:
        return
    if not _same_origin():
        abort(
            HTTPStatus.FORBIDDEN,
            "this did not come from a page of the lead desk; open the desk and try again there",
        )


def require_form() -> None:
    """Abort with 415 when a body is no form: it would be read as one with nothing filled in."""
    if request.method in SAFE:
        return
    if request.mimetype not in FORMS:
        abort(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "send the form of a page of the lead desk",
        )


def _same_origin() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    return urlsplit(origin).netloc == request.host
