"""Find the request for one lead in a body: `{"lead": {...}, "events": [...], "as_of": "..."}` or `{"lead": "id"}`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.api.bodies.kinds import kind_of
from include.api.errors import UnreadableBodyError
from include.scoring.leads.names import LeadNames, quoted

LEAD, EVENTS, AS_OF = "lead", "events", "as_of"
FORM = (
    f'send {{"{LEAD}": {{...}}, "{EVENTS}": [...]}}, perhaps with "{AS_OF}", or {{"{LEAD}": "id"}} for the features '
    "that the last run published"
)


@dataclass(frozen=True)
class LeadRequest:
    """A request for one lead, as the caller wrote it.

    Attributes:
        lead: names and values of its row in the leads' source, or its id.
        events: names and values of each; empty for an id.
        as_of: the moment, None for now.
    """

    lead: Mapping[str, Any] | str
    events: Sequence[Mapping[str, Any]] = ()
    as_of: str | None = None


def lead_request(
    content: Mapping[str, Any], names: LeadNames
) -> LeadRequest | None:
    """Return the request that an object is, None where it is something else.

    A contract's own column wins: where one is called `lead`, an object with that name is a lead.

    Raises:
        UnreadableBodyError: the contract has no sources, or the object is no such request though it looks like one.
    """
    if not names.has_sources:
        _refuse_events(content, names)
        return None
    if LEAD not in content or names.find(LEAD) is not None:
        _refuse_alone(content, names)
        return None
    others = [
        quoted(name) for name in content if name not in (LEAD, EVENTS, AS_OF)
    ]
    if others:
        raise UnreadableBodyError(
            f"beside {quoted(LEAD)} there is {', '.join(others[:5])}; {FORM}"
        )
    lead = content[LEAD]
    if isinstance(lead, str):
        return _by_id(content, lead)
    if not isinstance(lead, dict):
        raise UnreadableBodyError(
            f"{quoted(LEAD)} holds {kind_of(lead)}, neither an object nor an id; {FORM}"
        )
    return _with_events(content, lead)


def _refuse_events(content: Mapping[str, Any], names: LeadNames) -> None:
    """Raise UnreadableBodyError for events that a contract cannot read."""
    if names.find(EVENTS) is not None:
        return
    if isinstance(content.get(EVENTS), list | dict):
        raise UnreadableBodyError(
            f"{quoted(EVENTS)} cannot be read: leads of this contract come from one file, and no feature of theirs is "
            "made of events; send the lead's fields alone"
        )


def _refuse_alone(content: Mapping[str, Any], names: LeadNames) -> None:
    """Raise UnreadableBodyError for events without `lead`."""
    if EVENTS in content and names.find(EVENTS) is None:
        raise UnreadableBodyError(
            f"{quoted(EVENTS)} stands without {quoted(LEAD)}; {FORM}"
        )


def _by_id(content: Mapping[str, Any], lead: str) -> LeadRequest:
    """Return the request for a lead by its id."""
    for name in (EVENTS, AS_OF):
        if name in content:
            raise UnreadableBodyError(
                f"{quoted(LEAD)} is an id, whose features the last run has computed as of its own moment, so "
                f"{quoted(name)} cannot stand beside it; {FORM}"
            )
    return LeadRequest(lead)


def _with_events(
    content: Mapping[str, Any], lead: Mapping[str, Any]
) -> LeadRequest:
    """Return the request for a lead with its events."""
    if EVENTS not in content:
        raise UnreadableBodyError(
            f"{quoted(LEAD)} is an object, and {quoted(EVENTS)} is not there; without any event send an empty list, "
            f"and for features of your own the lead's fields without {quoted(LEAD)}; {FORM}"
        )
    events = content[EVENTS]
    if not isinstance(events, list):
        raise UnreadableBodyError(
            f"{quoted(EVENTS)} holds {kind_of(events)}, not a list; {FORM}"
        )
    for number, event in enumerate(events, start=1):
        if not isinstance(event, dict):
            raise UnreadableBodyError(
                f"event {number} is {kind_of(event)}, not an object of names and values; {FORM}"
            )
    as_of = content.get(AS_OF)
    if as_of is not None and not isinstance(as_of, str):
        raise UnreadableBodyError(
            f"{quoted(AS_OF)} holds {kind_of(as_of)}, not a moment as text such as 2026-01-31T08:30:00Z; {FORM}"
        )
    return LeadRequest(lead, events, as_of)
