"""Text in the frames of a pipeline: dtype object with None where it is missing, whichever pandas made the frame.

pandas 3 reads text as a dtype of its own, `str`, in which None becomes NaN; pandas 2 reads it as objects.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

INFERS_TEXT = isinstance(pd.Series([""]).dtype, pd.StringDtype)
"""Whether this pandas makes its text dtype of arrays of objects."""


def typed_frame(
    cells: Mapping[str, np.ndarray], index: pd.Index | None = None
) -> pd.DataFrame:
    """Return a frame of typed columns, each of its array's dtype: objects stay objects, None included."""
    columns: Mapping[str, Any] = cells
    if INFERS_TEXT:  # an Index is taken at its word; where nothing is inferred, making it would cost a lead 0.3 ms
        columns = {field: _as_they_are(cell) for field, cell in cells.items()}
    return pd.DataFrame(columns, index=index)


def text_fields(frame: pd.DataFrame) -> list[str]:
    """Return the fields of a frame that hold text, whichever dtype it has, in their order."""
    return [
        str(field) for field, dtype in frame.dtypes.items() if _is_text(dtype)
    ]


def text_as_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the same frame with all text as objects and None; `frame` itself where it is so already."""
    texts = [
        str(field)
        for field, dtype in frame.dtypes.items()
        if _is_inferred(dtype)
    ]
    if not texts:
        return frame
    objects = {field: _objects(frame[field]) for field in texts}
    return frame.assign(**objects)


def _as_they_are(cells: np.ndarray) -> Any:
    if cells.dtype.kind == "O":
        return pd.Index(cells, dtype=object)
    return cells


def _is_text(dtype: Any) -> bool:
    return _is_inferred(dtype) or is_object_dtype(dtype)


def _is_inferred(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype)


def _objects(column: pd.Series) -> pd.Series:
    objects = column.astype(object)
    return objects.mask(column.isna(), None)
