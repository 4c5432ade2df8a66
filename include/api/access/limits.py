"""What one caller may ask: as often as a bucket of tokens allows, which refills with time; bodies of a told length."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flask import Flask, g, request
from werkzeug.exceptions import LengthRequired, TooManyRequests

REMEMBERED = 10_000
"""Callers; the one that asked longest ago is forgotten first, and would have a full bucket by then."""


class Buckets:
    """Tokens of each caller, safe to use from several threads."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`burst` tokens at first and at most, `per_second` new ones in a second."""
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> float:
        """Takes one token of a caller: 0 if there was one, else the seconds until there is."""
        now = self._clock()
        with self._lock:
            tokens, since = self._left.pop(caller, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + (now - since) * self._per_second)
            wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
            self._left[caller] = (tokens if wait else tokens - 1, now)
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return wait


def limit_rates(app: Flask, buckets: Buckets | None) -> None:
    """Refuses callers that ask too often; routes that are open to all have no caller, so no limit.

    Args:
        app: in which callers are identified before.
        buckets: None sets no limit.
    """

    def take() -> None:
        if buckets is not None and g.caller and (wait := buckets.take(g.caller)):
            seconds = math.ceil(wait)
            raise TooManyRequests(f"too many requests with this key; wait {seconds} s", retry_after=seconds)

    app.before_request(take)


def require_lengths(app: Flask) -> None:
    """Refuses bodies that do not say how long they are.

    Werkzeug cuts such a body at the largest length that is allowed, and cannot tell a whole one from one whose caller
    has hung up: half a CSV would be scored as if it were all of it.
    """

    def look() -> None:
        if "Transfer-Encoding" in request.headers:
            raise LengthRequired("send a body whole, with a Content-Length; one in chunks is not taken")
        request.environ.pop("wsgi.input_terminated", None)  # the length is what ends a body

    app.before_request(look)
