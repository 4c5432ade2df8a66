"""Put one lead together from events that somebody hands over: its columns as of the moments of their stages.

    leads = OneLead(plan)
    leads.put_together(events, as_of, rates).values

The rules are those of many leads at once (`include.unify.unify`), and the features are computed by the same SQL text.
Every event is taken to be the lead's: nothing is matched. Moments are whole microseconds since 1970 in UTC. Nothing
here needs Arrow, without which the scoring API goes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from include.asof.prepared import (
    Cell,
    KnownEvent,
    LeadInputs,
    PreparedFeatures,
)
from include.asof.rate_history import RateHistory, RateRow
from include.contract.format.features import Events, HistoricalRate
from include.contract.model import SCORING_STAGES, Column, KnownAt
from include.unify.errors import UnifyError
from include.unify.plan import Plan, SourcePlan

NEVER = 2**63 - 1
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - moments are in UTC without a zone


@dataclass(frozen=True)
class SentEvent:
    """One event as it was handed over.

    Attributes:
        source: that it comes from.
        occurred_at: when its content became true.
        arrived_at: when it was here and known to be the lead's.
        values: column of the source to its value, None where it is missing; what is left out is missing too.
    """

    source: str
    occurred_at: int
    arrived_at: int
    values: Mapping[str, Cell]

    @property
    def known_at(self) -> int:
        """Return when it had occurred and had arrived."""
        return max(self.occurred_at, self.arrived_at)


@dataclass(frozen=True)
class PutTogether:
    """A lead as of a moment.

    Attributes:
        values: field of the contract to its value, None where it is missing; without key and outcome.
        moments: stage to its moment.
        used: source to the number of events that counted.
        later: events that had not occurred or had not arrived at the moment; they count for nothing.
        repeated: events that had arrived before; they count for nothing.
    """

    values: dict[str, Any]
    moments: dict[str, int]
    used: dict[str, int]
    later: int
    repeated: int


def microseconds_of(moment: date) -> int:
    """Return a day's midnight or a moment in UTC without a zone as microseconds since 1970."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_text(moment: int) -> str:
    """Return microseconds since 1970 as ISO 8601 in UTC."""
    return (EPOCH.replace(tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()  # fmt: skip


class OneLead:
    """Put one lead after the other together; threads may share it."""

    def __init__(self, plan: Plan) -> None:
        """Write the SQL text of the features."""
        self.plan = plan
        stages = {str(stage): stage for stage in SCORING_STAGES}
        self._engine = PreparedFeatures(
            {name: plan.features_of(stage) for name, stage in stages.items()}
        )
        self._features = {feature.name for feature in plan.features}
        self.rates = tuple(
            feature
            for feature in plan.features
            if isinstance(feature, HistoricalRate)
        )

    @property
    def features(self) -> set[str]:
        """Return the names of the features."""
        return self._features

    @property
    def own_columns(self) -> list[Column]:
        """Return the contract's columns that the leads' source has, without the key."""
        contract = self.plan.contract
        return [
            column
            for column in contract.columns
            if column.field not in self._features
            and column.field not in (contract.key, *contract.labels)
        ]

    def put_together(
        self,
        key: str | None,
        events: Sequence[SentEvent],
        as_of: int,
        rates: Mapping[str, RateHistory],
    ) -> PutTogether:
        """Return the lead as of a moment.

        Args:
            key: of the lead. Rows of the leads' source with another key were merged into it: features read them, and
                the lead's own columns do not.
            events: of all sources, those of the leads' own source among them, one at least of which was known.
            as_of: the moment.
            rates: name of a rate to the counts of other leads; a rate that is not there is missing.

        Raises:
            UnifyError: nothing was known of the lead at the moment.
        """
        early = [event for event in events if event.known_at <= as_of]
        by_source = self._by_source(early)
        states = self._states(key, by_source[self.plan.leads.name])
        captured = min((state.known_at for state in states), default=NEVER)
        if captured == NEVER:
            raise UnifyError(
                f"nothing was known of the lead at {moment_text(as_of)}; its first event of {self.plan.leads.name} "
                "must have occurred and arrived by then"
            )
        created = self._created(states, captured)
        moments = self._moments(by_source, created, captured, as_of)
        used = {name: len(rows) for name, rows in by_source.items()}
        inputs = LeadInputs(
            moments=moments,
            created_at=created,
            events={
                name: [_known(event) for event in source_events]
                for name, source_events in by_source.items()
            },
            rates=self._rates(rates, by_source, moments),
        )
        values = self._own(states, moments, captured, as_of)
        values |= self._engine.compute(inputs)
        return PutTogether(
            values=values,
            moments=moments,
            used=used,
            later=len(events) - len(early),
            repeated=len(early) - sum(used.values()),
        )

    def _by_source(
        self, events: Sequence[SentEvent]
    ) -> dict[str, list[SentEvent]]:
        """Return the events of each source, each once, in the order of arrival."""
        by_source: dict[str, list[SentEvent]] = {}
        for name, source in self.plan.sources.items():
            rows = [event for event in events if event.source == name]
            rows.sort(key=lambda event: event.arrived_at)
            by_source[name] = _first_arrivals(source, rows)
        return by_source

    def _states(
        self, key: str | None, rows: Sequence[SentEvent]
    ) -> list[SentEvent]:
        """Return the rows of the lead's own record."""
        field = self.plan.contract.key
        return [row for row in rows if row.values.get(field) in (None, key)]

    def _created(self, states: Sequence[SentEvent], captured: int) -> int:
        """Return the creation of the lead as its first row says it, else when that row was known."""
        first = _last_row(states, captured)
        clock = None
        if first is not None:
            clock = first.values.get(self.plan.contract.clock)
        if isinstance(clock, date):
            return microseconds_of(clock)
        return captured

    def _moments(
        self,
        by_source: Mapping[str, Sequence[SentEvent]],
        created: int,
        captured: int,
        as_of: int,
    ) -> dict[str, int]:
        """Return the moment of each stage, as `include.unify.moments` has it."""
        outcome = self._first_outcome(by_source)
        outcome_known = NEVER if outcome is None else outcome.known_at
        outcome_occurred = NEVER if outcome is None else outcome.occurred_at
        natural: dict[KnownAt, int] = {}
        for stage in SCORING_STAGES:
            rule = self.plan.stages[stage]
            if isinstance(rule, Events):
                moment = _first_event(rule, by_source[rule.source])
            elif stage is KnownAt.CAPTURE:
                moment = captured + rule
            else:
                moment = created + rule
            earliest = natural.get(KnownAt.CAPTURE, captured)
            natural[stage] = max(moment, earliest)
        moments: dict[str, int] = {}
        for stage, moment in natural.items():
            if moment >= outcome_known:
                moment = outcome_occurred - 1
            moments[str(stage)] = min(moment, as_of)
        return moments

    def _first_outcome(
        self, by_source: Mapping[str, Sequence[SentEvent]]
    ) -> SentEvent | None:
        """Return the row with an outcome that was known first, None where the lead is open."""
        decided: list[SentEvent] = []
        for outcome in self.plan.outcomes.values():
            for row in by_source[outcome.source]:
                if row.values.get(outcome.name) is not None:
                    decided.append(row)
        return _first_known(decided)

    def _rates(
        self,
        rates: Mapping[str, RateHistory],
        by_source: Mapping[str, Sequence[SentEvent]],
        moments: Mapping[str, int],
    ) -> dict[str, list[RateRow]]:
        """Return the counts of each rate at the moment of its stage."""
        rows: dict[str, list[RateRow]] = {}
        for feature in self.rates:
            history = rates.get(feature.name)
            if history is None:
                continue
            values = [
                event.values.get(feature.by.column)
                for event in by_source[feature.by.source]
            ]
            levels = [str(value) for value in values if value is not None]
            moment = moments[str(feature.known_at)]
            rows[feature.name] = history.rows(moment, levels)
        return rows

    def _own(
        self,
        states: Sequence[SentEvent],
        moments: Mapping[str, int],
        captured: int,
        as_of: int,
    ) -> dict[str, Any]:
        """Return the lead's own columns as they were at the moments of their stages."""
        values: dict[str, Any] = {}
        for column in self.own_columns:
            moment = moments.get(str(column.known_at), as_of)
            if column.field == self.plan.contract.clock:
                moment = captured
            state = _last_row(states, moment)
            values[column.field] = (
                None if state is None else state.values.get(column.field)
            )
        return values


def _known(event: SentEvent) -> KnownEvent:
    """Return an event as the features read it, which count it from when it is known."""
    return KnownEvent(event.occurred_at, event.known_at, event.values)


def _first_arrivals(
    source: SourcePlan, events: Sequence[SentEvent]
) -> list[SentEvent]:
    """Return the events that are no repetition of one that arrived earlier."""
    first: list[SentEvent] = []
    seen: Counter[Any] = Counter()
    for event in events:
        identity = _identity(source, event)
        if identity is not None:
            seen[identity] += 1
        if identity is None or seen[identity] == 1:
            first.append(event)
    return first


def _identity(source: SourcePlan, event: SentEvent) -> Any:
    """Return what tells an event from another one of its source; None where its key is missing."""
    if source.key:
        return event.values.get(source.key)
    return tuple(
        event.occurred_at
        if name == source.occurred_at
        else event.values.get(name)
        for name in source.columns
        if name != source.arrived_at
    )


def _last_row(states: Sequence[SentEvent], moment: int) -> SentEvent | None:
    """Return the state that held at a moment: the last to occur of those known by then, None without one."""
    best: SentEvent | None = None
    for state in states:
        if state.known_at > moment:
            continue
        place = (state.occurred_at, state.known_at)
        if best is None or place >= (best.occurred_at, best.known_at):
            best = state
    return best


def _first_known(events: Sequence[SentEvent]) -> SentEvent | None:
    """Return the event that was known first; of several, the first to occur."""
    return min(
        events,
        key=lambda event: (event.known_at, event.occurred_at),
        default=None,
    )


def _first_event(rule: Events, events: Sequence[SentEvent]) -> int:
    """Return when that of some events occurred which was known first, NEVER without one."""
    fitting = [
        event
        for event in events
        if all(
            event.values.get(column) in levels
            for column, levels in rule.where.items()
        )
    ]
    first = _first_known(fitting)
    return NEVER if first is None else first.occurred_at
