"""Send requests from several threads, and check the replies: no 5xx, and only versions that were champion then."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

LAG_SECONDS = 10.0
"""Longest time until a promoted champion serves."""
MALFORMED_SHARE = 0.05
PAUSE_SECONDS = 0.02
JSON = "application/json"
CSV = "text/csv"
MALFORMED: tuple[tuple[str, bytes], ...] = (
    (JSON, b""), (JSON, b"{"), (JSON, b'{"a": NaN}'), (JSON, b"[" * 50_000), (JSON, b"\xff"), (JSON, b"[]"),
    (JSON, b"7"), (JSON, b"[" + b"{}," * 5000 + b"{}]"), (CSV, b"a,a\n1,2\n"), (CSV, b"a,b\n1\n"), (CSV, b"a\n\xff\n"),
    ("text/plain", b"x"), ("", b"x"), (JSON, b" " * (5 << 20)),
)  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """Record one reply: when it was asked for and came (monotonic seconds), its status, and what it said."""

    asked: float
    came: float
    status: int
    malformed: bool
    versions: frozenset[str] = frozenset()
    probability: float | None = None


@dataclass
class Championships:
    """Record which version was champion from when to when; a change lasts as long as the call that made it."""

    spans: list[tuple[str, float, float]] = field(default_factory=list)

    def began(self, version: str, before: float, after: float) -> None:
        """Record that a call between the two moments has made `version` the champion."""
        if self.spans:
            last, since, _ = self.spans[-1]
            self.spans[-1] = (last, since, after)
        self.spans.append((version, before, float("inf")))

    def allowed(self, reply: Reply) -> set[str]:
        """Return the versions that were champion while the request was under way, or at most LAG_SECONDS before."""
        return {
            version
            for version, since, until in self.spans
            if since <= reply.came and until >= reply.asked - LAG_SECONDS
        }


class Traffic:
    """Send requests from threads until told to stop."""

    def __init__(
        self, port: int, leads: Sequence[dict[str, Any]], threads: int
    ) -> None:
        """Send `leads[0]` first in every request, so that its probability shows which model has scored it."""
        self._port = port
        self._leads = leads
        self._stop = threading.Event()
        self.replies: list[Reply] = []
        self.broken = 0
        self._threads = [
            threading.Thread(target=self._ask, args=(seed,), daemon=True)
            for seed in range(threads)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, when the last reply has come."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _ask(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - traffic, no secret
        connection = self._connect()
        while not self._stop.wait(PAUSE_SECONDS):
            malformed = chance.random() < MALFORMED_SHARE
            kind, body = (
                chance.choice(MALFORMED)
                if malformed
                else (JSON, self._body(chance))
            )
            try:
                self.replies.append(
                    self._send(connection, kind, body, malformed)
                )
            except (OSError, http.client.HTTPException):
                self.broken += (
                    not malformed
                )  # a server may hang up on a body that it refuses to read
                connection.close()
                connection = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)

    def _body(self, chance: random.Random) -> bytes:
        count = chance.choice((0, 0, 0, 5, 50))
        others = chance.sample(self._leads, count)
        return json.dumps([self._leads[0], *others]).encode()

    def _send(
        self,
        connection: http.client.HTTPConnection,
        kind: str,
        body: bytes,
        malformed: bool,
    ) -> Reply:
        asked = time.monotonic()
        connection.request("POST", "/predict", body, {"Content-Type": kind})
        answer = connection.getresponse()
        content = answer.read()
        came = time.monotonic()
        if answer.status != http.client.OK:
            return Reply(asked, came, answer.status, malformed)
        predictions = json.loads(content)["predictions"]
        versions = frozenset(
            prediction["model_version"] for prediction in predictions
        )
        return Reply(
            asked,
            came,
            answer.status,
            malformed,
            versions,
            predictions[0]["probability"],
        )


def check_replies(
    replies: Sequence[Reply], broken: int, champions: Championships
) -> dict[str, Any]:
    """Return what went wrong, and how fast it was; every count but `requests` and `malformed` has to be 0."""
    well_formed = [reply for reply in replies if not reply.malformed]
    milliseconds = sorted(
        1000 * (reply.came - reply.asked) for reply in well_formed
    )
    probabilities: dict[str, set[float | None]] = {}
    for reply in well_formed:
        for version in reply.versions:
            probabilities.setdefault(version, set()).add(reply.probability)
    return {
        "requests": len(replies),
        "malformed": len(replies) - len(well_formed),
        "server_errors": sum(reply.status >= 500 for reply in replies),
        "broken_connections": broken,
        "refused_though_well_formed": sum(
            reply.status != 200 for reply in well_formed
        ),
        "accepted_though_malformed": sum(
            reply.status == 200 for reply in replies if reply.malformed
        ),
        "wrong_versions": sum(
            not reply.versions <= champions.allowed(reply)
            for reply in well_formed
        ),
        "mixed_versions": sum(len(reply.versions) > 1 for reply in well_formed),
        "mislabelled": sum(
            len(values) > 1 for values in probabilities.values()
        ),
        "versions_seen": len(probabilities),
        "slowest_promotion_s": _slowest(well_formed, champions),
        "p50_ms": milliseconds[len(milliseconds) // 2],
        "p99_ms": milliseconds[int(len(milliseconds) * 0.99)],
        "statuses": dict(
            sorted(Counter(str(reply.status) for reply in replies).items())
        ),
    }


def _slowest(replies: Sequence[Reply], champions: Championships) -> float:
    """Return the longest time from the call that promoted a version to the first reply of it."""
    waits = []
    for version, since, until in champions.spans[1:]:
        moments = [
            reply.came
            for reply in replies
            if version in reply.versions and since <= reply.came <= until
        ]
        first = min(moments, default=until)
        waits.append(first - since)
    return max(waits, default=0.0)
