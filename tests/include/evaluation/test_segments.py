"""Figures by segment."""

import numpy as np
import pandas as pd

from include.evaluation.segments import MISSING, SMALL_SEGMENTS, segment_table


def test_a_segment_is_judged_on_its_own_leads():
    outcome, probability = np.tile([1, 0], 40), np.tile([0.9, 0.1], 40)
    probability[40:] = 0.5
    table = segment_table(
        outcome,
        probability,
        0.5,
        pd.DataFrame({"origin": np.repeat(["api", "form"], 40)}),
    )
    assert [
        (row["level"], row["roc_auc"], row["accuracy"]) for row in table
    ] == [("api", 1.0, 1.0), ("form", 0.5, 0.5)]


def test_figures_that_a_segment_cannot_have_are_none():
    row = segment_table(
        np.zeros(40, dtype=int),
        np.full(40, 0.2),
        0.5,
        pd.DataFrame({"origin": ["api"] * 40}),
    )[0]
    assert (row["roc_auc"], row["precision"], row["recall"]) == (
        None,
        None,
        None,
    )
    assert row["accuracy"] == 1.0


def test_missing_is_a_segment_and_small_levels_are_taken_together():
    levels = [None] * 50 + ["api"] * 31 + ["x"] * 29 + ["y"]
    table = segment_table(
        np.tile([1, 0, 0], 37),
        np.full(111, 0.3),
        0.5,
        pd.DataFrame({"origin": levels}),
    )
    assert [(row["level"], row["rows"]) for row in table] == [
        (MISSING, 50),
        ("api", 31),
        (SMALL_SEGMENTS, 30),
    ]
