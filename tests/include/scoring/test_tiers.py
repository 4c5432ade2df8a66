import numpy as np
import pytest

from include.scoring.tiers import score_of, tier_of

TIERS = (("A", 80), ("B", 50), ("C", 20), ("D", 0))


@pytest.mark.parametrize(
    ("probability", "score"),
    [(0.0, 0), (0.004, 0), (0.126, 13), (0.5, 50), (1.0, 100)],
)
def test_the_score_is_the_probability_in_whole_percent(probability, score):
    assert score_of(np.array([probability])).tolist() == [score]


@pytest.mark.parametrize(
    ("score", "tier"),
    [
        (0, "D"),
        (19, "D"),
        (20, "C"),
        (49, "C"),
        (50, "B"),
        (79, "B"),
        (80, "A"),
        (100, "A"),
    ],
)
def test_a_tier_begins_at_its_lowest_score(score, tier):
    assert tier_of(np.array([score]), TIERS) == [tier]


def test_where_two_tiers_begin_at_the_same_score_the_better_one_holds():
    assert tier_of(np.array([0, 49, 50]), (("A", 50), ("B", 0), ("C", 0))) == [
        "B",
        "B",
        "A",
    ]
