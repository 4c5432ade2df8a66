"""Compile features to one SQL text that DuckDB, Spark 3.5 and Redshift read alike.

    features_sql(features, Tables("leads", {"crm": "crm_events"}, {"converted": "conversions"}))

What is read of an event or an outcome had occurred and had arrived at the moment. The text reads each source once for
all sums of it. It has no function of dates, no subquery that reads an outer row, and no type by a name that one of the
three does not know.
"""

from dataclasses import dataclass

from include.asof.fragments import DOUBLE_ONE, cte, fits, listed
from include.asof.held import Held, HeldValues, held_at
from include.asof.rates import RateQueries, rate, rate_columns
from include.asof.sources import (
    LEADS,
    MOMENTS,
    SourceQueries,
    Starts,
    Summed,
)
from include.asof.tables import Tables, lead_columns
from include.contract.format.features import (
    MICROSECONDS,
    Changing,
    Count,
    CountDistinct,
    DaysSinceLast,
    Events,
    Feature,
    Features,
    FirstValue,
    HappenedWithin,
    HistoricalRate,
    LastValue,
    Sum,
    ValueAsItWas,
    check_features,
    needed_columns,
    span_microseconds,
    start_of,
)


def features_sql(features: Features, tables: Tables) -> str:
    """Return the query that gives `lead_key`, `stage` and a column for each feature, in the order of the list.

    It has one row for each row of the leads, whose lead and stage together have to be unique. Counts are BIGINT, sums,
    days and rates are floating-point numbers of 64 bits, `happened_within` is 1, 0 or NULL.

    Raises:
        ValueError: the features do not fit together.
        FeatureInputError: no table is named for a source or an outcome that they read.
    """
    return _Query(check_features(features), tables).text()


def rate_rows_sql(feature: HistoricalRate, tables: Tables) -> str:
    """Return the query of what each outcome adds to the counts of a rate, from when it is known.

    Its rows have `lead_key`, `level`, `known_at`, `outcomes` and `happened`. Summed up by level they can stand in
    `Tables.rates` where reading every outcome would take too long; `lead_key` is NULL then.
    """
    query = _Query((feature,), tables)
    rates = query.rates_of(feature)
    parts = [*query.held.queries(), *rates.counted()]
    columns = rate_columns()
    return f"WITH\n{_joined(parts)}\nSELECT {columns}\nFROM {rates.relation} r"


def _joined(parts: list[str]) -> str:
    return ",\n".join(parts)


@dataclass(frozen=True)
class _RateKey:
    """What tells the counts of one rate from those of another: two rates may differ only in `m`."""

    outcome: str
    by: Changing
    rows: str | None


class _Query:
    """The parts of one query."""

    def __init__(self, features: Features, tables: Tables) -> None:
        self.features = features
        self.tables = tables
        self.starts = Starts(features)
        self.held = HeldValues()
        self.sources = {
            source: SourceQueries(source, tables.events_of(source), self.starts)
            for source in needed_columns(features)
        }
        self._held_of: dict[str, str] = {}
        self._rates: dict[_RateKey, RateQueries] = {}
        for feature in features:
            self._add(feature)

    def _add(self, feature: Feature) -> None:
        """Ask for what a feature is made of."""
        match feature:
            case HistoricalRate():
                self._add_rate(feature)
            case ValueAsItWas():
                held = self._changing(feature.of)
                self._held_of[feature.name] = held
            case FirstValue() | LastValue():
                held = self.held.name(self._picked(feature))
                self._held_of[feature.name] = held
            case _:
                self.sources[feature.events.source].add(feature)

    def _changing(self, value: Changing) -> str:
        """Return the query of a value that changes."""
        relation = self.tables.events_of(value.source)
        return self.held.name(Held(relation, value.column))

    def _picked(self, feature: FirstValue | LastValue) -> Held:
        """Return the value of the first or last event that has one."""
        conditions = fits(feature.events.where)
        conditions.append(f"e.{feature.column} IS NOT NULL")
        return Held(
            self.tables.events_of(feature.events.source),
            feature.column,
            tuple(conditions),
            "MIN" if isinstance(feature, FirstValue) else "MAX",
        )

    def _add_rate(self, feature: HistoricalRate) -> None:
        """Ask for the counts of a rate."""
        key = self._key(feature)
        if key in self._rates:
            return
        outcomes = ""
        if key.rows is None:
            relation = self.tables.outcomes_of(feature.outcome)
            outcomes = self.held.name(Held(relation, "value"))
        self._rates[key] = RateQueries(
            f"fx_r_{len(self._rates) + 1}",
            self._changing(feature.by),
            outcomes,
            key.rows,
        )

    def _key(self, feature: HistoricalRate) -> _RateKey:
        rows = self.tables.rates.get(feature.name)
        return _RateKey(feature.outcome, feature.by, rows)

    def rates_of(self, feature: HistoricalRate) -> RateQueries:
        """Return the queries of a feature's counts."""
        return self._rates[self._key(feature)]

    def text(self) -> str:
        """Return the whole query."""
        parts = [self._leads(), *self.held.queries()]
        for source in self.starts.sources:
            queries = self.sources[source]
            parts.append(queries.query(queries.starts))
        if self.starts.sources:
            parts.append(self._moments())
        for queries in self.sources.values():
            parts += [queries.query(part) for part in queries.parts]
        for rates in self._rates.values():
            parts += rates.queries()
        return f"WITH\n{_joined(parts)}\n{self._last_select()}"

    def _leads(self) -> str:
        columns = [f"l.{column}" for column in lead_columns(self.features)]
        query = f"SELECT\n{listed(columns)}\nFROM {self.tables.leads} l"
        return cte(LEADS, query)

    def _moments(self) -> str:
        """Return the leads with the starts of all windows."""
        columns = [f"a.{column}" for column in lead_columns(self.features)]
        joins: list[str] = []
        for source in self.starts.sources:
            part = self.sources[source].starts
            columns += [
                f"{part.alias}.{name}" for _, name in self.starts.of(source)
            ]
            joins.append(_join(part.name, part.alias))
        lines = [f"SELECT\n{listed(columns)}\nFROM {LEADS} a", *joins]
        return cte(MOMENTS, "\n".join(lines))

    def _last_select(self) -> str:
        """Return the SELECT that puts the features side by side."""
        columns = ["a.lead_key", "a.stage"]
        for feature in self.features:
            columns.append(f"{self._value(feature)} AS {feature.name}")
        lines = [f"SELECT\n{listed(columns)}\nFROM {LEADS} a"]
        for queries in self.sources.values():
            lines += [_join(part.name, part.alias) for part in queries.parts]
        for name in dict.fromkeys(self._held_of.values()):
            condition = held_at(name, "a.lead_key", "a.moment")
            lines.append(f"LEFT JOIN {name} ON {condition}")
        for rates in self._rates.values():
            lines.append(_join(f"{rates.name}_counts", rates.name))
        return "\n".join(lines)

    def _value(self, feature: Feature) -> str:
        """Return the expression of a feature over the queries that are joined."""
        match feature:
            case HistoricalRate():
                return rate(feature, self.rates_of(feature).name)
            case FirstValue() | LastValue() | ValueAsItWas():
                return f"{self._held_of[feature.name]}.value"
            case _:
                return self._summed(feature)

    def _summed(self, feature: Summed) -> str:
        """Return the expression of a feature over the sums of its source."""
        part = self.sources[feature.events.source].part_of(feature)
        total = f"{part.alias}.{feature.name}"
        start = self._start(feature, part.alias)
        match feature:
            case Count() | CountDistinct():
                return _with_start(start, f"COALESCE({total}, 0)")
            case Sum():
                value = f"COALESCE({total}, 0) * {DOUBLE_ONE}"
                return _with_start(start, value)
            case DaysSinceLast():
                passed = f"(a.moment - {total}) * {DOUBLE_ONE}"
                return f"{passed} / {MICROSECONDS['day']}"
            case HappenedWithin():
                end = f"{start} + {span_microseconds(feature.within)}"
                return f"CASE WHEN {total} > 0 THEN 1 WHEN a.moment > {end} THEN 0 END"

    def _start(self, feature: Summed, alias: str) -> str | None:
        """Return the column with the start of a feature's window, None where it has none."""
        start = start_of(feature)
        if start is None:
            return None
        owner = alias if isinstance(start, Events) else "a"
        return f"{owner}.{self.starts.column(start)}"


def _with_start(start: str | None, value: str) -> str:
    """Return a value where the window has a start, NULL elsewhere."""
    if start is None:
        return value
    return f"CASE WHEN {start} IS NOT NULL THEN {value} END"


def _join(name: str, alias: str) -> str:
    """Return the join of a query that may lack a lead and stage."""
    return f"LEFT JOIN {name} {alias} ON {alias}.lead_key = a.lead_key AND {alias}.stage = a.stage"
