"""Draws one column of synthetic leads from tables P(level | parents), tilted by period."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ROOT = "*"  # the table of all leads; an empty key is that of an empty first parent
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
        self.levels = sorted({level for shares in self.cells.values() for level in shares})

    def draw(self, drawn: pd.DataFrame, rng: np.random.Generator) -> npt.NDArray[np.object_]:
        """One level per row of `drawn`, which holds the parents and is in the order of arrival."""
        shares = self._tilted(self.shares_of_rows(drawn).to_numpy())
        ladder = np.cumsum(shares, axis=1)
        dice = rng.random(len(drawn)) * ladder[:, -1]
        chosen = (ladder <= dice[:, None]).sum(axis=1)
        levels = np.asarray(self.levels, dtype=object)
        return np.asarray(levels[np.minimum(chosen, len(self.levels) - 1)], dtype=object)

    def shares_of_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """P(level | parents) per row of `rows`, before drift: columns are the levels, each row sums to 1."""
        if not self.parents:
            shares = np.repeat(self._shares(ROOT)[None, :], len(rows), axis=0)
        else:
            codes, keys = pd.factorize(rows[self.parents].agg("|".join, axis=1))
            shares = np.stack([self._shares(str(key)) for key in keys])[codes]
        return pd.DataFrame(shares, index=rows.index, columns=pd.Index(self.levels))

    def _shares(self, key: str) -> Floats:
        """The table of `key`; what it leaves open, or the whole of it, comes from the key with one parent less.

        A table of one parent is taken as complete: what it lacks (a score without a vendor) does not happen.
        """
        listed = self.cells.get(key)
        wider = key.rpartition("|")[0] if "|" in key else ROOT
        if listed is None:
            return self._shares(wider)
        own = np.array([listed.get(level, 0.0) for level in self.levels])
        left = max(0.0, 1.0 - float(own.sum()))
        rest = np.where(own > 0, 0.0, self._shares(wider)) if wider != ROOT else np.zeros_like(own)
        return self._normal(own + left * rest / rest.sum()) if rest.sum() > 0 else self._normal(own)

    @staticmethod
    def _normal(shares: Floats) -> Floats:
        return np.asarray(shares / shares.sum(), dtype=np.float64)

    def _tilted(self, shares: Floats) -> Floats:
        if not self.drift:
            return shares
        periods = len(next(iter(self.drift.values())))
        factors = np.array([self.drift.get(level, [1.0] * periods) for level in self.levels])
        period = np.arange(len(shares)) * periods // max(len(shares), 1)
        return np.asarray(shares * factors.T[period], dtype=np.float64)
