"""Refuse requests that come from a web page: this server checks no signature, and its Glue jobs run programs.

Any page that is open in a browser on this machine can send requests to localhost. Three headers, which no page can
forge, tell them apart from those of an AWS client (https://fetch.spec.whatwg.org/#forbidden-request-header):

- `Origin`: browsers send it with every POST, PUT and DELETE, and with every read by a script. AWS clients never do.
- `Host`: a page whose name was made to point at 127.0.0.1 (DNS rebinding) sends its own name.
- `Sec-Fetch-Site: cross-site`: images and links of foreign pages, which send no Origin.
"""

import json
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

log = logging.getLogger(__name__)

Application = Callable[..., Iterable[bytes]]

OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names under which this machine calls itself."""


class Guard:
    """Answer 403 to requests of web pages, and let all others through (WSGI middleware)."""

    def __init__(
        self, application: Application, hosts: Collection[str] = ()
    ) -> None:
        """`hosts` are further names of this server, without port, such as that of its container."""
        self._application = application
        self._hosts = OWN_HOSTS | {host.lower() for host in hosts}

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Refuse the request with a reason, or let it through."""
        reason = self._reason(environ)
        if not reason:
            return self._application(environ, start_response)
        log.warning("refused a request: %s", reason)
        body = {
            "__type": "AccessDeniedException",
            "message": f"refused by local AWS: {reason}",
        }
        start_response(
            "403 Forbidden", [("Content-Type", "application/x-amz-json-1.1")]
        )
        return [json.dumps(body).encode()]

    def _reason(self, environ: dict[str, Any]) -> str:
        """Return why a request is refused; empty if it is not."""
        if "HTTP_ORIGIN" in environ:
            return "it has an Origin header, so a web page sent it"
        if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site":
            return "a web page of another site sent it"
        host = _without_port(environ.get("HTTP_HOST", ""))
        if host not in self._hosts:
            return (
                f"Host {host!r} is none of its names; "
                f"--host-name {host or 'NAME'} adds one"
            )
        return ""


def _without_port(host: str) -> str:
    """Return the name in a Host header in lower case; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        return name.lower()
    return host.lower()
