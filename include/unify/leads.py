"""Say what each lead is as of the moments of its stages, from the rows of all sources and whose they are."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.asof.inputs import Inputs
from include.asof.rate_history import RateHistory
from include.contract.format.features import (
    Feature,
    Features,
    HistoricalRate,
    needed_columns,
    needed_outcomes,
)
from include.contract.model import SCORING_STAGES, Column, KnownAt
from include.identity.resolving import NEVER
from include.unify.moments import (
    Outcomes,
    earliest,
    last_rows,
    read_outcomes,
    stage_moments,
)
from include.unify.people import People
from include.unify.plan import OutcomePlan, Plan
from include.unify.rows import (
    Flags,
    Numbers,
    SourceRows,
    arrow_type,
)

Compute: TypeAlias = Callable[[Features, Inputs], pd.DataFrame]  # noqa: UP040 - Glue's Python is 3.11
"""Computes features of leads: `include.asof.in_duckdb.compute_features`, or the same in Spark; in any order."""
CountRate: TypeAlias = Callable[[HistoricalRate, Inputs], pd.DataFrame]  # noqa: UP040 - Glue's Python is 3.11
"""Counts outcomes: `include.asof.in_duckdb.count_rate`, or the same in Spark."""


class Leads:
    """The leads of one run, all by the numbers of their people."""

    def __init__(
        self,
        plan: Plan,
        rows: Mapping[str, SourceRows],
        people: People,
        as_of: int,
    ) -> None:
        self.plan = plan
        self.rows = rows
        self.people = people
        self.as_of = as_of
        self.number = len(people.ids)
        self.living = people.living
        source = rows[plan.leads.name]
        owned = people.owned[plan.leads.name]
        keys = source.table[plan.contract.key].cast(pa.string())
        founders = people.founders.take(pa.array(owned.people))
        own_key = pc.equal(keys.take(pa.array(owned.rows)), founders)
        self.founding = pc.fill_null(own_key, False).to_numpy()
        self.captured = np.full(self.number, NEVER)
        founding_people = owned.people[self.founding]
        np.minimum.at(
            self.captured, founding_people, owned.since[self.founding]
        )
        self.created = self._created()
        self.outcomes = {
            outcome.name: self._outcome(outcome)
            for outcome in plan.outcomes.values()
        }
        self.moments = stage_moments(
            plan,
            rows,
            people,
            self.created,
            self.captured,
            earliest(list(self.outcomes.values())),
            as_of,
        )

    def _created(self) -> Numbers:
        """Return the creation of each lead as its first row says it, else when that row was known."""
        source = self.rows[self.plan.leads.name]
        first = self._states(self.captured)
        clock = source.table[self.plan.contract.clock]
        if pa.types.is_date(clock.type):
            clock = clock.cast(pa.timestamp("us"))
        moments = pc.cast(clock, pa.timestamp("us"), safe=False)
        values = pc.fill_null(moments.cast(pa.int64()), NEVER).to_numpy()
        created = np.where(first < 0, NEVER, values[first])
        return np.where(created == NEVER, self.captured, created)

    def _states(self, moments: Numbers) -> Numbers:
        """Return the row of each lead's own record that held at a moment."""
        name = self.plan.leads.name
        owned = self.people.owned[name]
        return last_rows(self.rows[name], owned, moments, self.founding)

    def _outcome(self, outcome: OutcomePlan) -> Outcomes:
        rows = self.rows[outcome.source]
        owned = self.people.owned[outcome.source]
        column = rows.table[outcome.name]
        return read_outcomes(column, rows, owned, self.number)

    def table(self, compute: Compute) -> pa.Table:
        """Return one row for each lead that lives."""
        features = self._features(compute)
        columns: dict[str, pa.Array] = {}
        for column in self.plan.contract.columns:
            kind = arrow_type(column.type)
            if column.field in features:
                values = features[column.field]
            elif column.field in self.plan.outcomes:
                values = self._labels(column.field)
            elif column.field == self.plan.contract.key:
                values = self.people.founders.take(pa.array(self.living))
            else:
                values = self._own(column)
            columns[column.field] = values.cast(kind, safe=False)
        return pa.table(columns)

    def merged(self) -> dict[str, str]:
        """Return each key of the leads' source that is no lead of its own, and the key of the lead that it has become.

        It may have been a lead of an earlier run: before its record was merged, or before an older record came late.
        """
        name = self.plan.leads.name
        owned = self.people.owned[name]
        lives = self.people.ends[owned.people] == NEVER
        keys = self.rows[name].table[self.plan.contract.key].cast(pa.string())
        record = keys.take(pa.array(owned.rows[lives]))
        founder = self.people.founders.take(pa.array(owned.people[lives]))
        is_other = pc.fill_null(pc.not_equal(record, founder), False)
        pairs = pa.table({"record": record, "founder": founder})
        pairs = pairs.filter(is_other)
        leads = self.people.founders.take(pa.array(self.living))
        pairs = pairs.filter(
            pc.invert(pc.is_in(pairs["record"], value_set=leads))
        )
        return dict(
            zip(
                pairs["record"].to_pylist(),
                pairs["founder"].to_pylist(),
                strict=True,
            )
        )

    def withdrawn(self) -> dict[str, Flags]:
        """Return of each outcome whether its last row says nothing, for each lead that lives."""
        return {
            name: outcome.open_again[self.living]
            for name, outcome in self.outcomes.items()
        }

    def _own(self, column: Column) -> pa.ChunkedArray:
        """Return a column of the leads as it was at the moment of its stage."""
        moments = self.moments.get(
            column.known_at, np.full(self.number, self.as_of)
        )
        if column.field == self.plan.contract.clock:
            moments = self.captured
        states = self._states(moments)[self.living]
        table = self.rows[self.plan.leads.name].table
        places = pa.array(states, mask=states < 0)
        return table[column.field].take(places)

    def _labels(self, name: str) -> pa.ChunkedArray:
        """Return an outcome as it holds in the end, missing while it is open."""
        rows = self.outcomes[name].last_row[self.living]
        table = self.rows[self.plan.outcomes[name].source].table
        places = pa.array(rows, mask=rows < 0)
        return table[name].take(places)

    def _features(self, compute: Compute) -> dict[str, pa.Array]:
        """Return each feature of the leads that live."""
        columns: dict[str, pa.Array] = {}
        for stage in SCORING_STAGES:
            declared = self.plan.features_of(stage)
            features = tuple(
                feature for feature in declared if self._is_there(feature)
            )
            for feature in declared:
                columns[feature.name] = pa.nulls(self.living.size)
            if features:
                columns |= self._computed(features, stage, compute)
        return columns

    def _is_there(self, feature: Feature) -> bool:
        """Return whether every source that a feature reads has rows: of an absent one nothing is known, not even 0."""
        return all(
            self.rows[source].table.num_rows
            for source in needed_columns((feature,))
        )

    def _computed(
        self, features: Features, stage: KnownAt, compute: Compute
    ) -> dict[str, pa.Array]:
        frame = compute(features, self._inputs(features, stage))
        frame = frame.set_index("lead_key").loc[self.living]
        return {
            feature.name: pa.array(frame[feature.name], from_pandas=True)
            for feature in features
        }

    def _inputs(self, features: Features, stage: KnownAt) -> Inputs:
        """Return the tables that features of a stage are computed from."""
        return Inputs(
            leads=pa.table(
                {
                    "lead_key": self.living,
                    "stage": pa.repeat(str(stage), self.living.size),
                    "moment": self.moments[stage][self.living],
                    "created_at": self.created[self.living],
                }
            ),
            events={
                source: self._events(source, tuple(columns))
                for source, columns in needed_columns(features).items()
            },
            outcomes={
                name: self._outcome_rows(self.plan.outcomes[name])
                for name in needed_outcomes(features)
            },
        )

    def rates(self, count_rate: CountRate) -> dict[str, RateHistory]:
        """Return the counts of each rate, up to the run's moment.

        An outcome that is final later is left out: success is known sooner than failure.
        """
        histories: dict[str, RateHistory] = {}
        for feature in self.plan.features:
            if not isinstance(feature, HistoricalRate):
                continue
            if not self._is_there(feature):
                continue
            inputs = self._inputs((feature,), feature.known_at)
            counts = count_rate(feature, inputs)
            counts = counts[counts["known_at"] <= self.as_of]
            histories[feature.name] = _history(counts)
        return histories

    def _events(self, source: str, columns: tuple[str, ...]) -> pa.Table:
        """Return the events of a source with their people; each is known from when it belongs to the person."""
        owned = self.people.owned[source]
        rows = self.rows[source]
        places = pa.array(owned.rows)
        table = {
            "lead_key": owned.people,
            "occurred_at": rows.occurred[owned.rows],
            "arrived_at": owned.since,
        }
        for name in columns:
            table[name] = rows.table[name].take(places)
        return pa.table(table)

    def _outcome_rows(self, outcome: OutcomePlan) -> pa.Table:
        """Return the rows of an outcome with their people; those of a person who became another one end with that.

        An outcome counts once that of every lead as old is final. A success is known sooner than a failure, so the rate
        of young leads would be too high.
        """
        table = self._events(outcome.source, (outcome.name,))
        table = table.rename_columns([*table.column_names[:-1], "value"])
        mature = self._mature(outcome)[table["lead_key"].to_numpy()]
        arrived = np.maximum(table["arrived_at"].to_numpy(), mature)
        place = table.column_names.index("arrived_at")
        table = table.set_column(place, "arrived_at", pa.array(arrived))
        value = table.schema.field("value").type
        ended = np.unique(table["lead_key"].to_numpy())
        ended = ended[self.people.ends[ended] < NEVER]
        ends = self.people.ends[ended]
        withdrawn = pa.table(
            [ended, ends, ends, pa.nulls(ended.size, value)],
            schema=table.schema,
        )
        return pa.concat_tables([table, withdrawn])

    def _mature(self, outcome: OutcomePlan) -> Numbers:
        """Return when an outcome of each person is final, shape (people,)."""
        span = outcome.matures_after
        return np.minimum(self.created, NEVER - span) + span

    def moments_table(self) -> pa.Table:
        """Return the moment of each stage of the leads that live."""
        columns = {
            self.plan.contract.key: self.people.founders.take(
                pa.array(self.living)
            )
        }
        for stage, moments in self.moments.items():
            columns[str(stage)] = pa.array(moments[self.living])
        return pa.table(columns)

    def report(self) -> dict[str, Any]:
        """Return what was read and whose it was."""
        living = self.living
        return {
            "as_of": self.as_of,
            "leads": int(living.size),
            "merged_leads": int(self.number - living.size),
            "merged_keys": len(self.merged()),
            "outcomes": {
                name: self._outcome_report(name) for name in self.outcomes
            },
            "sources": {name: self._source(name) for name in self.rows},
            "identity": json.loads(self.people.report.to_json()),
        }

    def _outcome_report(self, name: str) -> dict[str, int]:
        """Return how many leads have an outcome and of how many it happened, and what is odd about it."""
        outcome = self.outcomes[name]
        before_capture = outcome.first_known < self.captured
        labels = self._labels(name)
        return {
            "known": len(labels) - labels.null_count,
            "happened": int(pc.sum(labels).as_py() or 0),
            "changed": outcome.changed,
            "withdrawn": outcome.withdrawn,
            "before_capture": int(before_capture[self.living].sum()),
        }

    def _source(self, name: str) -> dict[str, Any]:
        rows = self.rows[name]
        owned = self.people.owned[name]
        early = rows.occurred[owned.rows] < self.created[owned.people]
        return {
            "rows": rows.rows,
            "repeated_rows": rows.repeated,
            "rows_without_moment": rows.without_moment,
            "rows_of_nobody": self.people.rows_of_nobody[name],
            "rows_before_creation": int(np.unique(owned.rows[early]).size),
            "last_arrived_at": rows.last_arrived,
        }


def _history(counts: pd.DataFrame) -> RateHistory:
    """Return the counts of a rate, summed up by level and moment: whose they are is not told."""
    groups = counts.groupby(["level", "known_at"], dropna=False)
    sums = groups[["outcomes", "happened"]].sum().reset_index()
    levels = [None if pd.isna(level) else level for level in sums["level"]]
    return RateHistory(
        zip(
            levels,
            sums["known_at"].astype(int).tolist(),
            sums["outcomes"].astype(int).tolist(),
            sums["happened"].astype(int).tolist(),
            strict=True,
        )
    )
