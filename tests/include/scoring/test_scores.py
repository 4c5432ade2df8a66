"""Columns of scores as frames and objects, and from several parts."""

import numpy as np

from include.scoring.scores import as_frame, as_records, put_together

SCORES = {
    "lead": ["a", None],
    "score": [7, 90],
    "probability": [0.07, 0.9],
    "reasons": [[], None],
}


def test_a_frame_has_a_row_for_each_lead_under_the_index_that_is_given():
    frame = as_frame(SCORES, index=["x", "y"])
    assert (
        list(frame.index),
        frame["score"].dtype,
        frame["probability"].dtype,
    ) == (["x", "y"], "int64", "float64")
    assert frame["lead"].tolist() == ["a", None]


def test_a_frame_of_no_leads_has_the_same_types():
    none = as_frame({name: [] for name in SCORES})
    assert none.dtypes.equals(as_frame(SCORES).dtypes)


def test_records_are_plain_objects():
    assert as_records(SCORES) == [
        {"lead": "a", "score": 7, "probability": 0.07, "reasons": []},
        {"lead": None, "score": 90, "probability": 0.9, "reasons": None},
    ]


def test_parts_stand_where_their_leads_stood():
    together = put_together(
        [{"lead": ["b", "d"]}, {"lead": ["a", "c"]}],
        [np.array([1, 3]), np.array([0, 2])],
    )
    assert together == {"lead": ["a", "b", "c", "d"]}
