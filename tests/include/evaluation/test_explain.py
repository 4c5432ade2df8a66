"""SHAP values by business field: they add up, they stay put, and they blame the right field."""

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from include.contract import KnownAt, load_contract
from include.decisions import Decisions
from include.evaluation.errors import NothingToExplainError
from include.evaluation.explain import FOREST_ROWS, explain, summary_plot
from include.features.calibration import Calibration, Decision
from include.features.parts import inner_parts
from include.training.families import FAMILIES, NATIVE_FAMILIES
from include.training.pipeline import build_pipeline, deployable

ROWS_EXPLAINED = 60
BOOSTERS_MARGIN = {
    "xgboost": lambda model, matrix: model.predict(matrix, output_margin=True),
    "lightgbm": lambda model, matrix: model.predict(matrix, raw_score=True),
}
NATIVE_LEVELS = {"encode__levels": "native"}
EXPLAINERS = dict.fromkeys(FAMILIES, "TreeExplainer") | {
    "logistic_regression": "LinearExplainer"
}


def native_margin(family, model, matrix):
    """The score of each row before calibration, from the library's own function."""
    if family in BOOSTERS_MARGIN:
        return BOOSTERS_MARGIN[family](model, matrix)
    if hasattr(model, "decision_function"):
        return model.decision_function(matrix)
    return model.predict_proba(matrix)[:, 1]


def fitted(family, contract, frame, **params):
    pipeline = build_pipeline(
        Decisions(), contract, family, KnownAt.CONTACT, params
    )
    return pipeline.fit(frame, frame[contract.label])


def neighbours(contract, frame):
    """A pipeline whose classifier is neither linear nor a tree."""
    steps = build_pipeline(
        Decisions(), contract, "logistic_regression", KnownAt.CONTACT
    ).steps[:-2]
    return Pipeline([*steps, ("model", KNeighborsClassifier(25))]).fit(
        frame, frame[contract.label]
    )


@pytest.mark.parametrize(
    ("family", "encoding"),
    [(one, {}) for one in FAMILIES]
    + [(one, NATIVE_LEVELS) for one in NATIVE_FAMILIES],
)
def test_a_leads_values_and_the_base_add_up_to_its_margin(
    contract, accounts, family, encoding
):
    pipeline = fitted(family, contract, accounts, **encoding)
    explanation = explain(pipeline, accounts, accounts, limit=ROWS_EXPLAINED)
    preprocess, model = inner_parts(pipeline)
    margin = native_margin(
        family,
        model,
        preprocess.transform(accounts.loc[explanation.values.index]),
    )
    np.testing.assert_allclose(
        explanation.values.sum(axis=1) + explanation.base_value,
        margin,
        atol=1e-4,
    )
    assert explanation.explainer == EXPLAINERS[family]


@pytest.mark.parametrize(
    ("family", "encoding"),
    [
        (one, way)
        for one in FAMILIES
        for way in ({}, {"encode__numbers": "both", "encode__levels": "both"})
    ]
    + [(one, NATIVE_LEVELS) for one in NATIVE_FAMILIES],
)
def test_values_belong_to_business_fields_whatever_the_encoding(
    contract, accounts, family, encoding
):
    explanation = explain(
        fitted(family, contract, accounts, **encoding),
        accounts,
        accounts,
        limit=ROWS_EXPLAINED,
    )
    used = {
        "visits",
        "minutes",
        "channel",
        "region",
        "newsletter",
        "fit",
        "opinion",
    }
    assert set(explanation.values.columns) == used
    assert explanation.importance.index[0] == "opinion"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_rows_and_seed_give_the_same_values(
    contract, accounts, family
):
    pipeline = fitted(family, contract, accounts)
    first, second = (
        explain(pipeline, accounts, accounts, seed=3, limit=20)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first.values, second.values, check_exact=True)
    assert first.base_value == second.base_value


def test_a_classifier_of_no_known_kind_is_explained_by_whole_fields_and_adds_up_too(
    contract, accounts
):
    pipeline = neighbours(contract, accounts)
    explanation = explain(pipeline, accounts.head(8), accounts)
    assert explanation.explainer == "KernelExplainer"
    probability = pipeline.predict_proba(accounts.head(8))[:, 1].clip(
        1e-12, 1 - 1e-12
    )
    total = explanation.values.sum(axis=1) + explanation.base_value
    np.testing.assert_allclose(
        total, np.log(probability / (1 - probability)), atol=1e-6
    )


def test_the_seed_decides_and_the_global_random_state_is_left_alone(
    contract, accounts, monkeypatch
):
    monkeypatch.setattr(
        "include.evaluation.explain.KERNEL_SAMPLES", 40
    )  # fewer than there are sets of fields
    pipeline = neighbours(contract, accounts)
    np.random.seed(11)
    before = np.random.get_state()[1].copy()
    first = explain(pipeline, accounts.head(3), accounts)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.random.seed(12)
    pd.testing.assert_frame_equal(
        explain(pipeline, accounts.head(3), accounts).values, first.values
    )


def test_calibration_changes_no_explanation(contract, accounts):
    plain = fitted("lightgbm", contract, accounts)
    calibrated = deployable(
        plain, Calibration("sigmoid", (0.5, 0.5), 0.2), Decision("f1", 0.4, ())
    )
    first, second = (
        explain(pipeline, accounts, accounts, limit=20)
        for pipeline in (plain, calibrated)
    )
    pd.testing.assert_frame_equal(first.values, second.values)


def test_a_sample_keeps_the_order_and_the_index_of_the_rows(contract, accounts):
    rows = accounts.set_index("account", drop=False).rename_axis(None)
    values = explain(
        fitted("decision_tree", contract, accounts), rows, rows, limit=50
    ).values
    assert len(values) == 50
    assert list(values.index) == [
        key for key in rows.index if key in set(values.index)
    ]


def test_a_deep_forest_is_explained_on_fewer_leads(
    contract, accounts, monkeypatch
):
    monkeypatch.setattr("include.evaluation.explain.FOREST_WORK", 2e7)
    params = {"model__max_depth": None, "model__min_samples_leaf": 1}
    deep = explain(
        fitted("random_forest", contract, accounts, **params),
        accounts,
        accounts,
    )
    shallow = explain(
        fitted("random_forest", contract, accounts, model__max_depth=3),
        accounts,
        accounts,
    )
    assert len(deep.values) == FOREST_ROWS
    assert len(shallow.values) == 500


@pytest.mark.parametrize(
    "encoding", [{}, NATIVE_LEVELS], ids=["onehot", "native"]
)
@pytest.mark.parametrize("family", NATIVE_FAMILIES)
def test_a_lead_without_a_column_and_with_a_level_nobody_has_seen_is_explained(
    contract, accounts, family, encoding
):
    pipeline = fitted(family, contract, accounts, **encoding)
    stranger = pd.DataFrame([{"minutes": "12", "channel": "pigeon"}])
    values = explain(pipeline, stranger, accounts).values
    assert values.shape[0] == 1
    assert np.isfinite(values.to_numpy()).all()


def test_nothing_to_explain_is_an_error_that_says_so(contract, accounts):
    pipeline = fitted("decision_tree", contract, accounts)
    with pytest.raises(NothingToExplainError, match="0 leads"):
        explain(pipeline, accounts.head(0), accounts)
    with pytest.raises(NothingToExplainError, match="0 of background"):
        explain(pipeline, accounts, accounts.head(0))


def test_the_summary_plot_is_a_small_png_and_the_same_every_time(
    contract, accounts, tmp_path
):
    explanation = explain(
        fitted("lightgbm", contract, accounts), accounts, accounts
    )
    first = summary_plot(explanation, accounts, tmp_path / "a.png").read_bytes()
    second = summary_plot(
        explanation, accounts, tmp_path / "b.png"
    ).read_bytes()
    assert first == second
    assert first.startswith(b"\x89PNG")
    assert len(first) < 200_000


def test_real_leads_of_all_families_are_explained_within_half_a_minute(
    leads_csv,
):
    contract = load_contract("x_education")
    frame = pd.read_csv(leads_csv, dtype=str, keep_default_na=False)
    frame = frame.rename(
        columns={column.name: column.field for column in contract.columns}
    )
    outcome, spent = frame[contract.label].astype(int), 0.0
    for family in FAMILIES:
        pipeline = build_pipeline(
            Decisions(), contract, family, KnownAt.CONTACT
        ).fit(frame, outcome)
        started = time.process_time()
        explanation = explain(pipeline, frame, frame.head(1000))
        spent += time.process_time() - started
        assert "tags" in explanation.importance.index[:2], family
    assert spent < 30
