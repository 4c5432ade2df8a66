"""Read leads from JSON and JSON lines."""

import json
from collections.abc import Mapping
from typing import Any

from include.api.bodies.kinds import kind_of
from include.api.bodies.sent_leads import SentLeads, check_columns, check_count
from include.api.bodies.wrappers import SHAPES, is_wrapper, unwrap
from include.api.errors import UnreadableBodyError
from include.scoring.leads.names import LeadNames, quoted

BYTE_ORDER_MARK = "\ufeff"


def load_json(body: bytes) -> Any:
    """Read JSON in UTF-8 in which no object gives a name twice. Raises UnreadableBodyError."""
    try:
        text = body.decode("utf-8").lstrip(BYTE_ORDER_MARK)
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeated_names,
        )
    except (ValueError, RecursionError) as error:
        raise UnreadableBodyError(f"not JSON: {error}") from error


def parse_json(
    body: bytes, names: LeadNames, max_columns: int, max_leads: int
) -> SentLeads:
    """Return the leads of a JSON body: one object, a list of objects, or a wrapper that is known.

    Raises:
        UnreadableBodyError: it is anything else; the message names what is accepted.
        BodyTooLargeError: it is one lead with more than `max_columns` names, or a list of more than `max_leads` leads.
        LeadsRefusedError: it is one object, and none of its names means a column.
    """
    content = load_json(body)
    if isinstance(content, dict):
        return unwrap(content, names, max_columns)
    if not isinstance(content, list) or not content:
        raise UnreadableBodyError(f"expected leads; {SHAPES}")
    check_count(len(content), max_leads)
    for number, lead in enumerate(content, start=1):
        if not isinstance(lead, dict):
            raise UnreadableBodyError(
                f"lead {number} is {kind_of(lead)}, not an object of names and values; {SHAPES}"
            )
    return SentLeads(content)


def parse_json_lines(
    body: bytes, names: LeadNames, max_columns: int, max_leads: int
) -> SentLeads:
    """Return the leads of a body with one JSON object a line; blank lines are skipped.

    Raises:
        UnreadableBodyError: a line is anything but one lead, such as a wrapper of several.
        BodyTooLargeError: a line has more than `max_columns` names, or there are more than `max_leads` leads.
    """
    leads: list[Mapping[str, Any]] = []
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        lead = _load_line(line, number)
        check_columns(len(lead), max_columns)
        _refuse_wrapper(lead, number, names)
        leads.append(lead)
        check_count(len(leads), max_leads)
    if not leads:
        raise UnreadableBodyError("expected one JSON object on each line")
    return SentLeads(leads)


def _load_line(line: bytes, number: int) -> dict[str, Any]:
    try:
        content = load_json(line)
    except UnreadableBodyError as error:
        raise UnreadableBodyError(f"line {number} is {error}") from error
    if not isinstance(content, dict):
        raise UnreadableBodyError(
            f"line {number} is {kind_of(content)}; expected one JSON object on each line"
        )
    return content


def _refuse_wrapper(
    lead: Mapping[str, Any], number: int, names: LeadNames
) -> None:
    """Raise UnreadableBodyError for a line that holds leads inside of an object."""
    wrappers = [name for name in lead if is_wrapper(name, names)]
    if wrappers:
        raise UnreadableBodyError(
            f"line {number} holds {quoted(wrappers[0])}; expected one lead on each line, without a wrapper"
        )


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("an object gives a name twice")
    return content


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
