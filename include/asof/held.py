"""Write the queries of values that hold: from when each was known until another one took its place.

The value at a moment is then one row of a join, and no row is read once for every moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from include.asof.fragments import SO_FAR, cte


@dataclass(frozen=True)
class Held:
    """The first or the last value of a lead, among the rows of a relation that fit.

    Attributes:
        relation: with `lead_key`, `occurred_at`, `arrived_at`.
        column: that holds the value.
        conditions: of a row `e`.
        function: MIN for the first row, MAX for the last one.
    """

    relation: str
    column: str
    conditions: tuple[str, ...] = ()
    function: str = "MAX"


class HeldValues:
    """Name the queries of values that hold, each once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._names: dict[Held, str] = {}

    def name(self, held: Held) -> str:
        """Return the name of the query of a value."""
        return self._names.setdefault(held, f"fx_h_{len(self._names) + 1}")

    def queries(self) -> list[str]:
        """Return the queries that were named."""
        return [cte(name, _query(held)) for held, name in self._names.items()]


def _query(held: Held) -> str:
    """Return the query with `lead_key`, `value`, `known_at` and `known_until`.

    Rows of a lead have places in the order in which they occurred; then in which they arrived; then of their values. A
    row holds from when it is known if no row that was known by then has a better place.
    """
    value = f"e.{held.column}"
    conditions = [
        "e.lead_key IS NOT NULL",
        "e.occurred_at IS NOT NULL",
        "e.arrived_at IS NOT NULL",
        *held.conditions,
    ]
    filtered = " AND ".join(conditions)
    return f"""
SELECT
    h.lead_key,
    h.value,
    h.known_at,
    LEAD(h.known_at) OVER (PARTITION BY h.lead_key ORDER BY h.known_at, h.place) AS known_until
FROM (
    SELECT
        k.lead_key,
        k.value,
        k.known_at,
        k.place,
        {held.function}(k.place) OVER (PARTITION BY k.lead_key ORDER BY k.known_at, k.place {SO_FAR}) AS best
    FROM (
        SELECT
            e.lead_key,
            {value} AS value,
            CASE WHEN e.arrived_at > e.occurred_at THEN e.arrived_at ELSE e.occurred_at END AS known_at,
            ROW_NUMBER() OVER (
                PARTITION BY e.lead_key
                ORDER BY e.occurred_at, e.arrived_at, CASE WHEN {value} IS NULL THEN 0 ELSE 1 END, {value}
            ) AS place
        FROM {held.relation} e
        WHERE {filtered}
    ) k
) h
WHERE h.place = h.best
"""


def held_at(alias: str, lead: str, moment: str) -> str:
    """Return the condition that a row of a query holds for a lead at a moment."""
    conditions: Sequence[str] = (
        f"{alias}.lead_key = {lead}",
        f"{alias}.known_at <= {moment}",
        f"({alias}.known_until IS NULL OR {moment} < {alias}.known_until)",
    )
    return " AND ".join(conditions)
