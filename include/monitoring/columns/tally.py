"""Count all rows of one column: how many there are, how many are missing, how many hold each value."""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

SHORT = 2
"""Bytes of a code up to which all codes are counted, also those that no category has."""


class Tally:
    """Counts of a column, made when they are asked for, once."""

    def __init__(self, values: pd.Series) -> None:
        self.values = values

    def __len__(self) -> int:
        """Return the number of all rows."""
        return len(self.values)

    @cached_property
    def missing(self) -> int:
        """Return the rows without a value."""
        if isinstance(self.values.dtype, pd.CategoricalDtype):
            return int(self._rows_per_code[-1])
        return int(self.values.isna().sum())

    @property
    def missing_share(self) -> float:
        """Return the share of rows without a value, in [0, 1]."""
        return self.missing / len(self)

    @cached_property
    def counts(self) -> pd.Series:
        """Return the rows per value that occurs, missing ones left out."""
        if not isinstance(self.values.dtype, pd.CategoricalDtype):
            return self.values.value_counts()
        rows = self._rows_per_code[:-1]
        categories = self.values.cat.categories.astype(object)
        counts = pd.Series(rows, index=categories)
        return counts[rows > 0]

    @cached_property
    def _rows_per_code(self) -> npt.NDArray[np.intp]:
        """Return the rows of each category, and those without a value at the end; value_counts takes twice as long."""
        categories = len(self.values.cat.categories)
        codes = self.values.cat.codes.to_numpy()
        # A missing cell has the code -1. Read without a sign, that is the largest number.
        unsigned = codes.view(f"u{codes.itemsize}")
        if codes.itemsize > SHORT:
            unsigned = np.where(codes < 0, categories, codes)
        rows = np.bincount(unsigned, minlength=categories + 1)
        return np.append(rows[:categories], rows[categories:].sum())

    @property
    def varies(self) -> bool:
        """Return whether there is more than one value, missing counted as one."""
        if 0 < self.missing < len(self):
            return True
        if pd.api.types.is_float_dtype(
            self.values
        ):  # without sorting out a million different numbers
            return bool(self.values.min() < self.values.max())
        return len(self.counts) > 1
