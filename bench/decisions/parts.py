"""The parts of the benchmark. Their own module: a process that is spawned cannot import a package's `__main__`."""

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

MODULES: Mapping[str, str] = {
    "false_alarms": "drift",
    "power": "drift",
    "outages_on_uci": "drift",
    "spelling": "spelling",
    "uci_later": "later",
    "uci_chosen_gap": "later",
    "gate": "gate",
    "calibration_off": "calibration",
}
"""Part to the module of this package whose function of the part's name measures it."""


def measure(part: str, quick: bool) -> tuple[dict[str, Any], float]:
    """Return the figures of a part and the seconds that they took.

    Args:
        part: a name in MODULES.
        quick: whether to take fewer repeats.
    """
    module = import_module(f"bench.decisions.{MODULES[part]}")
    function: Callable[[bool], dict[str, Any]] = getattr(module, part)
    started = time.monotonic()
    figures = function(quick)
    return figures, time.monotonic() - started
