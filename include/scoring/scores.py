"""Scores column by column, as plain lists: name to one value for each lead. Frames are for those who want tables.

The names are the contract's key and the fields of `include.scoring.score_row.Score`, in that order.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.scoring.score_row import frame_type

Scores = dict[str, list[Any]]


def as_frame(scores: Scores, index: pd.Index | None = None) -> pd.DataFrame:
    """Return the scores as a frame, one row for each lead."""
    columns = {
        name: pd.Series(values, index, dtype=frame_type(name))
        for name, values in scores.items()
    }
    return pd.DataFrame(columns)


def as_records(scores: Scores) -> list[dict[str, Any]]:
    """Return the scores as JSON objects, one for each lead, as `include.scoring.score_row.answer_model` describes."""
    rows = zip(*scores.values(), strict=True)
    return [dict(zip(scores, row, strict=True)) for row in rows]


def put_together(
    parts: Sequence[Scores], places: Sequence[NDArray[np.intp]]
) -> Scores:
    """Join the scores of several parts; `places` holds for each part where its leads stand."""
    order = np.argsort(np.concatenate(places)).tolist()
    together: Scores = {}
    for name in parts[0]:
        values: list[Any] = []
        for part in parts:
            values.extend(part[name])
        together[name] = [values[place] for place in order]
    return together
