"""Make the alert of an event from the results of its task: the one content that every channel shows."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lead_ops.alerts import drift, endpoint, failure, models, sources
from lead_ops.alerts.alert import Alert, Link, Message, Origin, is_web_address
from lead_ops.alerts.words import sentence, text, texts

log = logging.getLogger(__name__)

LINKS = {
    "drift_page_url": "Drift page",
    "gate_page_url": "Gate page",
    "model_card_url": "Model card",
    "refusal_page_url": "Refused stage",
    "report_url": "Full report",
    "mlflow_run_url": "MLflow run",
}
"""Key of a task's result to the name of its link, in the order of an alert."""

Result = Mapping[str, Any]


class Event(NamedTuple):
    """What an event is called, and the function that says what happened."""

    title: str
    message: Callable[[Sequence[Result], Origin], Message]


EVENTS = {
    "drift_detected": Event("Data drift detected", drift.drift_detected),
    "data_outage": Event(
        "Data outage: a feed looks broken, nothing is retrained",
        drift.data_outage,
    ),
    "retraining_started": Event(
        "Retraining has started", models.retraining_started
    ),
    "model_registered": Event(
        "A challenger model is registered", models.model_registered
    ),
    "approval_asked": Event(
        "A promotion waits for an answer in Airflow", models.approval_asked
    ),
    "rollback_asked": Event(
        "A rollback waits for an answer in Airflow", models.rollback_asked
    ),
    "model_deployed": Event(
        "A new champion model is deployed", models.model_deployed
    ),
    "champion_kept": Event("The champion model stays", models.champion_kept),
    "alias_refused": Event(
        "An alias was moved by hand and does not count", models.alias_refused
    ),
    "endpoint_deployed": Event(
        "The SageMaker endpoint serves the champions",
        endpoint.endpoint_deployed,
    ),
    "endpoint_rolled_back": Event(
        "A deployment failed: the endpoint goes back to what it served before",
        endpoint.endpoint_rolled_back,
    ),
    "sources_incomplete": Event(
        "Not every source of a load could be used", sources.sources_incomplete
    ),
    "task_failed": Event("A task has failed", failure.task_failed),
}
"""Event to its title and its message."""


def make_alert(event: str, result: Any, origin: Origin) -> Alert:
    """Return the alert of an event.

    Args:
        event: a key of EVENTS.
        result: of the task that has the details: a dictionary, a list of them for several stages, or anything else,
            which says nothing.
        origin: the task instance that the alert is about.
    """
    results = dictionaries(result)
    message = _message(event, results, origin)
    return Alert(
        event=event,
        title=title_of(event, origin),
        message=message,
        links=_links(results, message, origin),
        origin=origin,
    )


def title_of(event: str, origin: Origin) -> str:
    """Return what an event is called, with the contract in front where it is not the default one."""
    title = EVENTS[event].title
    return f"{origin.contract}: {title}" if origin.contract else title


def dictionaries(result: Any) -> list[Result]:
    """Return the dictionaries in a task's result: itself, or those of a list."""
    entries = result if isinstance(result, list | tuple) else [result]
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _message(event: str, results: Sequence[Result], origin: Origin) -> Message:
    """Return what an alert says; of a result that nobody foresaw it says its title, because no alert may get lost."""
    try:
        message = EVENTS[event].message(results, origin)
    except Exception as error:
        log.warning("Alert %s has no details: %s", event, type(error).__name__)
        message = Message(
            sentence=sentence(EVENTS[event].title),
            response="The task's result could not be read, so the alert does not say more.",
            advice="Read the log of the task.",
        )
    return _with_missing_pages(message, results)


def _with_missing_pages(message: Message, results: Sequence[Result]) -> Message:
    """Return the message, with the pages that could not be made as a fact."""
    pages = []
    for result in results:
        for page in texts(result, "missing_pages"):
            stage = text(result, "stage")
            pages.append(f"{page} ({stage})" if stage else page)
    if not pages:
        return message
    fact = ("Could not be made, the log says why", ", ".join(pages))
    return replace(message, facts=(*message.facts, fact))


def _links(
    results: Sequence[Result], message: Message, origin: Origin
) -> tuple[Link, ...]:
    """Return the links to pages, reports and MLflow runs, and to the task's log, each address once."""
    links = list(message.links)
    for key, name in LINKS.items():
        for result in results:
            address = result.get(key)
            if is_web_address(address):
                links.append(Link(_link_name(name, result, results), address))
    if is_web_address(origin.log_url):
        links.append(Link("Log", origin.log_url))
    by_address = {link.address: link for link in reversed(links)}
    return tuple(link for link in links if by_address[link.address] is link)


def _link_name(name: str, result: Result, results: Sequence[Result]) -> str:
    """Return the link's name, with its stage where the result is about several."""
    stage = text(result, "stage")
    return f"{name}, {stage}" if stage and len(results) > 1 else name
