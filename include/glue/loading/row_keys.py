"""Completes what the job makes of a row and cannot know from the row alone: the number in its key, and its place."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.glue.job_contract import JobContract
from include.glue.objects import FoundObject
from include.glue.parts.key_hashes import MIX, Hashes
from include.glue.records.made_keys import numbered_keys

ROWS_A_SECOND = 1_000_000
"""Rows of one file that are told apart before the next second's begin."""

Positions = npt.NDArray[np.int64]


class RowNumbers(NamedTuple):
    """Which rows of a part have a number other than 0, ascending, and which."""

    rows: Positions
    numbers: Positions

    @classmethod
    def of(cls, numbers: Positions) -> "RowNumbers":
        """Return those of some numbers, one a row, that are not 0."""
        rows = np.flatnonzero(numbers)
        return cls(rows, numbers[rows])

    def between(self, first: int, behind: int) -> Positions:
        """Return the number of each row from `first` on that lies before `behind`."""
        numbers = np.zeros(behind - first, np.int64)
        start, end = np.searchsorted(self.rows, (first, behind))
        numbers[self.rows[start:end] - first] = self.numbers[start:end]
        return numbers


NO_NUMBERS = RowNumbers(np.empty(0, np.int64), np.empty(0, np.int64))


def numbers_of_equals(hashes: Hashes) -> Positions:
    """Return for each hash how many before it are equal."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    places = np.arange(len(hashes))
    begins = np.append([True], ordered[1:] != ordered[:-1])[: len(hashes)]
    beginning = np.maximum.accumulate(np.where(begins, places, 0))
    numbers = np.empty(len(hashes), np.int64)
    numbers[order] = places - beginning
    return numbers


def mix_numbers(hashes: Hashes, numbers: Positions) -> Hashes:
    """Return the hashes of keys that are made of a digest and a number."""
    mixed: Hashes = hashes + numbers.astype(np.uint64) * MIX
    return mixed


def with_row_keys(
    contract: JobContract, rows: pa.Table, first: int, numbers: RowNumbers
) -> pa.Table:
    """Return rows with complete keys in place of digests; `first` is the number of the first row in its part."""
    position = contract.key_position
    field = rows.schema.field(position)
    digests = rows.column(position).cast(pa.string()).combine_chunks()
    if isinstance(digests, pa.ChunkedArray):
        digests = digests.chunk(0)
    keys = numbered_keys(digests, numbers.between(first, first + len(rows)))
    return rows.set_column(position, field, keys.cast(field.type))


def with_row_numbers(
    contract: JobContract, rows: pa.Table, found: FoundObject, lines: Positions
) -> pa.Table:
    """Return rows with their place: the second in which their file was written, times a million, and the line."""
    position = contract.row_number_position
    if position is None:
        return rows
    second = found.changed // 1000
    numbers = (second * ROWS_A_SECOND + lines).astype(np.float64)
    field = rows.schema.field(position)
    return rows.set_column(position, field, pa.array(numbers, field.type))
