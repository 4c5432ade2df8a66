"""Margins added up from a LightGBM classifier's leaves against LightGBM's own."""

import numpy as np
import pytest
import shap
from lightgbm import LGBMClassifier

from include.trees.tree_sums import BLOCK, TreeSums

RANDOM = np.random.default_rng(0)
MATRIX = np.column_stack(
    [RANDOM.normal(size=(700, 6)), RANDOM.integers(0, 2, (700, 6))]
).astype("float64")
OUTCOME = (
    MATRIX[:, 0] * MATRIX[:, 1] + MATRIX[:, 7] - MATRIX[:, 8] * MATRIX[:, 2]
    > 0.3
).astype(int)


@pytest.fixture(scope="module", params=[2, 63])
def model(request):
    return LGBMClassifier(
        n_estimators=20,
        num_leaves=request.param,
        min_child_samples=2,
        n_jobs=1,
        verbose=-1,
    ).fit(MATRIX, OUTCOME)


@pytest.mark.parametrize("leads", [1, 3, 4, BLOCK - 1, BLOCK + 5, 700])
def test_margins_are_lightgbms_to_the_last_bit_however_many_leads_are_asked_for(
    model, leads
):
    found = TreeSums.of(shap.TreeExplainer(model).model).margins(MATRIX[:leads])
    np.testing.assert_array_equal(
        found, model.predict(MATRIX[:leads], raw_score=True)
    )


def test_a_cell_on_a_cut_goes_left_as_in_lightgbm(model):
    ensemble = shap.TreeExplainer(model).model
    cuts = np.unique(ensemble.thresholds)
    cells = np.concatenate([cuts, np.nextafter(cuts, np.inf), [0]])
    cells[np.abs(cells) < 1e-34] = (
        0  # LightGBM takes what is nearer to zero than 1e-35 for zero
    )
    on_cuts = np.repeat(cells[:, None], MATRIX.shape[1], axis=1)
    np.testing.assert_array_equal(
        TreeSums.of(ensemble).margins(on_cuts),
        model.predict(on_cuts, raw_score=True),
    )


def test_a_model_of_leaves_alone_gives_every_lead_the_same():
    model = LGBMClassifier(
        n_estimators=3, min_child_samples=700, n_jobs=1, verbose=-1
    ).fit(MATRIX, OUTCOME)
    found = TreeSums.of(shap.TreeExplainer(model).model).margins(MATRIX[:6])
    np.testing.assert_array_equal(
        found, model.predict(MATRIX[:6], raw_score=True)
    )
