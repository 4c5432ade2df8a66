"""How leads are divided into folds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from include.training.families import SEED
from include.training.folds import folds
from include.training.space import search_space


def test_every_fold_is_scored_once_holds_both_outcomes_and_divides_no_group():
    target, groups = (
        pd.Series(np.tile([0, 0, 1], 20)),
        pd.Series(np.arange(60) // 2),
    )
    made = folds(target, groups)
    assert sorted(np.concatenate([scored for _, scored in made])) == list(
        range(60)
    )
    for learnt, scored in made:
        assert set(target.iloc[scored]) == {0, 1}
        assert not set(groups.iloc[learnt]) & set(groups.iloc[scored])


@pytest.mark.parametrize("rate", [0.02, 0.113, 0.5])
@pytest.mark.parametrize("different", [20, 300, 900])
def test_the_folds_are_those_of_scikit_learn(rate, different):
    random = np.random.default_rng(different)
    target = pd.Series((random.random(900) < rate).astype(int))
    groups = pd.Series(random.integers(0, different, 900))
    of_scikit_learn = StratifiedGroupKFold(
        search_space().folds, shuffle=True, random_state=SEED
    ).split(target, target, groups)
    pairs = list(zip(folds(target, groups), of_scikit_learn, strict=True))
    assert len(pairs) == search_space().folds
    for (learnt, scored), (learnt_there, scored_there) in pairs:
        np.testing.assert_array_equal(learnt, learnt_there)
        np.testing.assert_array_equal(scored, scored_there)


def test_scikit_learn_still_asks_the_method_that_is_replaced_for_speed():
    assert callable(StratifiedGroupKFold._find_best_fold)
