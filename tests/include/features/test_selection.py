"""Columns dropped by rule, and outliers."""

import pickle

import numpy as np
import pandas as pd
import pytest

from include.features.errors import NoUsefulColumnError
from include.features.selection import CappedOutliers, UsefulColumns


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "useful": np.arange(100.0),
            "rare": [1.0] + [0.0] * 99,
            "empty": [np.nan] * 100,
            "gaps": [np.nan] * 45 + list(range(55)),
            "level": ["a", "b"] * 50,
        }
    )


def test_constant_columns_are_dropped_with_the_reason_and_rare_values_are_kept(
    frame,
):
    fitted = UsefulColumns().fit(frame)
    assert list(fitted.transform(frame)) == ["useful", "rare", "gaps", "level"]
    assert fitted.dropped_ == {
        "empty": "constant: the training rows have one value",
    }


def test_columns_with_many_gaps_are_kept_unless_a_share_is_set(frame):
    assert "gaps" in UsefulColumns().fit(frame).kept_
    assert (
        UsefulColumns(max_missing=0.4).fit(frame).dropped_["gaps"]
        == "missing in 45.0%"
    )


def test_the_decision_is_that_of_the_training_rows(frame):
    fitted = UsefulColumns().fit(frame)
    assert list(fitted.transform(frame.head(1))) == [
        "useful",
        "rare",
        "gaps",
        "level",
    ]


def test_nothing_useful_is_a_named_error(frame):
    with pytest.raises(NoUsefulColumnError, match="check the snapshot"):
        UsefulColumns().fit(frame[["empty"]])


def test_outliers_move_to_the_quantiles_of_the_training_rows(frame):
    capped = CappedOutliers(("useful",), share=0.1).fit(frame)
    rows = frame.head(3).assign(useful=[-500.0, 50.0, np.nan])
    moved = capped.transform(rows)
    assert moved["useful"].tolist()[:2] == pytest.approx([9.9, 50.0])
    assert np.isnan(moved["useful"].iloc[2])
    pd.testing.assert_frame_equal(
        moved.drop(columns="useful"), rows.drop(columns="useful")
    )


def test_without_a_share_outliers_stay(frame):
    capped = CappedOutliers(("useful",)).fit(frame)
    rows = frame.head(1).assign(useful=[-500.0])
    pd.testing.assert_frame_equal(capped.transform(rows), rows)


def test_fields_that_were_dropped_before_are_no_problem(frame):
    capped = CappedOutliers(("useful", "gone"), share=0.1).fit_transform(frame)
    assert list(capped.columns) == list(frame.columns)


def test_a_fitted_cap_is_loaded_without_pyarrow():
    cap = CappedOutliers(("minutes",), 0.1).fit(
        pd.DataFrame({"minutes": [1.0, 2.0, 3.0], "channel": "web"})
    )
    assert b"pyarrow" not in pickle.dumps(cap)
