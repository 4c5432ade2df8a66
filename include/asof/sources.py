"""Write the queries that read one source: when windows start, what is summed up, which values are picked.

Each gives one row for a lead and stage that has at least one event known at its moment.
"""

from dataclasses import dataclass, field

from include.asof.fragments import case, cte, fits, known_by, listed
from include.asof.tables import EVENTS
from include.contract.features import (
    Count,
    CountDistinct,
    DaysSinceLast,
    Events,
    Feature,
    FirstValue,
    HappenedWithin,
    LastValue,
    Start,
    Sum,
    ValueAsItWas,
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
        for known, name in self._names:
            if known == events:
                return name
        return None

    def column(self, start: Start) -> str:
        """Return the column of MOMENTS that holds a start."""
        if not isinstance(start, Events):
            return "a.created_at"
        return f"a.{self._find(start)}"

    def of(self, source: str) -> list[tuple[Events, str]]:
        """Return the starts that events of a source make, with their names."""
        return [pair for pair in self._names if pair[0].source == source]

    @property
    def sources(self) -> list[str]:
        """Return the sources whose events make starts, each once."""
        names = [events.source for events, _ in self._names]
        return list(dict.fromkeys(names))

    def begins(self, feature: Feature) -> bool:
        """Return whether a feature's window begins with events."""
        return isinstance(start_of(feature), Events)


@dataclass
class Pick:
    """One event whose value is wanted: the first or last that fits conditions."""

    name: str
    function: str
    conditions: list[str]
    column: str


@dataclass
class SourceQueries:
    """What the features read of one source, as queries.

    Attributes:
        source: its name.
        table: its relation.
        columns: those of its columns that are read.
        starts: of the windows of all features.
        levels: column of a value that changes to the name under which rates ask for it.
    """

    source: str
    table: str
    columns: list[str]
    starts: Starts
    levels: dict[str, str]
    sums: list[str] = field(default_factory=list)
    distinct: list[str] = field(default_factory=list)
    picks: list[Pick] = field(default_factory=list)
    needs_starts: bool = False

    def add_levels(self) -> None:
        """Ask for the values that rates are grouped by."""
        for column, name in self.levels.items():
            self._pick(name, "MAX", [], column)

    def add(self, feature: Feature) -> None:
        """Ask for what a feature is made of."""
        if self.starts.begins(feature):
            self.needs_starts = True
        match feature:
            case Count():
                chosen = case(self._chosen(feature), "1")
                self.sums.append(f"COUNT({chosen}) AS {feature.name}")
            case Sum():
                self.sums.append(f"{self._sum(feature)} AS {feature.name}")
            case CountDistinct():
                value = case(self._chosen(feature), f"e.{feature.column}")
                counted = f"COUNT(DISTINCT {value}) AS {feature.name}"
                self.distinct.append(counted)
            case DaysSinceLast():
                moment = case(fits(feature.events.where), "e.occurred_at")
                self.sums.append(f"MAX({moment}) AS {feature.name}")
            case HappenedWithin():
                chosen = case(self._within(feature), "1")
                self.sums.append(f"COUNT({chosen}) AS {feature.name}")
            case FirstValue():
                self._pick_known(feature, "MIN")
            case LastValue():
                self._pick_known(feature, "MAX")
            case ValueAsItWas():
                self._pick(feature.name, "MAX", [], feature.of.column)

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
        start = self.starts.column(window.after)
        return [
            f"e.occurred_at >= {start}",
            f"e.occurred_at < {start} + {length}",
        ]

    def _within(self, feature: HappenedWithin) -> list[str]:
        """Return the conditions that an event occurred so soon after the start."""
        start = self.starts.column(feature.after)
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

    def _pick_known(
        self, feature: FirstValue | LastValue, function: str
    ) -> None:
        """Ask for the value of the first or last event that has one."""
        conditions = fits(feature.events.where)
        conditions.append(f"e.{feature.column} IS NOT NULL")
        self._pick(feature.name, function, conditions, feature.column)

    def _pick(
        self, name: str, function: str, conditions: list[str], column: str
    ) -> None:
        pick = Pick(name, function, conditions, column)
        self.picks.append(pick)
        place = case(conditions, "e.fx_place")
        number = len(self.picks)
        self.sums.append(f"{function}({place}) AS fx_pick_{number}")

    @property
    def has_places(self) -> bool:
        """Return whether the events have to be put in order."""
        return bool(self.picks)

    @property
    def relation(self) -> str:
        """Return the relation that the queries read: the source's own, or its events in order."""
        return self._called("rows") if self.has_places else self.table

    def _called(self, part: str) -> str:
        return f"fx_s_{self.source}_{part}"

    @property
    def values_query(self) -> str:
        """Return the name of the query that has the values that were picked."""
        return self._called("values")

    @property
    def starts_query(self) -> str:
        """Return the name of the query that `first_events` writes."""
        return self._called("starts")

    def order(self) -> str:
        """Return the query that numbers the events of each lead, as FX_PLACE.

        By when they occurred, then by when they arrived, then by the columns that are read, so that two events with
        one number have the same content.
        """
        keys = ["e.occurred_at", "e.arrived_at"]
        for column in sorted(self.columns):
            keys.append(f"CASE WHEN e.{column} IS NULL THEN 0 ELSE 1 END")
            keys.append(f"e.{column}")
        columns = [f"e.{column}" for column in (*EVENTS, *self.columns)]
        place = f"ROW_NUMBER() OVER (PARTITION BY e.lead_key ORDER BY {', '.join(keys)})"
        columns.append(f"{place} AS fx_place")
        query = f"""
SELECT
{listed(columns)}
FROM {self.table} e
WHERE e.lead_key IS NOT NULL AND e.occurred_at IS NOT NULL AND e.arrived_at IS NOT NULL
"""
        return cte(self._called("rows"), query)

    def first_events(self) -> str:
        """Return the query of the starts that this source's events make."""
        items = [
            f"MIN({case(fits(events.where), 'e.occurred_at')}) AS {name}"
            for events, name in self.starts.of(self.source)
        ]
        return cte(
            self._called("starts"), self._grouped(items, LEADS, self.table)
        )

    def _grouped(self, items: list[str], leads: str, relation: str) -> str:
        """Return the query that sums up what was known of each lead and stage at its moment."""
        return f"""
SELECT
{listed(["a.lead_key", "a.stage", *items])}
FROM {leads} a
JOIN {relation} e ON e.lead_key = a.lead_key AND {known_by("a.moment")}
GROUP BY a.lead_key, a.stage
"""

    def queries(self) -> list[str]:
        """Return the queries that the last SELECT joins, and what they need, in order."""
        leads = MOMENTS if self.needs_starts else LEADS
        queries: list[str] = []
        if self.sums:
            grouped = self._grouped(self.sums, leads, self.relation)
            queries.append(cte(self._called("sums"), grouped))
        if self.distinct:
            grouped = self._grouped(self.distinct, leads, self.table)
            queries.append(cte(self._called("distinct"), grouped))
        if self.picks:
            queries.append(cte(self._called("values"), self._values()))
        return queries

    def _values(self) -> str:
        """Return the query that reads the values of the events that were picked."""
        items: list[str] = []
        places: list[str] = []
        for number, pick in enumerate(self.picks, start=1):
            same = f"e.fx_place = a.fx_pick_{number}"
            places.append(same)
            value = case([same], f"e.{pick.column}")
            items.append(f"MAX({value}) AS {pick.name}")
        return f"""
SELECT
{listed(["a.lead_key", "a.stage", *items])}
FROM {self._called("sums")} a
JOIN {self.relation} e ON e.lead_key = a.lead_key AND ({" OR ".join(places)})
GROUP BY a.lead_key, a.stage
"""

    @property
    def joined(self) -> dict[str, str]:
        """Return alias to query of what the last SELECT joins."""
        parts = {
            "sums": len(self.sums) > len(self.picks),
            "distinct": bool(self.distinct),
            "values": bool(self.picks),
        }
        return {
            self.alias(part): self._called(part)
            for part, wanted in parts.items()
            if wanted
        }

    def alias(self, part: str) -> str:
        """Return what the last SELECT calls a query: of `sums`, `distinct`, `values` or `starts`."""
        return f"{part}_{self.source}"
