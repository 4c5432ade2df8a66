"""Refuse what a foreign web page sends to an Airflow without a login: on a laptop everybody is admin.

Any page that is open in a browser on the same machine can send requests to localhost. Two headers, which no page can
forge, tell them apart (https://fetch.spec.whatwg.org/#forbidden-request-header):

- `Host`: a page whose name was made to point at 127.0.0.1 (DNS rebinding) sends its own name.
- `Origin`: browsers send it with every POST, PUT, PATCH and DELETE; Airflow's own pages send Airflow's address.

The guard stands only where `LEADS_AIRFLOW_HOSTS` names hosts, as `make up` and docker-compose.yaml do. MWAA does not
set it: there Airflow has a login.
"""

import json
import logging
import os
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

HOSTS_VARIABLE = "LEADS_AIRFLOW_HOSTS"
"""Names under which Airflow may be called, with commas between them, without ports; without it nothing is guarded."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})
FORBIDDEN = 403


class HostGuard:
    """Answer 403 to requests of foreign web pages, and let all others through (ASGI middleware)."""

    def __init__(self, app, hosts):
        """`hosts` are the names of this server, without port."""
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope, receive, send):
        """Refuse the request with a reason, or let it through."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reason = self._reason(scope)
        if not reason:
            await self._app(scope, receive, send)
            return
        log.warning("refused a request: %s", reason)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await send(
            {
                "type": "http.response.start",
                "status": FORBIDDEN,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        body = json.dumps({"detail": f"refused by {__name__}: {reason}"})
        await send({"type": "http.response.body", "body": body.encode()})

    def _reason(self, scope):
        """Return why a request is refused; empty if it is not."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1").lower()
            for name, value in scope["headers"]
        }
        host = headers.get("host", "")
        name = _host_name(host)
        if name not in self._hosts:
            return f"Host {name!r} is none of its names; {HOSTS_VARIABLE} lists them"
        if scope.get("method") in READS:
            return ""
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return f"a page of {origin} sent it, and not one of this Airflow"
        return ""


def _host_name(host):
    """Return the name in a Host header without its port; empty where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def root_middlewares():
    """Return the guard as Airflow's plugins name middlewares; nothing where no hosts are named."""
    names = os.environ.get(HOSTS_VARIABLE, "").split(",")
    hosts = [name.strip() for name in names if name.strip()]
    if not hosts:
        return []
    return [
        {
            "name": "host guard",
            "middleware": HostGuard,
            "kwargs": {"hosts": hosts},
        }
    ]
