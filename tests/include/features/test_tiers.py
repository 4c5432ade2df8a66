import numpy as np
import pytest

from include.features.calibration import Decision
from include.features.tiers import (
    PROBABILITY_DIGITS,
    predictions_by,
    score_of,
    tier_of,
    tiers_by,
)

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


def test_a_decision_from_before_probabilities_is_read_as_scores():
    old = Decision("f1", 0.4, TIERS)
    state = dict(vars(old))
    del state["tier_scale"]
    restored = object.__new__(Decision)
    vars(restored).update(state)
    probability = np.array([0.0, 0.194, 0.195, 0.494, 0.496, 0.794, 0.796])
    assert tiers_by(restored, probability) == list("DDCCBBA")


def test_tiers_of_a_rare_outcome_begin_below_one_percent():
    tiers = (("A", 0.043), ("B", 0.0215), ("C", 0.004), ("D", 0.0))
    decision = Decision("f1", 0.0215, tiers, "probability")
    probability = np.array([0.0039, 0.004, 0.0214, 0.0215, 0.042, 0.043])
    assert tiers_by(decision, probability) == list("DCCBBA")
    assert predictions_by(decision, probability).tolist() == [0, 0, 0, 1, 1, 1]


def test_a_lead_at_the_threshold_is_predicted_though_its_last_bit_is_lost():
    third = Decision("cost", 1 / 3, (("B", 1 / 3), ("D", 0.0)), "probability")
    rounded = np.round(np.array([1 / 3]), PROBABILITY_DIGITS)
    assert predictions_by(third, rounded).tolist() == [1]
    assert tiers_by(third, rounded) == ["B"]
