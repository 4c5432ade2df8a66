"""Draw one column of synthetic leads from tables P(level | parents), tilted by period."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ROOT = (
    "*"  # the table of all leads; an empty key is that of an empty first parent
)
Floats = npt.NDArray[np.float64]


@dataclass
class Tables:
    """The tables of one column as they stand in `synthetic.yaml`.

    `parents` names the columns a level depends on, `table` maps "parent1|parent2|…" (or fewer of them, down to `ROOT`)
    to the shares of levels, `drift` maps a level to its multiplier in each period of the file's order.
    """

    name: str
    content: dict[str, Any]
    levels: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.parents: list[str] = self.content["parents"]
        self.cells: dict[str, dict[str, float]] = self.content["table"]
        self.drift: dict[str, list[float]] = self.content.get("drift", {})
        levels: set[str] = set()
        for shares in self.cells.values():
            levels.update(shares)
        self.levels = sorted(levels)

    def draw(
        self, rows: pd.DataFrame, rng: np.random.Generator
    ) -> npt.NDArray[np.object_]:
        """Draw one level for each of `rows`, which hold the parents and are in the order of arrival."""
        shares = self._tilted(self.shares_of_rows(rows).to_numpy())
        ladder = np.cumsum(shares, axis=1)
        dice = rng.random(len(rows)) * ladder[:, -1]
        positions = (ladder <= dice[:, None]).sum(axis=1)
        positions = np.minimum(positions, len(self.levels) - 1)
        levels = np.asarray(self.levels, dtype=object)
        return np.asarray(levels[positions], dtype=object)

    def shares_of_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return P(level | parents) of each of `rows`, before drift: columns are the levels, each row sums to 1."""
        if not self.parents:
            shares = np.repeat(self._shares(ROOT)[None, :], len(rows), axis=0)
        else:
            row_keys = rows[self.parents].agg("|".join, axis=1)
            codes, keys = pd.factorize(row_keys)
            shares = np.stack([self._shares(str(key)) for key in keys])[codes]
        return pd.DataFrame(
            shares, index=rows.index, columns=pd.Index(self.levels)
        )

    def _shares(self, key: str) -> Floats:
        """Return the table of `key`; what it leaves open, or the whole of it, comes from the key with one parent less.

        A table of one parent is taken as complete: what it lacks (a score without a vendor) does not happen.
        """
        cell = self.cells.get(key)
        wider_key = key.rpartition("|")[0] if "|" in key else ROOT
        if cell is None:
            return self._shares(wider_key)
        shares = np.array([cell.get(level, 0.0) for level in self.levels])
        if wider_key == ROOT:
            return _normalised(shares)
        wider_shares = np.where(shares > 0, 0.0, self._shares(wider_key))
        if wider_shares.sum() == 0:
            return _normalised(shares)
        unassigned = max(0.0, 1.0 - float(shares.sum()))
        return _normalised(
            shares + unassigned * wider_shares / wider_shares.sum()
        )

    def _tilted(self, shares: Floats) -> Floats:
        """Multiply the shares of rows in the order of arrival by the drift of their period."""
        if not self.drift:
            return shares
        periods = len(next(iter(self.drift.values())))
        factors = np.array(
            [self.drift.get(level, [1.0] * periods) for level in self.levels]
        )
        period = np.arange(len(shares)) * periods // max(len(shares), 1)
        return np.asarray(shares * factors.T[period], dtype=np.float64)


def _normalised(shares: Floats) -> Floats:
    return np.asarray(shares / shares.sum(), dtype=np.float64)
