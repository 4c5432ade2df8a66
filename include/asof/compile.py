"""Compile features to one SQL text that DuckDB, Spark 3.5 and Redshift read alike.

    features_sql(features, Tables("leads", {"crm": "crm_events"}, {"converted": "conversions"}))

What is read of an event or an outcome had occurred and had arrived at the moment. The text reads each source once for
all sums of it. It has no function of dates, no subquery that reads an outer row, and no type by a name that one of the
three does not know.
"""

from dataclasses import dataclass

from include.asof.fragments import DOUBLE_ONE, cte, listed
from include.asof.rates import RateQueries, rate, rate_columns
from include.asof.sources import LEADS, MOMENTS, SourceQueries, Starts
from include.asof.tables import Tables, lead_columns
from include.contract.features import (
    MICROSECONDS,
    Count,
    CountDistinct,
    DaysSinceLast,
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
    parts = [rates.source.order(), *rates.counted()]
    columns = rate_columns()
    return f"WITH\n{_joined(parts)}\nSELECT {columns}\nFROM {rates.relation} r"


def _joined(parts: list[str]) -> str:
    return ",\n".join(parts)


@dataclass(frozen=True)
class _RateKey:
    """What tells the counts of one rate from those of another: two rates may differ only in `m`."""

    outcome: str
    source: str
    column: str
    rows: str | None


class _Query:
    """The parts of one query."""

    def __init__(self, features: Features, tables: Tables) -> None:
        self.features = features
        self.tables = tables
        self.starts = Starts(features)
        self.sources: dict[str, SourceQueries] = {}
        for source, columns in needed_columns(features).items():
            self.sources[source] = SourceQueries(
                source,
                tables.events_of(source),
                list(columns),
                self.starts,
                {},
            )
        self._rates: dict[_RateKey, RateQueries] = {}
        for feature in features:
            self._add(feature)
        for queries in self.sources.values():
            queries.add_levels()

    def _add(self, feature: Feature) -> None:
        """Ask a feature's source for what it is made of."""
        if isinstance(feature, HistoricalRate):
            self._add_rate(feature)
        elif isinstance(feature, ValueAsItWas):
            self.sources[feature.of.source].add(feature)
        else:
            self.sources[feature.events.source].add(feature)

    def _add_rate(self, feature: HistoricalRate) -> None:
        """Ask for the level and the counts of a rate."""
        key = self._key(feature)
        if key in self._rates:
            return
        source = self.sources[feature.by.source]
        level = f"fx_level_{feature.by.column}"
        source.levels[feature.by.column] = level
        outcomes = ""
        if key.rows is None:
            outcomes = self.tables.outcomes_of(feature.outcome)
        self._rates[key] = RateQueries(
            f"fx_r_{len(self._rates) + 1}",
            level,
            feature.by.column,
            source,
            outcomes,
            key.rows,
        )

    def _key(self, feature: HistoricalRate) -> _RateKey:
        rows = self.tables.rates.get(feature.name)
        by = feature.by
        return _RateKey(feature.outcome, by.source, by.column, rows)

    def rates_of(self, feature: HistoricalRate) -> RateQueries:
        """Return the queries of a feature's counts."""
        return self._rates[self._key(feature)]

    def text(self) -> str:
        """Return the whole query."""
        parts = [self._leads()]
        for queries in self.sources.values():
            if queries.has_places:
                parts.append(queries.order())
        parts += [
            self.sources[source].first_events()
            for source in self.starts.sources
        ]
        parts.append(self._moments())
        for queries in self.sources.values():
            parts += queries.queries()
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
            queries = self.sources[source]
            alias = queries.alias("starts")
            columns += [f"{alias}.{name}" for _, name in self.starts.of(source)]
            joins.append(_join(queries.starts_query, alias))
        query = "\n".join(
            [f"SELECT\n{listed(columns)}\nFROM {LEADS} a", *joins]
        )
        return cte(MOMENTS, query)

    def _last_select(self) -> str:
        """Return the SELECT that puts the features side by side."""
        columns = ["a.lead_key", "a.stage"]
        for feature in self.features:
            columns.append(f"{self._value(feature)} AS {feature.name}")
        joins: list[str] = []
        for queries in self.sources.values():
            for alias, name in queries.joined.items():
                joins.append(_join(name, alias))
        for rates in self._rates.values():
            joins.append(_join(f"{rates.name}_counts", rates.name))
        lines = [f"SELECT\n{listed(columns)}\nFROM {MOMENTS} a", *joins]
        return "\n".join(lines)

    def _value(self, feature: Feature) -> str:
        """Return the expression of a feature over the queries that are joined."""
        match feature:
            case Count():
                total = f"COALESCE({self._at(feature, 'sums')}, 0)"
                return self._with_start(feature, total)
            case Sum():
                total = f"COALESCE({self._at(feature, 'sums')}, 0)"
                return self._with_start(feature, f"{total} * {DOUBLE_ONE}")
            case CountDistinct():
                total = f"COALESCE({self._at(feature, 'distinct')}, 0)"
                return self._with_start(feature, total)
            case DaysSinceLast():
                passed = f"(a.moment - {self._at(feature, 'sums')})"
                return f"{passed} * {DOUBLE_ONE} / {MICROSECONDS['day']}"
            case HappenedWithin():
                return self._happened(feature)
            case FirstValue() | LastValue():
                return self._at(feature, "values")
            case ValueAsItWas():
                alias = self.sources[feature.of.source].alias("values")
                return f"{alias}.{feature.name}"
            case HistoricalRate():
                return rate(feature, self.rates_of(feature).name)

    def _at(
        self,
        feature: Count
        | Sum
        | CountDistinct
        | DaysSinceLast
        | HappenedWithin
        | FirstValue
        | LastValue,
        part: str,
    ) -> str:
        """Return the column of a feature in a query of its source."""
        alias = self.sources[feature.events.source].alias(part)
        return f"{alias}.{feature.name}"

    def _with_start(self, feature: Feature, value: str) -> str:
        """Return a value where the window has a start, NULL elsewhere."""
        start = start_of(feature)
        if start is None:
            return value
        column = self.starts.column(start)
        return f"CASE WHEN {column} IS NOT NULL THEN {value} END"

    def _happened(self, feature: HappenedWithin) -> str:
        start = self.starts.column(feature.after)
        end = f"{start} + {span_microseconds(feature.within)}"
        hits = self._at(feature, "sums")
        return f"CASE WHEN {hits} > 0 THEN 1 WHEN a.moment > {end} THEN 0 END"


def _join(name: str, alias: str) -> str:
    """Return the join of a query that may lack a lead and stage."""
    return f"LEFT JOIN {name} {alias} ON {alias}.lead_key = a.lead_key AND {alias}.stage = a.stage"
