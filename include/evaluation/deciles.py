"""Lift and gain by tenths of the leads: what calling the best scores first is worth."""

from typing import Any

import numpy as np
import pandas as pd

DECILES = 10


def deciles(outcome: Any, probability: Any) -> list[dict[str, float]]:
    """Lift and gain by tenths of the leads, best scores first.

    Leads with equal scores count with the mean outcome of their tie, so their order in the data does not matter.

    Returns:
        Per decile: decile (1 is the best), rows, lowest probability, rate (share converted), lift (rate over the
        rate of all), gain (share of all conversions found up to here).
    """
    y, p = np.asarray(outcome, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    order = np.argsort(-p, kind="stable")
    fair = pd.Series(y).groupby(p).transform("mean").to_numpy()[order]
    table, found = [], 0.0
    for number, part in enumerate(np.array_split(np.arange(len(y)), min(DECILES, len(y))), start=1):
        found += fair[part].sum()
        rate = fair[part].mean()
        table.append(
            {
                "decile": number,
                "rows": len(part),
                "lowest": float(p[order][part[-1]]),
                "rate": float(rate),
                "lift": float(rate / y.mean()),
                "gain": float(found / y.sum()),
            }
        )
    return table
