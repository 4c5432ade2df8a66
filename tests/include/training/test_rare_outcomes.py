"""Models of leads that seldom convert: 2.9 %, as among the first calls of UCI Bank Marketing."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from bench._bank import FILE, bank_contract, bank_leads
from bench.decisions.calibration import GENERATED, generate
from include.contract import KnownAt
from include.decisions import Decisions
from include.features.calibration import Decision
from include.training.data.dataset import make_dataset
from include.training.fit import refit
from include.training.recipe import Recipe
from include.training.usable import LARGEST_MISS, usability

FIRST_CALLS = 7134
RATE = 0.029
STAGE = KnownAt.CONTACT


def generated():
    return GENERATED, generate(RATE, seed=2)


def first_calls():
    return bank_contract(), bank_leads().iloc[:FIRST_CALLS]


@pytest.fixture(
    params=[generated, first_calls] if FILE.exists() else [generated]
)
def rare(request):
    """Contract and leads."""
    return request.param()


@pytest.mark.parametrize(
    "calibration",
    [
        "none",
        pytest.param("sigmoid", marks=pytest.mark.slow),
        pytest.param("beta", marks=pytest.mark.slow),
    ],
)
def test_a_model_fitted_on_balanced_rows_knows_that_few_leads_convert(
    rare, calibration
):
    contract, leads = rare
    data = make_dataset(leads, contract, STAGE, {})
    recipe = Recipe(
        "logistic_regression",
        {"resample__method": "smote"},
        calibration,
        Decision("f1", 0.5, ()),
    )
    learnt = data.split != "holdout"
    model = refit(Decisions(), contract, recipe, data, learnt, STAGE)
    rows, outcome = data.part("holdout")
    probability = model.predict_proba(rows)[:, 1]
    assert brier_score_loss(outcome, probability) <= 0.03
    result = usability(outcome.to_numpy(), probability)
    assert result.miss <= LARGEST_MISS
    assert np.mean(model.predict(rows)) < 0.5
    assert model[-1].resampling == "smote"
    assert model[-1].calibration.method != "none"
