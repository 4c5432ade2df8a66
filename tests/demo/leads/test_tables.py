"""Drawing one column from its tables."""

import numpy as np
import pandas as pd
import pytest

from demo.leads.tables import Tables

CONTENT = {
    "parents": ["origin", "label"],
    "table": {
        "*": {"x": 0.5, "y": 0.5},
        "api": {"x": 1.0},
        "api|1": {"y": 0.9},
    },
}


def shares(**row):
    return (
        Tables("column", CONTENT)
        .shares_of_rows(pd.DataFrame([row]))
        .iloc[0]
        .to_dict()
    )


def test_a_cell_that_is_not_there_falls_back_to_one_parent_less():
    assert shares(origin="api", label="0") == {"x": 1.0, "y": 0.0}
    assert shares(origin="web", label="0") == {"x": 0.5, "y": 0.5}


def test_what_a_cell_leaves_open_comes_from_the_wider_table():
    assert shares(origin="api", label="1") == pytest.approx(
        {"x": 0.1, "y": 0.9}
    )


def test_an_empty_parent_has_a_table_of_its_own():
    content = {"parents": ["score"], "table": {"*": {"x": 1.0}, "": {"": 1.0}}}
    drawn = Tables("column", content).shares_of_rows(
        pd.DataFrame({"score": ["", "18"]})
    )
    assert drawn["x"].tolist() == [0.0, 1.0]


def test_drift_tilts_a_level_in_its_period_only():
    content = {
        "parents": [],
        "table": {"*": {"x": 0.5, "y": 0.5}},
        "drift": {"x": [0.0, 1.0], "y": [1.0, 1.0]},
    }
    drawn = Tables("column", content).draw(
        pd.DataFrame(index=range(2000)), np.random.default_rng(0)
    )
    assert set(drawn[:1000]) == {"y"}
    assert (drawn[1000:] == "x").mean() == pytest.approx(0.5, abs=0.06)
