"""What alerts say of a task that failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from lead_ops.alerts.alert import Message, Origin
from lead_ops.alerts.words import plural, sentence


def task_failed(
    results: Sequence[Mapping[str, Any]], origin: Origin
) -> Message:
    """Say which task failed with what type of exception; the message of an exception can hold a secret."""
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
