"""Read a lead and its events as callers write them, by the rules of their sources' files, and refuse what these refuse.

A name of an event means a column by its header or its field, in any case, with any spaces and underscores, as a lead's
names do. `source` names the system. Every event says when it occurred and when it arrived: by its source's own columns,
or as `occurred_at` and `arrived_at`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from include.contract.cells import (
    CellError,
    CellRule,
    cell_rule,
    read_cell,
)
from include.contract.text import Headings
from include.scoring.errors import LeadsRefusedError, Problem
from include.scoring.leads.names import IgnoredNames, LeadNames, quoted
from include.unify.one_lead import OneLead, SentEvent, microseconds_of
from include.unify.plan import SourcePlan

SOURCE = "source"
OCCURRED_AT, ARRIVED_AT = "occurred_at", "arrived_at"
LEAD = "lead"
ROW = 1
"""A request is about one lead, so every problem is of row 1."""


class _SourceReader:
    """Read rows of one source."""

    def __init__(self, source: SourcePlan) -> None:
        columns = [
            column
            for column in source.contract["columns"]
            if not column.get("derived")
        ]
        null_tokens = frozenset(source.contract["null_tokens"])
        spellings: list[tuple[str, str]] = []
        for column in columns:
            names = (column["name"], *column.get("aliases", ()))
            spellings += [(name, column["field"]) for name in names]
        self.source = source
        self._headings = Headings(spellings)
        self._rules: dict[str, CellRule] = {
            column["field"]: cell_rule(
                column, null_tokens, source.contract["files"]
            )
            for column in columns
        }
        occurred = self._rules[source.occurred_at]
        self.arrived_at = source.arrived_at or ARRIVED_AT
        # Where files have no column for it, the file's own time stands for it; a request says it.
        self._rules.setdefault(
            self.arrived_at,
            CellRule(type="timestamp", time_zone=occurred.time_zone),
        )

    def field(self, name: str) -> str | None:
        """Return the field that a name means, None if it means none."""
        field = self._headings.find(name)
        if field is not None:
            return field
        if name == OCCURRED_AT:
            return self.source.occurred_at
        if name == ARRIVED_AT:
            return self.arrived_at
        return None

    def read(self, field: str, value: Any) -> Any:
        """Return a cell in its type. Raises CellError."""
        return read_cell(self._rules[field], value)


class EventReader:
    """Read the leads and events of one contract; made once, because it derives the rules of all cells."""

    def __init__(self, one_lead: OneLead, names: LeadNames) -> None:
        """Derive the rules of every source.

        Args:
            one_lead: of the contract.
            names: of the contract's columns.
        """
        self._plan = one_lead.plan
        self._features = one_lead.features
        self._names = names
        self._sources = {
            name: _SourceReader(source)
            for name, source in one_lead.plan.sources.items()
        }

    def read(
        self,
        lead: Mapping[str, Any],
        events: Sequence[Mapping[str, Any]],
        ignored: IgnoredNames,
    ) -> tuple[str | None, list[SentEvent]]:
        """Return the lead's key and its events; what `lead` says of it is an event of the leads' own source.

        Args:
            lead: name to value.
            events: name to value of each.
            ignored: gets every name that means no column, behind its source.

        Raises:
            LeadsRefusedError: names field and reason of every refused value.
        """
        problems: list[Problem] = []
        sent: list[SentEvent] = []
        key, state = self._read_lead(lead, problems, ignored)
        if state is not None:
            sent.append(state)
        for number, event in enumerate(events, start=1):
            row = self._read_event(event, f"event {number}", problems, ignored)
            if row is not None:
                sent.append(row)
        if problems:
            raise LeadsRefusedError(problems, ignored.listed)
        return key, sent

    def _read_lead(
        self,
        lead: Mapping[str, Any],
        problems: list[Problem],
        ignored: IgnoredNames,
    ) -> tuple[str | None, SentEvent | None]:
        """Return the lead's key, and its row of the leads' source; None where it says nothing but the key."""
        reader = self._sources[self._plan.leads.name]
        contract = self._plan.contract
        for name in lead:
            if self._names.find(name) in self._features:
                reason = "is computed from the events; leave it out"
                problems.append(Problem(ROW, name, reason))
        values = self._values(reader, lead, LEAD, problems, ignored)
        key = values.get(contract.key)
        facts = {name for name in values if values[name] is not None}
        if not facts - {contract.key}:
            return key, None
        clock = values.get(contract.clock)
        for name in (reader.source.occurred_at, reader.arrived_at):
            if values.get(name) is None:
                values[name] = clock
        return key, self._sent(reader, values, LEAD, problems)

    def _read_event(
        self,
        event: Mapping[str, Any],
        place: str,
        problems: list[Problem],
        ignored: IgnoredNames,
    ) -> SentEvent | None:
        """Return an event, None where it is refused."""
        name = event.get(SOURCE)
        reader = self._sources.get(name) if isinstance(name, str) else None
        if reader is None:
            sources = ", ".join(self._sources)
            sent = quoted(name) if isinstance(name, str) else "nothing"
            reason = f"{place}: names {sent}; sources are {sources}"
            problems.append(Problem(ROW, SOURCE, reason))
            return None
        cells = {key: cell for key, cell in event.items() if key != SOURCE}
        values = self._values(reader, cells, place, problems, ignored)
        return self._sent(reader, values, place, problems)

    def _values(
        self,
        reader: _SourceReader,
        cells: Mapping[str, Any],
        place: str,
        problems: list[Problem],
        ignored: IgnoredNames,
    ) -> dict[str, Any]:
        """Return field to value of one row, and add what is wrong with it to `problems`."""
        values: dict[str, Any] = {}
        for name, cell in cells.items():
            field = reader.field(name)
            if field is None:
                ignored.add(f"{reader.source.name}.{name}")
                if isinstance(cell, dict | list):
                    reason = f"{place}: holds a list or an object; a row holds single values"
                    problems.append(Problem(ROW, name, reason))
                continue
            if field in values:
                reason = f"{place}: another name means {field} too"
                problems.append(Problem(ROW, name, reason))
                continue
            values[field] = None
            try:
                values[field] = reader.read(field, cell)
            except CellError as error:
                reason = f"{place}: {error.demand}"
                problems.append(Problem(ROW, name, reason))
        return values

    def _sent(
        self,
        reader: _SourceReader,
        values: dict[str, Any],
        place: str,
        problems: list[Problem],
    ) -> SentEvent | None:
        """Return a row as an event, None where it does not say when it occurred or arrived."""
        moments: list[int] = []
        for name in (reader.source.occurred_at, reader.arrived_at):
            moment = values.get(name)
            if isinstance(moment, date):
                moments.append(microseconds_of(moment))
            else:
                problems.append(Problem(ROW, name, _without_moment(place)))
        if len(moments) < 2:
            return None
        occurred, arrived = moments
        return SentEvent(reader.source.name, occurred, arrived, values)


def _without_moment(place: str) -> str:
    """Return the reason why a row without a moment is refused."""
    if place == LEAD:
        return (
            f"{place}: has no moment, and no creation that could stand for it"
        )
    return f"{place}: has no moment; each event says when it occurred and when it arrived"
