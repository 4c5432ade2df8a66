"""Read how a contract's leads are put together, from what the contract was compiled to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from include.contract.format.features import Events, Features, needed_columns
from include.contract.model import Contract, KnownAt
from include.identity.rules import IdentityRules, rules_of
from include.unify.errors import UnifyError

LEADS = "leads"


@dataclass(frozen=True)
class SourceGate:
    """What a source must hold, or it is left out of a load.

    Attributes:
        min_rows: so many rows at least.
        max_quarantined_share: of its rows, in [0, 1]; None means as the contract's decisions say.
        max_unmatched_share: of its rows that belong to nobody, in [0, 1].
    """

    min_rows: int
    max_quarantined_share: float | None
    max_unmatched_share: float


@dataclass(frozen=True)
class SourcePlan:
    """One source, as the contract compiles it.

    Attributes:
        name: in the contract.
        role: `leads`, `events` or `outcomes`.
        prefix: folder below the raw files.
        key: column that identifies a row, if any.
        occurred_at: column that says when a row's content became true.
        arrived_at: column that says when it reached us, if any.
        late_after: microseconds behind the newest source, None where it is never late.
        expected_every: microseconds after which another file is due, None where none is.
        gate: what it must hold.
        contract: what reads its files, as plain values.
    """

    name: str
    role: str
    prefix: str
    key: str | None
    occurred_at: str
    arrived_at: str | None
    late_after: int | None
    expected_every: int | None
    gate: SourceGate
    contract: Mapping[str, Any]

    @property
    def columns(self) -> dict[str, str]:
        """Return the type of each column of its files, by field."""
        return {
            column["field"]: column["type"]
            for column in self.contract["columns"]
            if not column.get("derived")
        }


@dataclass(frozen=True)
class OutcomePlan:
    """One outcome.

    Attributes:
        name: of the outcome and of the column that holds it.
        source: name of the source that holds it.
        matures_after: microseconds from a lead's creation until it is final, 0 where it is at once.
    """

    name: str
    source: str
    matures_after: int


@dataclass(frozen=True)
class Plan:
    """How leads are put together.

    Attributes:
        contract: whole.
        sources: by name.
        rules: of identity.
        features: as they are declared.
        stages: stage to microseconds, or to the events whose first one is the moment.
        outcomes: by name, the main one first.
    """

    contract: Contract
    sources: Mapping[str, SourcePlan]
    rules: IdentityRules
    features: Features
    stages: Mapping[str, int | Events]
    outcomes: Mapping[str, OutcomePlan]

    @property
    def leads(self) -> SourcePlan:
        """Return the source of leads."""
        for source in self.sources.values():
            if source.role == LEADS:
                return source
        raise UnifyError("no source has the role leads; name one in 'sources'")

    def features_of(self, stage: KnownAt) -> Features:
        """Return the features that are computed as of a stage's moment."""
        return tuple(
            feature for feature in self.features if feature.known_at is stage
        )

    @property
    def needed_columns(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each source that features and stages read."""
        columns_read = {name: dict[str, None]() for name in self.sources}
        for source, columns in needed_columns(self.features).items():
            columns_read[source].update(dict.fromkeys(columns))
        for events in self.stages.values():
            if isinstance(events, Events):
                columns_read[events.source].update(dict.fromkeys(events.where))
        return {name: tuple(columns) for name, columns in columns_read.items()}

    def columns_of_leads(self, name: str) -> set[str]:
        """Return the columns of a source that features, stages, outcomes or the leads themselves read."""
        columns = set(self.needed_columns[name])
        for outcome in self.outcomes.values():
            if outcome.source == name:
                columns.add(outcome.name)
        if name == self.leads.name:
            columns.update(self.contract.fields)
        return columns

    def read_columns(self, name: str) -> set[str]:
        """Return the columns of a source that anything reads: those of `columns_of_leads`, and the keys of identity."""
        columns = self.columns_of_leads(name)
        if name in self.rules.sources:
            for keys in self.rules.sources[name].columns.values():
                columns.update(keys)
        return columns


def plan_of(contract: Contract) -> Plan:
    """Return how a contract's leads are put together.

    Raises:
        UnifyError: they come from one source.
    """
    unify = contract.unify
    if not unify:
        raise UnifyError(
            f"contract {contract.contract} has no 'sources'; its files hold one lead a row"
        )
    sources = {
        entry["name"]: SourcePlan(
            **{**entry, "gate": SourceGate(**entry["gate"])}
        )
        for entry in unify["sources"]
    }
    features: Features = TypeAdapter(Features).validate_python(
        unify["features"]
    )
    stages = {
        name: moment
        if isinstance(moment, int)
        else Events.model_validate(moment)
        for name, moment in unify["stages"].items()
    }
    return Plan(
        contract=contract,
        sources=sources,
        rules=rules_of(unify["identity"]),
        features=features,
        stages=stages,
        outcomes={
            entry["name"]: OutcomePlan(
                name=entry["name"],
                source=entry["source"],
                matures_after=entry["matures_after"],
            )
            for entry in unify["outcomes"]
        },
    )
