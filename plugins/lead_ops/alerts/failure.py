"""What alerts say of a task that failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from lead_ops.alerts.alert import Message, Origin
from lead_ops.alerts.words import (
    fact_name,
    mapping,
    one_line,
    plural,
    sentence,
    text,
)


def task_failed(
    results: Sequence[Mapping[str, Any]], origin: Origin
) -> Message:
    """Say which task failed with what type of exception; the message of an exception can hold a secret.

    Where a training refused the models of all families of a stage, the task has left stage and reasons for the alert.
    """
    if any(mapping(result, "refused") for result in results):
        return _stage_refused(results, origin)
    if origin.waited_for:
        happened = f"nothing arrived at {origin.waited_for} in time, so {origin.task_id} of {origin.dag_id} failed"
        advice = (
            "If a file was due, put it there and clear the task. If none was, you need not do anything: the next run "
            "waits for its own."
        )
    else:
        happened = f"task {origin.task_id} of {origin.dag_id} failed{_exception(origin)}"
        advice = (
            "Read the end of the log, mend the cause, then clear the task in Airflow: every task of this project can "
            "be repeated."
        )
    return Message(
        sentence=sentence(happened),
        response=f"The task was tried {_tries(origin)}. Tasks that need its result do not run.",
        advice=advice,
        facts=_facts(origin),
    )


def _stage_refused(
    results: Sequence[Mapping[str, Any]], origin: Origin
) -> Message:
    """Say which stage gets no challenger, why, and that the other stages go on."""
    stages = [text(result, "stage") for result in results]
    stage = f"stage {stages[0]}" if stages[0] else "a stage"
    return Message(
        sentence=sentence(
            f"{stage} gets no challenger, because no family gave a usable model for it: "
            f"task {origin.task_id} of {origin.dag_id} refused them all"
        ),
        response="Nothing is registered for this stage. Its champion, where there is one, serves on. The other stages "
        "of the run go on. The run fails at its end, so that nobody overlooks this.",
        advice="The same leads would give the same models again, so do not clear the task. Read the reasons, then "
        "train on more leads, or on columns that tell them apart.",
        facts=(*_facts(origin), *refused_families(results)),
    )


def refused_families(
    results: Sequence[Mapping[str, Any]],
) -> tuple[tuple[str, str], ...]:
    """Return why the models of families are not registered, as facts of an alert."""
    facts = []
    for result in results:
        for family, reason in mapping(result, "refused").items():
            name = fact_name(f"Not registered, {family}", result, results)
            facts.append((name, one_line(reason)))
    return tuple(facts)


def _exception(origin: Origin) -> str:
    if not origin.exception or origin.exception == "unknown":
        return ""
    return f" with {origin.exception}"


def _tries(origin: Origin) -> str:
    if not origin.tries:
        return "as often as its retries allow"
    return plural(origin.tries, "time")


def _facts(origin: Origin) -> tuple[tuple[str, str], ...]:
    facts = []
    if origin.exception:
        facts.append(("Exception", origin.exception))
    if origin.waited_for:
        facts.append(("Looked at", origin.waited_for))
    return tuple(facts)
