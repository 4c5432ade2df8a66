"""The families and their pipelines."""

import numpy as np
import pytest

from include.contract import KnownAt
from include.training.families import FAMILIES, build_pipeline


@pytest.mark.parametrize("family", FAMILIES)
def test_every_setting_of_a_grid_is_one_the_pipeline_has(contract, family):
    known = build_pipeline(family, contract, KnownAt.CONTACT).get_params()
    assert set(FAMILIES[family].grid) <= set(known)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_rows_give_the_same_model(contract, accounts, family):
    def probabilities():
        return build_pipeline(family, contract, KnownAt.CONTACT).fit(accounts, accounts["won"]).predict_proba(accounts)

    np.testing.assert_array_equal(probabilities(), probabilities())


def test_parameters_reach_the_pipeline(contract):
    pipeline = build_pipeline(
        "logistic_regression", contract, KnownAt.CONTACT, {"model__C": 7.0, "group__enabled": True}
    )
    assert pipeline.named_steps["model"].C == 7.0
    assert pipeline.named_steps["group"].enabled


def test_an_unknown_family_is_named(contract):
    with pytest.raises(KeyError, match="oracle"):
        build_pipeline("oracle", contract, KnownAt.CONTACT)
