"""The families and their pipelines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from include.contract import KnownAt, decisions_of
from include.decisions import Decisions
from include.features.calibration import Calibration, Decision
from include.features.parts import inner_parts
from include.settings import Settings
from include.training.families import FAMILIES, NATIVE_FAMILIES
from include.training.pipeline import build_pipeline, deployable

DECISION = Decision("f1", 0.4, (("A", 80), ("D", 0)))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_rows_give_the_same_model(contract, accounts, family):
    def probabilities():
        return (
            build_pipeline(Decisions(), contract, family, KnownAt.CONTACT)
            .fit(accounts, accounts["won"])
            .predict_proba(accounts)
        )

    np.testing.assert_array_equal(probabilities(), probabilities())


def test_parameters_reach_the_pipeline(contract):
    params = {
        "model__C": 7.0,
        "group__enabled": True,
        "resample__method": "smote",
    }
    pipeline = build_pipeline(
        Decisions(), contract, "logistic_regression", KnownAt.CONTACT, params
    )
    assert pipeline.named_steps["model"].C == 7.0
    assert pipeline.named_steps["group"].enabled
    assert pipeline.named_steps["resample"].method == "smote"


@pytest.mark.parametrize("family", NATIVE_FAMILIES)
def test_native_levels_learn_as_well_and_score_a_stranger_as_a_gap(
    contract, accounts, family
):
    pipeline = build_pipeline(
        Decisions(),
        contract,
        family,
        KnownAt.CONTACT,
        {"encode__levels": "native"},
    )
    rows, newer = accounts.head(400), accounts.tail(200)
    pipeline.fit(rows, rows["won"])
    assert (
        roc_auc_score(newer["won"], pipeline.predict_proba(newer)[:, 1]) > 0.75
    )
    levels = ("hot", "cold", "never seen", None)
    hot, cold, stranger, gap = (
        pipeline.predict_proba(newer.assign(opinion=level)) for level in levels
    )
    np.testing.assert_array_equal(stranger, gap)
    assert (hot[:, 1] > cold[:, 1]).all()


@pytest.mark.parametrize("family", NATIVE_FAMILIES)
def test_native_levels_stand_a_level_per_lead_and_a_column_of_gaps(
    contract, accounts, family
):
    spoilt = accounts.assign(
        region=None,
        channel=[f"level {number}" for number in range(len(accounts))],
    )
    pipeline = build_pipeline(
        Decisions(),
        contract,
        family,
        KnownAt.CONTACT,
        {"encode__levels": "native"},
    )
    probability = pipeline.fit(
        spoilt.head(400), spoilt["won"].head(400)
    ).predict_proba(spoilt.tail(200))[:, 1]
    assert roc_auc_score(spoilt["won"].tail(200), probability) > 0.75


def test_the_share_of_gaps_that_drops_a_column_is_a_setting(
    contract, accounts, monkeypatch
):
    monkeypatch.setenv("LEADS_MAX_MISSING_SHARE", "0.1")
    pipeline = build_pipeline(
        decisions_of(Settings(), contract),
        contract,
        "decision_tree",
        KnownAt.CONTACT,
    ).fit(accounts, accounts["won"])
    assert set(pipeline.named_steps["select"].dropped_) == {"visits", "region"}


def test_an_unknown_family_is_named(contract):
    with pytest.raises(KeyError, match="oracle"):
        build_pipeline(Decisions(), contract, "oracle", KnownAt.CONTACT)


@pytest.fixture
def fitted(contract, accounts):
    params = {"resample__method": "smote"}
    return build_pipeline(
        Decisions(), contract, "lightgbm", KnownAt.CAPTURE, params
    ).fit(accounts, accounts["won"])


def test_a_deployable_pipeline_scores_as_the_fitted_one_and_carries_its_decision(
    fitted, accounts
):
    made = deployable(fitted, Calibration(), DECISION)
    np.testing.assert_array_equal(
        made.predict_proba(accounts)[:, 1], fitted.predict_proba(accounts)[:, 1]
    )
    assert made.named_steps["model"].decision == DECISION
    assert "resample" not in made.named_steps


def test_the_inner_parts_are_those_of_the_pipeline_before_and_after_deployment(
    fitted, accounts
):
    for pipeline in (fitted, deployable(fitted, Calibration(), DECISION)):
        preprocess, classifier = inner_parts(pipeline)
        matrix = preprocess.transform(accounts)
        np.testing.assert_array_equal(
            classifier.predict_proba(matrix), fitted.predict_proba(accounts)
        )


@given(
    st.text(max_size=20),
    st.text(max_size=20),
    st.floats(),
    st.integers(),
    st.booleans(),
)
def test_no_forbidden_column_can_change_the_score_of_a_stage(
    fitted, accounts, text, fit, number, count, absent
):
    rows = accounts.head(5)
    changed = rows.assign(
        opinion=text,
        fit=fit,
        won=number,
        remark=text,
        number=count,
        account=text,
        constant=fit,
    )
    if absent:
        changed = changed.drop(
            columns=[
                "opinion",
                "fit",
                "won",
                "remark",
                "number",
                "account",
                "constant",
            ]
        )
    np.testing.assert_array_equal(
        fitted.predict_proba(changed), fitted.predict_proba(rows)
    )
