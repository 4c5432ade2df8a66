"""Hold the counts that a historical rate is made of, in the order of time, and give those of one moment.

A run publishes them, so that the rate of one lead can be computed where no other lead is at hand.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from include.asof.errors import FeatureInputError

RateRow = tuple[str | None, int, int, int]
"""Level, moment from which the counts hold, outcomes, and how many of them happened."""


@dataclass(frozen=True)
class _Sums:
    """Running sums, one for each moment at which they changed."""

    moments: list[int]
    outcomes: list[int]
    happened: list[int]

    def at(self, moment: int) -> tuple[int, int]:
        """Return the sums of outcomes and of those that happened at a moment."""
        place = bisect_right(self.moments, moment) - 1
        if place < 0:
            return 0, 0
        return self.outcomes[place], self.happened[place]


def _sums_of(rows: Iterable[RateRow]) -> _Sums:
    """Return the running sums of rows."""
    ordered = sorted(rows, key=lambda row: row[1])
    return _Sums(
        moments=[row[1] for row in ordered],
        outcomes=list(accumulate(row[2] for row in ordered)),
        happened=list(accumulate(row[3] for row in ordered)),
    )


class RateHistory:
    """The counts of one rate, by level and moment, without saying whose outcomes they are."""

    def __init__(self, rows: Iterable[RateRow]) -> None:
        """Read rows of `rate_rows_sql`, whose moments are microseconds since 1970 in UTC."""
        self._rows = list(rows)
        by_level: dict[str | None, list[RateRow]] = defaultdict(list)
        for row in self._rows:
            by_level[row[0]].append(row)
        self._levels = {
            level: _sums_of(level_rows)
            for level, level_rows in by_level.items()
        }
        self._all = _sums_of(self._rows)

    def rows(self, moment: int, levels: Iterable[str]) -> list[RateRow]:
        """Return what the query has to read to give the rate of a moment: a row for each level, and one for the rest.

        Args:
            moment: in microseconds since 1970 in UTC.
            levels: that the lead may have.
        """
        outcomes, happened = self._all.at(moment)
        rows: list[RateRow] = []
        for level in sorted(set(levels)):
            if level not in self._levels:
                continue
            level_outcomes, level_happened = self._levels[level].at(moment)
            rows.append((level, moment, level_outcomes, level_happened))
            outcomes -= level_outcomes
            happened -= level_happened
        rows.append((None, moment, outcomes, happened))
        return rows

    def as_columns(self) -> dict[str, list[Any]]:
        """Return the rows as columns of plain values, ready for JSON."""
        ordered = sorted(self._rows, key=lambda row: (row[1], row[0] or ""))
        return {
            "level": [row[0] for row in ordered],
            "known_at": [row[1] for row in ordered],
            "outcomes": [row[2] for row in ordered],
            "happened": [row[3] for row in ordered],
        }

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any]) -> "RateHistory":
        """Read what `as_columns` returned.

        Raises:
            FeatureInputError: a column is missing, or has another length than the others.
        """
        try:
            rows = list(
                zip(
                    columns["level"],
                    columns["known_at"],
                    columns["outcomes"],
                    columns["happened"],
                    strict=True,
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FeatureInputError(
                f"the counts of a rate cannot be read ({error}); run the ingestion again, which publishes them"
            ) from error
        return cls(rows)
