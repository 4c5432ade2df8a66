"""What alerts say of a task that failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from lead_ops.alerts.alert import Message, Origin
from lead_ops.alerts.words import fact_name, mapping, one_line, plural, sentence


def task_failed(
    results: Sequence[Mapping[str, Any]], origin: Origin
) -> Message:
    """Say which task failed with what type of exception; the message of an exception can hold a secret.

    Where a training refused the models of all families, the task has left the reasons for the alert.
    """
    refused = refused_families(results)
    if origin.waited_for:
        happened = f"nothing arrived at {origin.waited_for} in time, so {origin.task_id} of {origin.dag_id} failed"
        advice = (
            "If a file was due, put it there and clear the task. If none was, you need not do anything: the next run "
            "waits for its own."
        )
    else:
        happened = f"task {origin.task_id} of {origin.dag_id} failed{_exception(origin)}"
        if refused:
            happened += ", because no family gave a usable model"
        advice = (
            "Read the end of the log, mend the cause, then clear the task in Airflow: every task of this project can "
            "be repeated."
        )
    return Message(
        sentence=sentence(happened),
        response=f"The task was tried {_tries(origin)}. Tasks that need its result do not run.",
        advice=advice,
        facts=(*_facts(origin), *refused),
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
