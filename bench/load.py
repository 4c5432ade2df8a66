"""Put load on the scoring API while champions are promoted and rolled back and the registry goes away and comes back.

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

from bench._services import (
    Process,
    api,
    lake,
    leads,
    register_versions,
    registry,
)
from bench._table import last_line, show
from bench._traffic import Championships, Traffic, check_replies
from include.contract import load_contract
from include.registry.registry import promote, rollback
from include.registry.tracking import connect
from include.settings import settings

THREADS = 4
ROUND = (
    ("promote", 15.0),
    ("roll back", 15.0),
    ("promote", 15.0),
    ("outage", 15.0),
    ("return", 15.0),
)
"""Acts of an operator, and the seconds of quiet behind each."""
WRONG = (
    "server_errors", "broken_connections", "refused_though_well_formed", "accepted_though_malformed", "wrong_versions",
    "mixed_versions", "mislabelled",
)  # fmt: skip


class Operator:
    """Promote, roll back, and take the registry away."""

    def __init__(self, server: Process, versions: list[str]) -> None:
        """Make the first version champion."""
        self._server = server
        self._versions = versions
        self._next = 1
        self._model = load_contract(settings().contract).model_name()
        self.champions = Championships()
        self.acts = 0
        self._promote(versions[0])

    def act(self, name: str) -> None:
        """Do one of the acts of a round."""
        self.acts += 1
        if name == "promote":
            place = self._next % len(self._versions)
            self._promote(self._versions[place])
            self._next += 1
        elif name == "roll back":
            started = time.monotonic()
            champion = rollback(
                connect(settings().mlflow.tracking_uri), self._model
            )
            self.champions.began(champion.version, started, time.monotonic())
        elif name == "outage":
            self._server.stop()
        else:
            self._server.start()

    def _promote(self, version: str) -> None:
        started = time.monotonic()
        promote(connect(settings().mlflow.tracking_uri), self._model, version)
        self.champions.began(version, started, time.monotonic())


def run(
    seconds: float,
    acts: tuple[tuple[str, float], ...] = ROUND,
    family: str = "lightgbm",
    rows: int = 3000,
) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    """Return what check_replies finds after `seconds` of load, and the API's memory: (seconds, MB)."""
    with tempfile.TemporaryDirectory() as work, lake(Path(work)):
        folder = Path(work)
        server = registry(folder)
        service, port = api(folder)
        try:
            server.start()
            operator = Operator(
                server, register_versions(family, rows, 3, print)
            )
            service.start()
            return _load(seconds, acts, operator, service, port)
        finally:
            service.stop()
            server.stop()


def _load(
    seconds: float,
    acts: tuple[tuple[str, float], ...],
    operator: Operator,
    service: Process,
    port: int,
) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    label = load_contract(settings().contract).label
    frame = leads(200, seed=99).drop(columns=[label])
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    traffic = Traffic(port, records, THREADS)
    started = time.monotonic()
    curve: list[tuple[float, float]] = []
    done = threading.Event()

    def record_memory() -> None:
        while not done.wait(1):
            curve.append((time.monotonic() - started, service.memory_mb()))

    watcher = threading.Thread(target=record_memory, daemon=True)
    watcher.start()
    traffic.start()
    while time.monotonic() < started + seconds:
        for name, quiet in acts:
            operator.act(name)
            time.sleep(quiet)
    traffic.stop()
    done.set()
    watcher.join()
    figures = check_replies(traffic.replies, traffic.broken, operator.champions)
    figures["acts"] = operator.acts
    figures["seconds"] = time.monotonic() - started
    return figures | memory(curve), curve


def memory(curve: list[tuple[float, float]]) -> dict[str, float]:
    """Return the memory in the middle and at the end, and the slope of the second half, by least squares."""
    middle = len(curve) // 2
    half = np.array(curve[middle:])
    moments = half[:, 0]
    sizes = half[:, 1]
    slope = 0.0
    if len(half) > 1:
        slope = float(np.polyfit(moments, sizes, 1)[0])
    return {
        "middle_mb": float(sizes[0]),
        "end_mb": float(sizes[-1]),
        "rise_mb_per_minute": 60 * slope,
    }


def main() -> None:
    """Run the command line; exit with status 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures, curve = run(60 * arguments.minutes)
    step = max(1, len(curve) // 20)
    rows = [(round(moment), round(size)) for moment, size in curve[::step]]
    show("Memory of the API", ("seconds", "MB"), rows)
    show("Load", ("figure", "value"), list(figures.items()))
    last_line(figures, arguments.json)
    if any(figures[name] for name in WRONG):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
