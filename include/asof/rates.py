"""Write the queries of historical rates: how often an outcome happened by level, from outcomes known at a moment.

Outcomes are counted once, in the order in which they became known, and each moment reads the running sum at its place:
the work grows with the rows, not with rows times moments.
"""

from dataclasses import dataclass

from include.asof.fragments import DOUBLE_ONE, SO_FAR, cte, number
from include.asof.sources import LEADS, SourceQueries
from include.asof.tables import RATE_ROWS
from include.contract.features import HistoricalRate


@dataclass(frozen=True)
class RateQueries:
    """Queries of the rates of one outcome by one value.

    Attributes:
        name: with which the names of the queries begin.
        level: column of the source's values that holds the level.
        column: of the source, whose levels have rates.
        source: that changes the value.
        outcomes: relation of the outcome.
        rows: relation of rows that are counted already, None where they have to be.
    """

    name: str
    level: str
    column: str
    source: SourceQueries
    outcomes: str
    rows: str | None = None

    def queries(self) -> list[str]:
        """Return the queries in order; the last one has `n`, `k`, `all_n` and `all_k` for each lead and stage."""
        counted = [] if self.rows else self.counted()
        return [
            *counted,
            self._asked(),
            self._by_level(),
            self._of_all(),
            self._own(),
            self._counts(),
        ]

    def counted(self) -> list[str]:
        """Return the queries of each lead's part in the counts, the last of which is the relation of rows.

        An outcome counts from when it is known until another of its lead takes its place.
        """
        return [
            self._known(),
            self._latest(),
            self._held(),
            self._levels(),
            self._placed(),
            self._rows(),
        ]

    @property
    def relation(self) -> str:
        """Return the relation of rows that are counted."""
        return self.rows or f"{self.name}_rows"

    def _known(self) -> str:
        """Number the outcomes of a lead in the order in which they occurred."""
        query = f"""
SELECT
    o.lead_key,
    o.value,
    CASE WHEN o.arrived_at > o.occurred_at THEN o.arrived_at ELSE o.occurred_at END AS known_at,
    ROW_NUMBER() OVER (
        PARTITION BY o.lead_key
        ORDER BY o.occurred_at, o.arrived_at, COALESCE(o.value, -1)
    ) AS place
FROM {self.outcomes} o
WHERE o.lead_key IS NOT NULL AND o.occurred_at IS NOT NULL AND o.arrived_at IS NOT NULL
"""
        return cte(f"{self.name}_known", query)

    def _latest(self) -> str:
        """Add the outcome that holds once a row is known."""
        query = f"""
SELECT
    k.lead_key,
    k.value,
    k.known_at,
    k.place,
    MAX(k.place) OVER (PARTITION BY k.lead_key ORDER BY k.known_at, k.place {SO_FAR}) AS latest
FROM {self.name}_known k
"""
        return cte(f"{self.name}_latest", query)

    def _held(self) -> str:
        """Leave the rows that held once they were known, and add until when."""
        query = f"""
SELECT
    k.lead_key,
    k.value,
    k.known_at,
    k.place,
    LEAD(k.known_at) OVER (PARTITION BY k.lead_key ORDER BY k.known_at, k.place) AS known_until
FROM {self.name}_latest k
WHERE k.place = k.latest
"""
        return cte(f"{self.name}_held", query)

    def _levels(self) -> str:
        """Find the level that a lead had when its outcome became known."""
        query = f"""
SELECT h.lead_key, h.place, MAX(e.fx_place) AS event_place
FROM {self.name}_held h
JOIN {self.source.relation} e
    ON e.lead_key = h.lead_key AND e.occurred_at <= h.known_at AND e.arrived_at <= h.known_at
GROUP BY h.lead_key, h.place
"""
        return cte(f"{self.name}_levels", query)

    def _placed(self) -> str:
        query = f"""
SELECT h.lead_key, e.{self.column} AS level, h.known_at, h.known_until, CAST(h.value AS BIGINT) AS happened
FROM {self.name}_held h
LEFT JOIN {self.name}_levels p ON p.lead_key = h.lead_key AND p.place = h.place
LEFT JOIN {self.source.relation} e ON e.lead_key = p.lead_key AND e.fx_place = p.event_place
WHERE h.value IS NOT NULL
"""
        return cte(f"{self.name}_placed", query)

    def _rows(self) -> str:
        """Add an outcome when it is known, and take it back when it holds no more."""
        query = f"""
SELECT p.lead_key, p.level, p.known_at, 1 AS outcomes, p.happened AS happened
FROM {self.name}_placed p
UNION ALL
SELECT p.lead_key, p.level, p.known_until AS known_at, -1 AS outcomes, -p.happened AS happened
FROM {self.name}_placed p
WHERE p.known_until IS NOT NULL
"""
        return cte(f"{self.name}_rows", query)

    def _asked(self) -> str:
        query = f"""
SELECT a.lead_key, a.stage, a.moment, v.{self.level} AS level
FROM {LEADS} a
LEFT JOIN {self.source.values_query} v ON v.lead_key = a.lead_key AND v.stage = a.stage
"""
        return cte(f"{self.name}_asked", query)

    def _by_level(self) -> str:
        """Sum up by level; at the same time outcomes come before moments."""
        query = f"""
SELECT
    p.level,
    p.known_at,
    p.is_asked,
    SUM(p.outcomes) OVER (PARTITION BY p.level ORDER BY p.known_at, p.is_asked {SO_FAR}) AS outcomes,
    SUM(p.happened) OVER (PARTITION BY p.level ORDER BY p.known_at, p.is_asked {SO_FAR}) AS happened
FROM (
    SELECT r.level, r.known_at, 0 AS is_asked, r.outcomes, r.happened
    FROM {self.relation} r
    WHERE r.level IS NOT NULL
    UNION ALL
    SELECT DISTINCT a.level, a.moment AS known_at, 1 AS is_asked, 0 AS outcomes, 0 AS happened
    FROM {self.name}_asked a
    WHERE a.level IS NOT NULL AND a.moment IS NOT NULL
) p
"""
        return cte(f"{self.name}_by_level", query)

    def _of_all(self) -> str:
        query = f"""
SELECT
    p.known_at,
    p.is_asked,
    SUM(p.outcomes) OVER (ORDER BY p.known_at, p.is_asked {SO_FAR}) AS outcomes,
    SUM(p.happened) OVER (ORDER BY p.known_at, p.is_asked {SO_FAR}) AS happened
FROM (
    SELECT r.known_at, 0 AS is_asked, r.outcomes, r.happened
    FROM {self.relation} r
    UNION ALL
    SELECT DISTINCT a.moment AS known_at, 1 AS is_asked, 0 AS outcomes, 0 AS happened
    FROM {self.name}_asked a
    WHERE a.moment IS NOT NULL
) p
"""
        return cte(f"{self.name}_of_all", query)

    def _own(self) -> str:
        """Sum up the lead's own part, which the counts leave out."""
        query = f"""
SELECT
    a.lead_key,
    a.stage,
    SUM(r.outcomes) AS all_outcomes,
    SUM(r.happened) AS all_happened,
    SUM(CASE WHEN r.level = a.level THEN r.outcomes ELSE 0 END) AS outcomes,
    SUM(CASE WHEN r.level = a.level THEN r.happened ELSE 0 END) AS happened
FROM {self.name}_asked a
JOIN {self.relation} r ON r.lead_key = a.lead_key AND r.known_at <= a.moment
GROUP BY a.lead_key, a.stage
"""
        return cte(f"{self.name}_own", query)

    def _counts(self) -> str:
        counts = [
            _left("l.outcomes", "o.outcomes", "n"),
            _left("l.happened", "o.happened", "k"),
            _left("t.outcomes", "o.all_outcomes", "all_n"),
            _left("t.happened", "o.all_happened", "all_k"),
        ]
        columns = ",\n    ".join(counts)
        query = f"""
SELECT
    a.lead_key,
    a.stage,
    {columns}
FROM {self.name}_asked a
LEFT JOIN {self.name}_by_level l ON l.level = a.level AND l.known_at = a.moment AND l.is_asked = 1
LEFT JOIN {self.name}_of_all t ON t.known_at = a.moment AND t.is_asked = 1
LEFT JOIN {self.name}_own o ON o.lead_key = a.lead_key AND o.stage = a.stage
"""
        return cte(f"{self.name}_counts", query)


def _left(total: str, own: str, name: str) -> str:
    """Return what is left of a count without the lead's own part, as a floating-point number."""
    left = f"COALESCE({total}, 0) - COALESCE({own}, 0)"
    return f"({left}) * {DOUBLE_ONE} AS {name}"


def rate(feature: HistoricalRate, counts: str) -> str:
    """Return the smoothed rate from the counts of an alias."""
    m = number(feature.m)
    share = f"{counts}.all_k / NULLIF({counts}.all_n, 0)"
    return f"({counts}.k + {m} * ({share})) / NULLIF({counts}.n + {m}, 0)"


def rate_columns() -> str:
    """Return the columns of the rows that are counted, as they stand behind SELECT."""
    return ", ".join(f"r.{column}" for column in RATE_ROWS)
