"""What alerts say of a load of several sources of which not all could be used."""

from collections.abc import Mapping, Sequence
from typing import Any

from lead_ops.alerts.alert import Message, Origin
from lead_ops.alerts.words import listed, sentence, text

PROBLEMS = {
    "missing": "missing",
    "refused": "refused by its quality gate",
    "late": "late",
}
"""What a load calls a problem of a source, and what a sentence calls it; the worst one first."""


def sources_incomplete(
    results: Sequence[Mapping[str, Any]], origin: Origin
) -> Message:
    """Say which sources are missing, refused or late, and why: the load goes on without them."""
    problems = source_problems(results)
    by_source: dict[str, str] = {}
    for problem, words in PROBLEMS.items():
        for entry in problems:
            if text(entry, "problem") == problem:
                by_source.setdefault(text(entry, "source"), words)
    clauses = [f"{source} is {words}" for source, words in by_source.items()]
    happened = listed(clauses) or "not every source of a load could be used"
    return Message(
        sentence=sentence(happened),
        response="The load goes on with the other sources. Features of a source that is missing or refused have no "
        "value, and are not guessed. What is there of a late source counts.",
        advice="Read the reasons, and ask whoever sends these files. Once they are there, run "
        f"{origin.dag_id} again: it reads every source whole.",
        facts=tuple(_fact(entry) for entry in problems),
    )


def _fact(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return a problem with its reason. That of a refused source can quote a lead, so it is in the log alone."""
    problem = text(entry, "problem")
    reason = text(entry, "reason")
    if problem == "refused":
        reason = "the log of the task says why"
    return f"{text(entry, 'source')}, {problem}", reason


def source_problems(
    results: Sequence[Mapping[str, Any]],
) -> list[Mapping[str, Any]]:
    """Return what is wrong with sources, as the quality gate returns it."""
    problems: list[Mapping[str, Any]] = []
    for result in results:
        entries = result.get("source_problems")
        if isinstance(entries, list | tuple):
            problems += [
                entry for entry in entries if isinstance(entry, Mapping)
            ]
    return problems
