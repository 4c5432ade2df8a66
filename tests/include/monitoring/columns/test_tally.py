import numpy as np
import pandas as pd
import pytest

from include.monitoring.columns.tally import Tally

LEVELS = ["b", None, "a", "b", None, "b"]


@pytest.mark.parametrize("dtype", ["object", "category"])
def test_levels_that_occur_are_counted_whatever_holds_them(dtype):
    tally = Tally(pd.Series(LEVELS, dtype=dtype))
    assert tally.counts.to_dict() == {"a": 1, "b": 3}
    assert (len(tally), tally.missing, tally.missing_share) == (
        6,
        2,
        pytest.approx(1 / 3),
    )


def test_a_level_that_no_row_holds_is_not_counted():
    values = pd.Series(
        pd.Categorical(["b", "d"], categories=["a", "b", "c", "d", "e"])
    )
    assert Tally(values).counts.to_dict() == {"b": 1, "d": 1}


def test_more_levels_than_a_byte_can_number_are_counted():
    names = [f"level {n}" for n in range(128)]
    assert Tally(
        pd.Series(names, dtype="category")
    ).counts.to_dict() == dict.fromkeys(names, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0], True),
        ([1.0, 1.0], False),
        ([1.0, np.nan], True),
        ([np.nan, np.nan], False),
        (["a", "b"], True),
        (["a", "a"], False),
        (["a", None], True),
        ([None, None], False),
        ([], False),
    ],
)
def test_a_column_varies_if_it_holds_two_values_one_of_which_may_be_missing(
    values, expected
):
    assert (
        Tally(
            pd.Series(
                values,
                dtype=float
                if any(isinstance(v, float) for v in values)
                else object,
            )
        ).varies
        == expected
    )


@pytest.mark.parametrize("levels", [3, 127, 128, 300, 40_000])
def test_categories_and_missing_cells_are_counted_however_many_there_are(
    levels,
):
    names = [f"level {n}" for n in range(levels)]
    values = pd.Series([*names, None, None, names[-1]], dtype="category")
    tally = Tally(values)
    assert tally.missing == 2
    assert tally.counts.to_dict() == dict.fromkeys(names, 1) | {names[-1]: 2}


def test_a_column_without_categories_is_all_missing():
    tally = Tally(pd.Series([None, None], dtype="category"))
    assert (tally.missing, len(tally.counts)) == (2, 0)
