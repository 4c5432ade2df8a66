from datetime import date

import pandas as pd
import pytest

from include.lake.arrival import arrival_numbers


@pytest.mark.parametrize(
    ("clock", "numbers"),
    [
        ([3, 1, None], [3.0, 1.0, None]),
        (["7", "x"], [7.0, None]),
        ([date(1970, 1, 2), None, date(1970, 1, 1)], [86400.0, None, 0.0]),
        (
            pd.to_datetime(["1970-01-01T00:01:00", None]),
            [60.0, None],
        ),
    ],
)
def test_every_clock_becomes_numbers_that_grow(clock, numbers):
    index = range(10, 10 + len(numbers))
    values = pd.Series(clock, index=index)
    expected = pd.Series(numbers, index=index, dtype="float64")
    result = arrival_numbers(values).astype("float64")
    pd.testing.assert_series_equal(result, expected)
