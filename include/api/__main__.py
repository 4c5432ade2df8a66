"""Run the scoring API: `python -m include.api [serve | key NAME] [--host HOST] [--port PORT] [--public]`.

`serve` is what SageMaker runs in a container: port 8080, champions from /opt/ml/model. `key NAME` makes an API key,
with `--contracts a,b` one for these alone.
"""

import argparse
import logging
import os
import sys
import threading
import time
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, request
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from include.api.access.keys import (
    DEMO_KEY,
    add_key,
    hash_in,
    hash_of,
    read_entries,
)
from include.api.errors import KeysUnusableError, TunnelError
from include.api.logs import log_as_json
from include.api.tunnel import open_tunnel
from include.contract import load_contract
from include.settings import Settings, settings

log = logging.getLogger(__name__)

THREADS = 64
"""A request has one from its headers to its answer, so a slow caller holds one; who has no key is refused before the
body is read."""
LOGGING: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {}},
}
"""The server's own messages go where all others go."""
EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - a container is reached from outside


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped, or make a key; return the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "key":
        return _make_key(settings(), options.name, options.contracts)
    log_as_json()
    endpoint = options.command == "serve"
    host = options.host or _host(endpoint)
    port = options.port or _port(endpoint)
    if options.public:
        try:
            _require_keys(settings(), endpoint)
            open_tunnel(port)
        except TunnelError as error:
            log.error("%s", error)
            return 1
    _serve(settings(), host, port, endpoint)
    return 0


def _serve(settings: Settings, host: str, port: int, endpoint: bool) -> None:
    load_contract(
        settings.contract
    )  # what is wrong with the settings ends this process and not its worker
    server = Granian(
        "include.api.app",
        host,
        port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        http=HTTPModes.http1,
        websockets=False,
        log_dictconfig=LOGGING,
        respawn_failed_workers=True,
    )
    server.serve(
        target_loader=partial(_application, endpoint), wrap_loader=False
    )


def _application(endpoint: bool) -> Flask:
    """Return what the server's worker process serves."""
    from include.api.app import (
        create_app,  # here, because the models' libraries take seconds to import
    )

    watch = threading.Thread(
        target=_end_with,
        args=(os.getppid(),),
        name="parent-watch",
        daemon=True,
    )
    watch.start()
    app = create_app(settings(), endpoint=endpoint)
    app.after_request(_announce_close)
    return app


def _announce_close(response: Response) -> Response:
    """Say in the response that the server closes a connection whose body nobody has read.

    Granian does close it, and a caller that is not told loses its next request. The header is the server's to set
    (PEP 3333), so this is not in the application, which other servers may run.
    """
    body_was_read = "stream" in vars(request)
    if request.content_length and not body_was_read:
        response.headers["Connection"] = "close"
    return response


def _end_with(parent: int) -> None:
    """End this process when its parent has ended: a killed one cannot say goodbye, and the port would stay taken."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m include.api", description="The scoring API"
    )
    parser.add_argument(
        "command", nargs="?", default="api", choices=("api", "serve", "key")
    )
    parser.add_argument("name", nargs="?", default="", help="of the new key")
    parser.add_argument(
        "--contracts",
        type=lambda text: text.split(","),
        help="that the new key goes for, with commas between them; without it all",
    )
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument(
        "--public",
        action="store_true",
        help="open an ngrok tunnel; needs NGROK_AUTHTOKEN and the SDK",
    )
    return parser


def _host(endpoint: bool) -> str:
    if endpoint:
        return EVERY_INTERFACE
    return os.environ.get("LEADS_API_HOST", "127.0.0.1")


def _port(endpoint: bool) -> int:
    if endpoint:
        return int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    return int(os.environ.get("LEADS_API_PORT", "8090"))


def _require_keys(settings: Settings, endpoint: bool) -> None:
    """Raise TunnelError where anybody could get through: no keys, keys that cannot be read, the published one."""
    if endpoint:
        raise TunnelError(
            "--public with serve would score for the whole world: as SageMaker's container it answers /invocations "
            "without a key; leave serve away"
        )
    if settings.api.auth == "off":
        raise TunnelError(
            "--public with LEADS_API_AUTH=off would let the whole world ask; leave the keys on"
        )
    try:
        entries = read_entries(settings)
    except (KeysUnusableError, BotoCoreError, ClientError) as error:
        raise TunnelError(
            f"--public needs keys, and they cannot be read: {error}"
        ) from error
    if hash_of(DEMO_KEY) in map(hash_in, entries.values()):
        raise TunnelError(
            "--public with the demo key, which everybody can read: take it out of the secret "
            f"{settings.api.keys_secret} and make one with `python -m include.api key NAME`"
        )


def _make_key(
    settings: Settings, name: str, contracts: list[str] | None
) -> int:
    """Print a new key, or why there is none; return the exit status."""
    try:
        key = add_key(settings, name, contracts)
    except (KeysUnusableError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{key}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
