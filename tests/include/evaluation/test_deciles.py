"""Lift and gain by decile."""

import numpy as np
import pytest

from include.evaluation.deciles import deciles


def test_deciles_begin_with_the_best_scores_and_end_with_every_conversion_found():
    outcome = np.repeat([1, 0], [20, 80])
    table = deciles(outcome, np.linspace(1, 0, 100))
    assert [row["rows"] for row in table] == [10] * 10
    assert (table[0]["rate"], table[0]["lift"], table[0]["gain"]) == (
        1.0,
        5.0,
        0.5,
    )
    assert [row["gain"] for row in table[1:]] == [1.0] * 9


def test_the_order_of_leads_with_one_score_does_not_change_the_deciles():
    outcome = np.repeat([1, 0], [50, 50])
    assert deciles(outcome, np.full(100, 0.5))[0]["rate"] == pytest.approx(0.5)
    assert deciles(outcome, np.full(100, 0.5)) == deciles(
        outcome[::-1], np.full(100, 0.5)
    )


def test_fewer_leads_than_deciles_give_one_decile_each():
    assert [row["rows"] for row in deciles([1, 0, 1], [0.9, 0.2, 0.7])] == [
        1,
        1,
        1,
    ]
