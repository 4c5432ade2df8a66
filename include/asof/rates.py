"""Write the queries of historical rates: how often an outcome happened by level, from outcomes known at a moment.

Outcomes and moments stand in one order of time, and each moment reads the running sums at its place: the work grows
with the rows, not with rows times moments.
"""

from dataclasses import dataclass

from include.asof.fragments import DOUBLE_ONE, SO_FAR, cte, number
from include.asof.held import held_at
from include.asof.sources import LEADS
from include.asof.tables import RATE_ROWS
from include.contract.format.features import HistoricalRate

_BY_LEVEL = "p.level"
_BY_LEAD = "p.lead_key"
_BY_LEAD_AND_LEVEL = "p.lead_key, p.level"


@dataclass(frozen=True)
class RateQueries:
    """Queries of the rates of one outcome by one value.

    Attributes:
        name: with which the names of the queries begin.
        levels: query of the levels that hold.
        outcomes: query of the outcomes that hold.
        rows: relation of rows that are counted already, None where they have to be.
    """

    name: str
    levels: str
    outcomes: str
    rows: str | None = None

    def queries(self) -> list[str]:
        """Return the queries in order; the last one has `n`, `k`, `all_n` and `all_k` for each lead and stage."""
        queries = [] if self.rows else self.counted()
        return [
            *queries,
            self._points(),
            self._own_sums(),
            self._sums(),
            self._counts(),
        ]

    def counted(self) -> list[str]:
        """Return the queries of what each outcome adds to the counts, the last of which is the relation of rows."""
        return [self._placed(), self._rows()]

    @property
    def relation(self) -> str:
        """Return the relation of rows that are counted."""
        return self.rows or f"{self.name}_rows"

    def _placed(self) -> str:
        """Add the level that a lead had when its outcome became known."""
        query = f"""
SELECT o.lead_key, l.value AS level, o.known_at, o.known_until, CAST(o.value AS BIGINT) AS happened
FROM {self.outcomes} o
LEFT JOIN {self.levels} l ON {held_at("l", "o.lead_key", "o.known_at")}
WHERE o.value IS NOT NULL
"""
        return cte(f"{self.name}_placed", query)

    def _rows(self) -> str:
        """Add an outcome when it is known, and take it back when it holds no more."""
        query = f"""
SELECT
    p.lead_key,
    p.level,
    CASE WHEN s.sign = 1 THEN p.known_at ELSE p.known_until END AS known_at,
    s.sign AS outcomes,
    s.sign * p.happened AS happened
FROM {self.name}_placed p
CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1 AS sign) s
WHERE s.sign = 1 OR p.known_until IS NOT NULL
"""
        return cte(f"{self.name}_rows", query)

    def _points(self) -> str:
        """Return what is counted and when it is asked for, as rows of one kind."""
        query = f"""
SELECT r.lead_key, '' AS stage, r.level, r.known_at, 0 AS is_asked, r.outcomes, r.happened
FROM {self.relation} r
UNION ALL
SELECT
    a.lead_key,
    a.stage,
    l.value AS level,
    a.moment AS known_at,
    1 AS is_asked,
    0 AS outcomes,
    0 AS happened
FROM {LEADS} a
LEFT JOIN {self.levels} l ON {held_at("l", "a.lead_key", "a.moment")}
"""
        return cte(f"{self.name}_points", query)

    def _own_sums(self) -> str:
        """Sum up so far what the lead itself adds, which the counts leave out."""
        query = f"""
SELECT
    p.lead_key,
    p.stage,
    p.level,
    p.known_at,
    p.is_asked,
    p.outcomes,
    p.happened,
    {_so_far("outcomes", _BY_LEAD_AND_LEVEL)} AS own_outcomes,
    {_so_far("happened", _BY_LEAD_AND_LEVEL)} AS own_happened,
    {_so_far("outcomes", _BY_LEAD)} AS all_own_outcomes,
    {_so_far("happened", _BY_LEAD)} AS all_own_happened
FROM {self.name}_points p
"""
        return cte(f"{self.name}_own", query)

    def _sums(self) -> str:
        """Sum up so far: of the level, and of all.

        Spark sums up all rows in one task, and would put the sums of each lead into it too. The condition always holds
        and keeps them apart: Spark does not know that.
        """
        query = f"""
SELECT
    p.lead_key,
    p.stage,
    p.level,
    p.is_asked,
    {_so_far("outcomes", _BY_LEVEL)} AS outcomes,
    {_so_far("happened", _BY_LEVEL)} AS happened,
    {_so_far("outcomes")} AS all_outcomes,
    {_so_far("happened")} AS all_happened,
    p.own_outcomes,
    p.own_happened,
    p.all_own_outcomes,
    p.all_own_happened
FROM {self.name}_own p
WHERE p.all_own_outcomes IS NOT NULL
"""
        return cte(f"{self.name}_sums", query)

    def _counts(self) -> str:
        query = f"""
SELECT
    s.lead_key,
    s.stage,
    CASE WHEN s.level IS NULL THEN 0 ELSE s.outcomes - s.own_outcomes END * {DOUBLE_ONE} AS n,
    CASE WHEN s.level IS NULL THEN 0 ELSE s.happened - s.own_happened END * {DOUBLE_ONE} AS k,
    (s.all_outcomes - s.all_own_outcomes) * {DOUBLE_ONE} AS all_n,
    (s.all_happened - s.all_own_happened) * {DOUBLE_ONE} AS all_k
FROM {self.name}_sums s
WHERE s.is_asked = 1
"""
        return cte(f"{self.name}_counts", query)


def _so_far(column: str, group: str = "") -> str:
    """Return the running sum of a column in the order of time; at the same time outcomes come before moments."""
    partition = f"PARTITION BY {group} " if group else ""
    return f"SUM(p.{column}) OVER ({partition}ORDER BY p.known_at, p.is_asked {SO_FAR})"


def rate(feature: HistoricalRate, counts: str) -> str:
    """Return the smoothed rate from the counts of an alias."""
    m = number(feature.m)
    share = f"{counts}.all_k / NULLIF({counts}.all_n, 0)"
    return f"({counts}.k + {m} * ({share})) / NULLIF({counts}.n + {m}, 0)"


def rate_columns() -> str:
    """Return the columns of the rows that are counted, as they stand behind SELECT."""
    return ", ".join(f"r.{column}" for column in RATE_ROWS)
