"""Write the queries that read the events of one source: when windows start, and what is summed up.

Each gives one row for a lead and stage that has at least one event known at its moment that a feature reads, and for
every lead and stage where windows start with events.
"""

from dataclasses import dataclass, field

from include.asof.fragments import case, cte, fits, known_by, listed
from include.contract.format.features import (
    Count,
    CountDistinct,
    DaysSinceLast,
    Events,
    Feature,
    HappenedWithin,
    Start,
    Sum,
    Window,
    span_microseconds,
    start_of,
)

SUM_TYPE = "DECIMAL(18, 4)"
"""Type of what is summed up: sums of it are exact, whatever the order of the rows."""
SUM_LIMIT = 10_000_000_000_000
"""Numbers from here on, and NaN, do not fit SUM_TYPE and are left out."""
LEADS = "fx_leads"
MOMENTS = "fx_moments"
Summed = Count | Sum | CountDistinct | DaysSinceLast | HappenedWithin


class Starts:
    """Name the start of every window that begins with the first of some events."""

    def __init__(self, features: tuple[Feature, ...]) -> None:
        """Number the events with which windows of the features begin."""
        self._names: list[tuple[Events, str]] = []
        for feature in features:
            start = start_of(feature)
            if isinstance(start, Events) and self._find(start) is None:
                name = f"fx_start_{len(self._names) + 1}"
                self._names.append((start, name))

    def _find(self, events: Events) -> str | None:
        for other, name in self._names:
            if other == events:
                return name
        return None

    def column(self, start: Start) -> str:
        """Return the column that holds a start."""
        if not isinstance(start, Events):
            return "created_at"
        return self._find(start) or ""

    def of(self, source: str) -> list[tuple[Events, str]]:
        """Return the starts that events of a source make, with their names."""
        return [pair for pair in self._names if pair[0].source == source]

    @property
    def sources(self) -> list[str]:
        """Return the sources whose events make starts, each once."""
        names = [events.source for events, _ in self._names]
        return list(dict.fromkeys(names))


@dataclass
class Part:
    """One query of a source: items to sum up, the starts that they need, and the conditions of the events they read."""

    name: str
    alias: str
    items: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)

    def choose(self, events: Events) -> None:
        """Remember what the events of an item have in common."""
        condition = " AND ".join(fits(events.where))
        if condition not in self.chosen:
            self.chosen.append(condition)

    def read(self) -> str:
        """Return the condition of a join that any item reads an event; empty where one reads all of them.

        A row that nobody reads need not be joined, which is what costs most.
        """
        if "" in self.chosen:
            return ""
        if len(self.chosen) == 1:
            return f" AND {self.chosen[0]}"
        conditions = [f"({condition})" for condition in self.chosen]
        return f" AND ({' OR '.join(conditions)})"


class SourceQueries:
    """What the features read of one source, as queries: all sums in one, counts of different values in another."""

    def __init__(self, source: str, table: str, starts: Starts) -> None:
        """Begin without a feature.

        Args:
            source: its name.
            table: its relation.
            starts: of the windows of all features.
        """
        self.source = source
        self.table = table
        self._starts = starts
        self._sums = self._part("sums")
        self._distinct = self._part("distinct")

    def _part(self, name: str) -> Part:
        return Part(f"fx_s_{self.source}_{name}", f"{name}_{self.source}")

    def part_of(self, feature: Feature) -> Part:
        """Return the query that a feature is in."""
        if isinstance(feature, CountDistinct):
            return self._distinct
        return self._sums

    @property
    def parts(self) -> list[Part]:
        """Return the queries that have features."""
        parts = (self._sums, self._distinct)
        return [part for part in parts if part.items]

    def add(self, feature: Summed) -> None:
        """Ask for what a feature is made of."""
        part = self.part_of(feature)
        part.items.append(f"{self._total(feature)} AS {feature.name}")
        part.choose(feature.events)
        start = start_of(feature)
        if isinstance(start, Events):
            column = self._starts.column(start)
            if column not in part.starts:
                part.starts.append(column)

    def _total(self, feature: Summed) -> str:
        """Return the aggregate that a feature is made of."""
        match feature:
            case Count():
                value = case(self._chosen(feature), "e.lead_key")
                return f"COUNT({value})"
            case Sum():
                return self._sum(feature)
            case CountDistinct():
                value = case(self._chosen(feature), f"e.{feature.column}")
                return f"COUNT(DISTINCT {value})"
            case DaysSinceLast():
                moment = case(fits(feature.events.where), "e.occurred_at")
                return f"MAX({moment})"
            case HappenedWithin():
                value = case(self._within(feature), "e.lead_key")
                return f"COUNT({value})"

    def _chosen(self, feature: Count | Sum | CountDistinct) -> list[str]:
        """Return the conditions that an event counts."""
        return fits(feature.events.where) + self._in(feature.window)

    def _in(self, window: Window | None) -> list[str]:
        """Return the conditions that an event occurred in a window."""
        if window is None:
            return []
        if window.before is not None:
            length = span_microseconds(window.before)
            return [f"e.occurred_at > a.moment - {length}"]
        if window.first is None or window.after is None:
            return []
        length = span_microseconds(window.first)
        start = f"a.{self._starts.column(window.after)}"
        return [
            f"e.occurred_at >= {start}",
            f"e.occurred_at < {start} + {length}",
        ]

    def _within(self, feature: HappenedWithin) -> list[str]:
        """Return the conditions that an event occurred so soon after the start."""
        start = f"a.{self._starts.column(feature.after)}"
        length = span_microseconds(feature.within)
        return [
            *fits(feature.events.where),
            f"e.occurred_at >= {start}",
            f"e.occurred_at <= {start} + {length}",
        ]

    def _sum(self, feature: Sum) -> str:
        """Return the exact sum of a column."""
        column = f"e.{feature.column}"
        in_range = [f"{column} > -{SUM_LIMIT}", f"{column} < {SUM_LIMIT}"]
        conditions = self._chosen(feature) + in_range
        value = case(conditions, f"CAST({column} AS {SUM_TYPE})")
        return f"SUM({value})"

    @property
    def starts(self) -> Part:
        """Return the query of the starts that this source's events make."""
        part = self._part("starts")
        for events, name in self._starts.of(self.source):
            first = case(fits(events.where), "e.occurred_at")
            part.items.append(f"MIN({first}) AS {name}")
            part.choose(events)
        return part

    def query(self, part: Part) -> str:
        """Return a query with its name.

        Where windows start with events every lead and stage has a row, so that its starts are there without an event
        too.
        """
        starts = [f"MAX(a.{name}) AS {name}" for name in part.starts]
        items = ["a.lead_key", "a.stage", *starts, *part.items]
        leads = MOMENTS if part.starts else LEADS
        join = "LEFT JOIN" if part.starts else "JOIN"
        query = f"""
SELECT
{listed(items)}
FROM {leads} a
{join} {self.table} e ON e.lead_key = a.lead_key AND {known_by("a.moment")}{part.read()}
GROUP BY a.lead_key, a.stage
"""
        return cte(part.name, query)
