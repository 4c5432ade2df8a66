"""Scores that cannot be judged."""

import numpy as np
import pytest

from include.evaluation.errors import OneClassOnlyError, ScoresUnusableError
from include.evaluation.scores import checked


@pytest.mark.parametrize(
    ("probability", "reason"),
    [
        ([0.1, np.nan], "1 of 2"),
        ([0.1, 1.5], "1 of 2"),
        ([0.1], "do not match"),
        ([[0.1], [0.2]], "do not match"),
    ],
)
def test_scores_that_cannot_be_judged_are_refused(probability, reason):
    with pytest.raises(ScoresUnusableError, match=reason):
        checked([0, 1], probability)


def test_one_outcome_only_is_refused():
    with pytest.raises(OneClassOnlyError, match="all 2 leads"):
        checked([1, 1], [0.2, 0.3])
