"""Scores column by column, as plain lists: name to one value for each lead. Frames are for those who want tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Scores = dict[str, list[Any]]
NUMBERS = {"score": "int64", "probability": "float64", "prediction": "int64"}


def as_frame(scores: Scores, index: pd.Index | None = None) -> pd.DataFrame:
    """The scores as a frame, one row for each lead."""
    columns = {name: pd.Series(values, index, dtype=NUMBERS.get(name, object)) for name, values in scores.items()}
    return pd.DataFrame(columns)


def as_records(scores: Scores) -> list[dict[str, Any]]:
    """The scores as JSON objects, one for each lead."""
    return [dict(zip(scores, row, strict=True)) for row in zip(*scores.values(), strict=True)]


def put_together(parts: Sequence[Scores], places: Sequence[NDArray[np.intp]]) -> Scores:
    """The scores of several parts in one; `places` holds for each part where its leads stand."""
    order = np.argsort(np.concatenate(places)).tolist()
    together: Scores = {}
    for name in parts[0]:
        values = [value for part in parts for value in part[name]]
        together[name] = [values[place] for place in order]
    return together
