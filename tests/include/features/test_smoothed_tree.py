"""A decision tree whose small leaves say less."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from include.features.smoothed_tree import SmoothedTree

SHAPE = {"max_depth": 4, "min_samples_leaf": 20, "random_state": 0}


@pytest.fixture(scope="module")
def leads():
    """Rows and outcomes of which the first column decides almost all."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(1000, 3))
    outcome = (rows[:, 0] + 0.3 * random.normal(size=1000) > 0.5).astype(int)
    return rows, outcome


@pytest.fixture(scope="module")
def smoothed(leads):
    return SmoothedTree(**SHAPE).fit(*leads)


def test_no_leaf_is_sure_however_alike_its_leads_are(leads, smoothed):
    rows, outcome = leads
    plain = DecisionTreeClassifier(**SHAPE).fit(rows, outcome)
    assert {0.0, 1.0} <= set(plain.predict_proba(rows)[:, 1])
    probability = smoothed.predict_proba(rows)
    assert probability.min() > 0.0
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)


def test_the_mean_of_what_was_learnt_stays_the_rate(leads, smoothed):
    rows, outcome = leads
    mean_probability = smoothed.predict_proba(rows)[:, 1].mean()
    assert mean_probability == pytest.approx(outcome.mean())


def test_weighted_leads_keep_their_weighted_rate(leads):
    rows, outcome = leads
    weight = np.where(rows[:, 1] > 0, 2.0, 0.5)
    tree = SmoothedTree(**SHAPE).fit(rows, outcome, sample_weight=weight)
    probability = tree.predict_proba(rows)[:, 1]
    assert np.average(probability, weights=weight) == pytest.approx(
        np.average(outcome, weights=weight)
    )


def test_without_smoothing_it_is_a_plain_tree(leads):
    rows, outcome = leads
    plain = DecisionTreeClassifier(**SHAPE).fit(rows, outcome)
    unsmoothed = SmoothedTree(smoothing=0.0, **SHAPE).fit(rows, outcome)
    np.testing.assert_allclose(
        unsmoothed.predict_proba(rows), plain.predict_proba(rows)
    )
