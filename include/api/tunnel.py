"""Give a local API a public address through ngrok's official SDK, which is no part of the lock."""

import importlib
import logging
import os
from typing import Any

from include.api.errors import TunnelError

log = logging.getLogger(__name__)

TOKEN = "NGROK_AUTHTOKEN"  # noqa: S105 - the variable's name


def open_tunnel(port: int) -> str:
    """Open a tunnel to a port of this machine, which lasts as long as the process, and return its address.

    Raises:
        TunnelError: the SDK or the token is missing, or ngrok refuses.
    """
    if not os.environ.get(TOKEN):
        raise TunnelError(
            f"--public needs {TOKEN}: take the token of your account from https://dashboard.ngrok.com"
        )
    try:
        ngrok: Any = importlib.import_module("ngrok")
    except ImportError:
        raise TunnelError(
            "--public needs ngrok's SDK, which is not locked: `pip install ngrok`, then again"
        ) from None
    try:
        listener = ngrok.forward(port, authtoken_from_env=True)
    except (
        ValueError
    ) as error:  # what the SDK raises for all that ngrok refuses
        raise TunnelError(f"ngrok opened no tunnel: {error}") from error
    address = str(listener.url())
    log.info("Public address: %s", address)
    return address
