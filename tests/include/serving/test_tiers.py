import pandas as pd
import pytest

from include.serving.tiers import score_of, tier_of


@pytest.mark.parametrize(("probability", "score"), [(0.0, 0), (0.004, 0), (0.126, 13), (0.5, 50), (1.0, 100)])
def test_the_score_is_the_probability_in_whole_percent(probability, score):
    assert score_of(pd.Series([probability])).tolist() == [score]


@pytest.mark.parametrize(
    ("score", "tier"), [(0, "D"), (19, "D"), (20, "C"), (49, "C"), (50, "B"), (79, "B"), (80, "A"), (100, "A")]
)
def test_a_tier_begins_at_its_lowest_score(score, tier):
    assert tier_of(pd.Series([score])).tolist() == [tier]
