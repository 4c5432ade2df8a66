"""What may be explained, and how matrix columns become fields; explain and reasons test the values."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from include.features.attribution import Attribution
from include.features.errors import NotExplainableError

MATRIX = np.random.default_rng(0).normal(size=(60, 3))
OUTCOME = (MATRIX[:, 0] + MATRIX[:, 2] > 0).astype(int)
SOURCES = ["size", "colour", "size"]


def test_columns_of_one_field_are_summed_wherever_they_stand():
    model = LogisticRegression().fit(MATRIX, OUTCOME)
    attribution = Attribution.of(model, SOURCES, MATRIX.mean(axis=0)[None, :])
    apart = (MATRIX - MATRIX.mean(axis=0)) * model.coef_[0]
    assert attribution.fields == ("size", "colour")
    np.testing.assert_allclose(
        attribution.values(MATRIX),
        np.column_stack([apart[:, 0] + apart[:, 2], apart[:, 1]]),
    )


def test_a_tree_needs_no_background():
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(
        MATRIX, OUTCOME
    )
    attribution = Attribution.of(model, SOURCES)
    total = attribution.values(MATRIX).sum(axis=1) + attribution.base_value
    np.testing.assert_allclose(
        total, model.predict_proba(MATRIX)[:, 1], atol=1e-6
    )


def test_a_worker_without_numba_gets_the_same_values_from_shap_itself(
    monkeypatch,
):
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(
        MATRIX, OUTCOME
    )
    compiled = Attribution.of(model, SOURCES)
    monkeypatch.setattr(
        "include.features.attribution.find_spec", lambda name: None
    )
    plain = Attribution.of(model, SOURCES)
    assert (compiled.trees is None, plain.trees is None) == (False, True)
    assert plain.base_value == pytest.approx(compiled.base_value)
    np.testing.assert_allclose(
        plain.values(MATRIX), compiled.values(MATRIX), atol=1e-9
    )


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (KNeighborsClassifier(), "KNeighborsClassifier has neither"),
        (LogisticRegression(), "ordinary leads"),
    ],
)
def test_what_cannot_be_explained_is_said(model, problem):
    with pytest.raises(NotExplainableError, match=problem):
        Attribution.of(model.fit(MATRIX, OUTCOME), SOURCES)
