"""Measures what calling the best scores first is worth: lift and gain by tenths of the leads."""

from typing import Any

import numpy as np
import pandas as pd

DECILES = 10


def deciles(outcome: Any, probability: Any) -> list[dict[str, float]]:
    """Return lift and gain by tenths of the leads, best scores first.

    Leads with equal scores count with the mean outcome of their tie, so their order in the data does not matter.

    Returns:
        Per decile: decile (1 is the best), rows, lowest probability, rate (share converted), lift (rate over the
        rate of all), gain (share of all conversions found up to here).
    """
    y = np.asarray(outcome, dtype=np.float64)
    p = np.asarray(probability, dtype=np.float64)
    order = np.argsort(-p, kind="stable")
    tie_mean = pd.Series(y).groupby(p).transform("mean").to_numpy()
    ranked_outcome = tie_mean[order]
    ranked_probability = p[order]
    parts = np.array_split(np.arange(len(y)), min(DECILES, len(y)))
    table = []
    conversions = 0.0
    for number, part in enumerate(parts, start=1):
        conversions += ranked_outcome[part].sum()
        rate = ranked_outcome[part].mean()
        table.append(
            {
                "decile": number,
                "rows": len(part),
                "lowest": float(ranked_probability[part[-1]]),
                "rate": float(rate),
                "lift": float(rate / y.mean()),
                "gain": float(conversions / y.sum()),
            }
        )
    return table
