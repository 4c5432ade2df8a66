"""Read the objects that clients of other model servers wrap leads in; refuse every other wrapper.

A contract's own column wins: where one is called `inputs`, an object with that name is a lead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from include.api.bodies.kinds import kind_of
from include.api.bodies.one_lead import lead_request
from include.api.bodies.sent_leads import SentLeads, check_columns
from include.api.errors import UnreadableBodyError
from include.scoring.errors import LeadsRefusedError, Problem
from include.scoring.leads.names import LeadNames, quoted

LISTS = ("instances", "inputs", "dataframe_records", "leads")
"""Wrappers of a list of leads: TensorFlow's and SageMaker's, KServe's, MLflow's, our own."""
SPLIT = "dataframe_split"
WRAPPERS = frozenset({*LISTS, SPLIT})
COLUMNS, ROWS, INDEX = "columns", "data", "index"
SHAPES = (
    "send a lead as an object of names and single values, leads as a list of such objects, "
    f'as {{"instances": [...]}} (also {", ".join(LISTS[1:])}), '
    f'or as {{"{SPLIT}": {{"{COLUMNS}": [...], "{ROWS}": [[...], ...]}}}}'
)


def is_wrapper(name: str, names: LeadNames) -> bool:
    """Return whether a name is a wrapper's that is read, and no column's."""
    return name in WRAPPERS and names.find(name) is None


def unwrap(
    content: Mapping[str, Any], names: LeadNames, max_columns: int
) -> SentLeads:
    """Return the leads of an object: the object itself, those in a wrapper that is known, or the request for one lead.

    Raises:
        UnreadableBodyError: it is another wrapper, or brings something else beside its leads.
        BodyTooLargeError: it has more than `max_columns` names.
        LeadsRefusedError: it is no wrapper, and none of its names means a column.
    """
    check_columns(len(content), max_columns)
    request = lead_request(content, names)
    if request is not None:
        return SentLeads([], request=request)
    wrappers = [
        name for name in WRAPPERS & content.keys() if is_wrapper(name, names)
    ]
    if not wrappers:
        _check_lead(content, names)
        return SentLeads([content])
    wrapper = wrappers[0]
    others = [quoted(name) for name in content if name != wrapper]
    if others:
        raise UnreadableBodyError(
            f"beside {quoted(wrapper)} there is {', '.join(others[:5])}; send the leads' wrapper alone"
        )
    if wrapper == SPLIT:
        return _split(content[wrapper], max_columns)
    return SentLeads(_listed(wrapper, content[wrapper]))


def _check_lead(content: Mapping[str, Any], names: LeadNames) -> None:
    """Let pass an object that is one lead."""
    unknown = names.unknown(content)
    for name in unknown:
        if isinstance(content[name], dict | list):
            raise UnreadableBodyError(
                f"{quoted(name)} means no column and holds {kind_of(content[name])}; {SHAPES}"
            )
    if len(unknown) == len(content):
        reason = f"no name of this lead means a column: {names.explain(unknown)}; {SHAPES}"
        name = next(iter(content), "")
        raise LeadsRefusedError([Problem(1, name, reason)], unknown)


def _listed(wrapper: str, leads: Any) -> Sequence[Mapping[str, Any]]:
    """Return the leads of a wrapper that holds a list of them."""
    if not isinstance(leads, list) or not leads:
        what = "an empty list" if leads == [] else kind_of(leads)
        raise UnreadableBodyError(
            f"{quoted(wrapper)} holds {what}; expected a list of one object per lead"
        )
    for number, lead in enumerate(leads, start=1):
        if not isinstance(lead, dict):
            raise UnreadableBodyError(
                f"lead {number} of {quoted(wrapper)} is {kind_of(lead)}, whose values have no names; {SHAPES}"
            )
    return leads


def _split(frame: Any, max_columns: int) -> SentLeads:
    """Return the leads of a frame as pandas writes it with `orient="split"`; its index is no part of a lead."""
    if not isinstance(frame, dict):
        raise UnreadableBodyError(
            f"{quoted(SPLIT)} holds {kind_of(frame)}; {SHAPES}"
        )
    others = [
        quoted(name) for name in frame if name not in (COLUMNS, ROWS, INDEX)
    ]
    if others:
        raise UnreadableBodyError(
            f"{quoted(SPLIT)} has {', '.join(others[:5])}; expected {COLUMNS}, {ROWS} and perhaps {INDEX}"
        )
    columns = _columns(frame.get(COLUMNS))
    check_columns(len(columns), max_columns)
    rows = frame.get(ROWS)
    if not isinstance(rows, list) or not rows:
        raise UnreadableBodyError(
            f"{ROWS} of {quoted(SPLIT)} is no list of rows; {SHAPES}"
        )
    leads = [
        _named(row, number, columns) for number, row in enumerate(rows, start=1)
    ]
    return SentLeads(leads, ignored=(INDEX,) if INDEX in frame else ())


def _columns(columns: Any) -> list[str]:
    """Return the names of a frame's columns."""
    if not isinstance(columns, list) or not columns:
        raise UnreadableBodyError(
            f"{COLUMNS} of {quoted(SPLIT)} is no list of names; {SHAPES}"
        )
    for place, name in enumerate(columns, start=1):
        if not isinstance(name, str):
            raise UnreadableBodyError(
                f"column {place} of {quoted(SPLIT)} is {kind_of(name)}; expected its name"
            )
    if len(set(columns)) < len(columns):
        raise UnreadableBodyError(f"{quoted(SPLIT)} names a column twice")
    return columns


def _named(row: Any, number: int, columns: list[str]) -> dict[str, Any]:
    """Return a row of a frame as a lead."""
    if not isinstance(row, list):
        raise UnreadableBodyError(
            f"row {number} of {quoted(SPLIT)} is {kind_of(row)}; expected a list of values"
        )
    if len(row) != len(columns):
        raise UnreadableBodyError(
            f"row {number} of {quoted(SPLIT)} has {len(row)} values for {len(columns)} columns"
        )
    return dict(zip(columns, row, strict=True))
