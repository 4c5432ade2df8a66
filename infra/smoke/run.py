"""Run the steps one after the other, compare each with what local AWS answers, and clean up in any case."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

log = logging.getLogger(__name__)

EXPECTED = Path(__file__).with_name("expected.yaml")
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One thing to try.

    Attributes:
        name: its name in the report and in expected.yaml.
        run: does it and returns what it has seen: facts by name, equal in every account where all is well.
    """

    name: str
    run: Callable[[], Facts]


@dataclass
class Cleaning:
    """Undo what the steps have made, the last thing first."""

    _acts: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def add(self, name: str, act: Callable[[], object]) -> None:
        """Remember how to remove a thing; call it before the thing is made, so `act` must bear that it is absent."""
        self._acts.append((name, act))

    def clean(self) -> list[str]:
        """Do every act, whatever becomes of the others; return the names of those that failed, with the reason."""
        failures = []
        for name, act in reversed(self._acts):
            try:
                act()
            except Exception as error:  # the others must be done too
                failures.append(f"{name}: {_reason(error)}")
        self._acts.clear()
        return failures


@cache
def expectations() -> dict[str, dict[str, Any]]:
    """Return what each step sees on local AWS, by the step's name; a test keeps the file true."""
    parsed: dict[str, dict[str, Any]] = yaml.safe_load(
        EXPECTED.read_text(encoding="utf-8")
    )
    return parsed


def run_steps(
    steps: list[Step],
    cleaning: Cleaning,
    expected: Mapping[str, Facts] | None = None,
) -> int:
    """Run all steps, also after one that failed, then clean up.

    Args:
        steps: in their order.
        cleaning: gets its acts from the steps.
        expected: facts by step; None takes those that are recorded.

    Returns:
        Exit status: 0 only if every step saw what is expected and everything was removed.
    """
    if expected is None:
        expected = expectations()
    problems = 0
    with _cleaned(cleaning) as failures:
        for step in steps:
            problems += not _run_step(step, expected[step.name])
    return 1 if problems or failures else 0


@contextmanager
def _cleaned(cleaning: Cleaning) -> Iterator[list[str]]:
    """Clean up at the end, also when somebody interrupts; yield the list that then gets what could not be removed."""
    failures: list[str] = []
    try:
        yield failures
    finally:
        failures += cleaning.clean()
        for failure in failures:
            log.info("%-8s cleaning: %s", "failed", failure)
        if not failures:
            log.info("%-8s cleaning", "ok")


def _run_step(step: Step, expected: Facts) -> bool:
    """Run one step and report it; return whether it saw what is expected."""
    started = time.monotonic()
    try:
        facts = step.run()
    except (
        Exception
    ) as error:  # whatever it is: the next step may still show something
        log.info("%-8s %s: %s", "failed", step.name, _reason(error))
        log.debug("step %s", step.name, exc_info=True)
        return False
    found = differences(facts, expected)
    for line in found:
        log.info("%-8s %s: %s", "differs", step.name, line)
    if not found:
        seconds = time.monotonic() - started
        log.info("%-8s %s (%.0f s)", "ok", step.name, seconds)
    return not found


def differences(facts: Facts, expected: Facts) -> list[str]:
    """Say in words which facts are not the expected ones."""
    names = [*expected, *(name for name in facts if name not in expected)]
    lines = []
    for name in names:
        fact = facts.get(name)
        local = expected.get(name)
        if fact != local:
            lines.append(f"{name}: {fact!r}; local AWS answers {local!r}")
    return lines


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
