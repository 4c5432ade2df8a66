"""Load on the scoring API while champions are promoted and rolled back and the registry goes away and comes back.

`python -m bench.load --minutes 10 --json`: a real MLflow server, the API as its own process, requests from
several threads, 5 % of them malformed. Wrong is a 5xx, a broken connection, and a reply whose version was not champion
while the request was under way or in the 10 s before. The curve of the API's memory is printed; `rise_mb_per_minute` is
the slope of its second half.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench._services import Process, api, leads, register_versions, registry
from bench._table import last_line, show
from bench._traffic import Championships, Traffic, check_replies
from include.contract import load_contract
from include.registry.registry import promote, rollback
from include.registry.tracking import connect
from include.settings import settings

THREADS = 4
ROUND = (("promote", 15.0), ("roll back", 15.0), ("promote", 15.0), ("outage", 15.0), ("return", 15.0))
"""What happens, and how long it is left alone then, in seconds."""
WRONG = (
    "server_errors", "broken_connections", "refused_though_well_formed", "accepted_though_malformed", "wrong_versions",
    "mixed_versions", "mislabelled",
)  # fmt: skip


class Operator:
    """Promotes, rolls back, and takes the registry away."""

    def __init__(self, server: Process, versions: list[str]) -> None:
        """The first version is champion from now on."""
        self._server, self._versions, self._next = server, versions, 1
        self._model = load_contract(settings().contract).model_name()
        self.champions, self.acts = Championships(), 0
        self._promote(versions[0])

    def act(self, name: str) -> None:
        """Does one of the things of a round."""
        self.acts += 1
        if name == "promote":
            self._promote(self._versions[self._next % len(self._versions)])
            self._next += 1
        elif name == "roll back":
            before = time.monotonic()
            champion = rollback(connect(settings().mlflow.tracking_uri), self._model)
            self.champions.began(champion.version, before, time.monotonic())
        elif name == "outage":
            self._server.stop()
        else:
            self._server.start()

    def _promote(self, version: str) -> None:
        before = time.monotonic()
        promote(connect(settings().mlflow.tracking_uri), self._model, version)
        self.champions.began(version, before, time.monotonic())


def run(
    seconds: float, acts: tuple[tuple[str, float], ...] = ROUND, family: str = "lightgbm", rows: int = 3000
) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    """Return what check_replies finds after `seconds` of load, and the API's memory: (seconds, MB)."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        server = registry(folder)
        service, port = api(folder)
        try:
            server.start()
            operator = Operator(server, register_versions(family, rows, 3, print))
            service.start()
            return _load(seconds, acts, operator, service, port)
        finally:
            service.stop()
            server.stop()


def _load(
    seconds: float, acts: tuple[tuple[str, float], ...], operator: Operator, service: Process, port: int
) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    asked = leads(200, seed=99).drop(columns=[load_contract(settings().contract).label])
    traffic = Traffic(port, asked.astype(object).where(asked.notna(), None).to_dict("records"), THREADS)
    started, curve, done = time.monotonic(), list[tuple[float, float]](), threading.Event()

    def weigh() -> None:
        while not done.wait(1):
            curve.append((time.monotonic() - started, service.memory_mb()))

    watcher = threading.Thread(target=weigh, daemon=True)
    watcher.start()
    traffic.start()
    while time.monotonic() < started + seconds:
        for name, rest in acts:
            operator.act(name)
            time.sleep(rest)
    traffic.stop()
    done.set()
    watcher.join()
    found = check_replies(traffic.replies, traffic.broken, operator.champions)
    return found | {"acts": operator.acts, "seconds": time.monotonic() - started} | memory(curve), curve


def memory(curve: list[tuple[float, float]]) -> dict[str, float]:
    """Memory in the middle and at the end, and the slope of the second half, by least squares."""
    half = np.array(curve[len(curve) // 2 :])
    slope = float(np.polyfit(half[:, 0], half[:, 1], 1)[0]) if len(half) > 1 else 0.0
    return {"middle_mb": float(half[0, 1]), "end_mb": float(half[-1, 1]), "rise_mb_per_minute": 60 * slope}


def main() -> None:
    """The command line: exit status 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found, curve = run(60 * arguments.minutes)
    step = max(1, len(curve) // 20)
    show("Memory of the API", ("seconds", "MB"), [(round(when), round(size)) for when, size in curve[::step]])
    show("Load", ("what", "found"), list(found.items()))
    last_line(found, arguments.json)
    if any(found[name] for name in WRONG):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
