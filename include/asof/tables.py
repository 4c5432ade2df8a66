"""Name the relations that a query over events reads, and the columns that each must have.

Every time is a whole number of microseconds since 1970 in UTC (BIGINT): engines differ in their functions of dates and
agree on whole numbers. Whole seconds would not do: what occurred half a second after the moment would count.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from include.asof.errors import FeatureInputError
from include.contract.format.features import (
    EVENT_COLUMNS,
    PREFIX,
    Features,
    start_of,
)

LEADS = ("lead_key", "stage", "moment")
CREATED = "created_at"
EVENTS = EVENT_COLUMNS
OUTCOMES = (*EVENTS, "value")
RATE_ROWS = ("lead_key", "level", "known_at", "outcomes", "happened")
TIMES = frozenset({"moment", CREATED, "occurred_at", "arrived_at", "known_at"})
_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*){0,2}")


@dataclass(frozen=True)
class Tables:
    """Relations of one query.

    Attributes:
        leads: one row for each lead and stage: `lead_key`, `stage`, `moment`, and `created_at` where a window begins
            with the lead's creation.
        events: source to its relation: `lead_key`, `occurred_at`, `arrived_at` and the columns of the source. One
            event is one row; of an event that arrived twice the caller keeps the first arrival.
        outcomes: outcome to its relation: `lead_key`, `occurred_at`, `arrived_at` and `value`, which is 1, 0, or
            missing for an outcome that was withdrawn. Of several rows of a lead the last to occur counts.
        rates: name of a rate to a relation of `rate_rows_sql`, in place of outcomes that would be read again.
    """

    leads: str = "leads"
    events: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise FeatureInputError where a name cannot stand in SQL as it is, or is one that the query makes."""
        names = [self.leads]
        for relations in (self.events, self.outcomes, self.rates):
            names += relations.values()
        for name in names:
            if _NAME.fullmatch(name) is None or name.startswith(PREFIX):
                raise FeatureInputError(
                    f"{name!r} cannot be the name of a table: write small letters, digits and underscores, and do not "
                    f"begin with {PREFIX}"
                )

    def events_of(self, source: str) -> str:
        """Return the relation of a source. Raises FeatureInputError where none is named."""
        if source not in self.events:
            raise FeatureInputError(
                f"no table is named for the events of {source!r}, which the features read"
            )
        return self.events[source]

    def outcomes_of(self, outcome: str) -> str:
        """Return the relation of an outcome. Raises FeatureInputError where none is named."""
        if outcome not in self.outcomes:
            raise FeatureInputError(
                f"no table is named for the outcome {outcome!r}, which the features read"
            )
        return self.outcomes[outcome]


def lead_columns(features: Features) -> tuple[str, ...]:
    """Return the columns that the leads must have."""
    starts = [start_of(feature) for feature in features]
    return (*LEADS, CREATED) if "creation" in starts else LEADS
