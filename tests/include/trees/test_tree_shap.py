"""The fast SHAP values against shap's own."""

import numpy as np
import pytest
import shap
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from include.features.smoothed_tree import SmoothedTree
from include.trees.tree_shap import TreeShap

RANDOM = np.random.default_rng(0)
MATRIX = np.column_stack(
    [RANDOM.normal(size=(700, 6)), RANDOM.integers(0, 2, (700, 6))]
).astype("float64")
OUTCOME = (
    MATRIX[:, 0] * MATRIX[:, 1] + MATRIX[:, 7] - MATRIX[:, 8] * MATRIX[:, 2]
    > 0.3
).astype(int)
APART = tuple(range(MATRIX.shape[1]))
MODELS = {
    "lightgbm, deep": LGBMClassifier(
        n_estimators=20,
        num_leaves=63,
        min_child_samples=2,
        n_jobs=1,
        verbose=-1,
    ),
    "xgboost": XGBClassifier(n_estimators=20, max_depth=6, n_jobs=1),
    "forest": RandomForestClassifier(
        n_estimators=10, max_depth=9, random_state=0, n_jobs=1
    ),
    "tree": DecisionTreeClassifier(max_depth=7, random_state=0),
    "smoothed tree": SmoothedTree(max_depth=7, random_state=0),
    "one leaf": DecisionTreeClassifier(
        max_depth=1, min_samples_leaf=700, random_state=0
    ),
}


@pytest.fixture(scope="module", params=MODELS)
def explainer(request):
    return shap.TreeExplainer(MODELS[request.param].fit(MATRIX, OUTCOME))


def by_shap(explainer, matrix):
    values = np.asarray(
        explainer.shap_values(matrix, check_additivity=False), dtype="float64"
    )
    return values[:, :, 1] if values.ndim == 3 else values


@pytest.mark.parametrize("leads", [1, 64, 65, 300])
def test_values_are_those_of_shap_however_many_leads_are_asked_for(
    explainer, leads
):
    found = TreeShap.of(explainer.model, APART).of_leads(MATRIX[:leads])
    np.testing.assert_allclose(
        found, by_shap(explainer, MATRIX[:leads]), atol=1e-5
    )


def test_a_leads_values_are_the_same_to_the_last_bit_alone_and_among_others(
    explainer,
):
    trees = TreeShap.of(explainer.model, APART)
    alone = [trees.of_leads(MATRIX[lead : lead + 1])[0] for lead in range(70)]
    np.testing.assert_array_equal(trees.of_leads(MATRIX)[:70], alone)


def test_a_path_of_more_columns_than_one_round_of_nodes_is_exact_for():
    matrix = RANDOM.normal(size=(3000, 20))
    model = DecisionTreeClassifier(
        max_depth=20, splitter="random", max_features=1, random_state=0
    )
    explainer = shap.TreeExplainer(
        model.fit(matrix, RANDOM.integers(0, 2, 3000))
    )
    trees = TreeShap.of(explainer.model, range(20))
    assert len(trees.splits.starts) - 1 == 2, "the tree goes through twice"
    np.testing.assert_allclose(
        trees.of_leads(matrix[:50]), by_shap(explainer, matrix[:50]), atol=1e-6
    )


def test_values_and_base_add_up_to_the_models_margin():
    model = MODELS["xgboost"].fit(MATRIX, OUTCOME)
    trees = TreeShap.of(shap.TreeExplainer(model).model, APART)
    total = trees.of_leads(MATRIX).sum(axis=1) + trees.base_value
    np.testing.assert_allclose(
        total, model.predict(MATRIX, output_margin=True), atol=1e-5
    )


def test_columns_of_one_field_are_added_up(explainer):
    fields = [number % 5 for number in APART]
    found = TreeShap.of(explainer.model, fields).of_leads(MATRIX[:40])
    summed = by_shap(explainer, MATRIX[:40]) @ np.eye(5)[fields]
    np.testing.assert_allclose(found, summed, atol=1e-5)


def test_a_cell_on_a_threshold_goes_the_way_that_the_tree_sends_it():
    model = LGBMClassifier(
        n_estimators=1, num_leaves=4, min_child_samples=1, n_jobs=1, verbose=-1
    )
    steps = np.repeat(np.arange(4.0), 25)[:, None]
    explainer = shap.TreeExplainer(
        model.fit(steps, (steps[:, 0] >= 2).astype(int))
    )
    cuts = np.asarray(explainer.model.thresholds[0])
    on_cuts = np.unique(np.concatenate([cuts, np.nextafter(cuts, np.inf)]))[
        :, None
    ]
    np.testing.assert_allclose(
        TreeShap.of(explainer.model, (0,)).of_leads(on_cuts),
        by_shap(explainer, on_cuts),
        atol=1e-6,
    )


def test_no_leads_have_no_values(explainer):
    assert TreeShap.of(explainer.model, APART).of_leads(MATRIX[:0]).shape == (
        0,
        len(APART),
    )
