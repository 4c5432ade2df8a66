"""Reasons in business words: right sign, right value, right columns, whatever the model."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract import KnownAt
from include.contract.loader import parse_contract
from include.evaluation.explain import explain
from include.scoring.reasons import (
    DIGITS,
    LONGEST_VALUE,
    Reasons,
    as_json,
)
from include.scoring.scorer import scorer_of
from include.training.families import FAMILIES

TREES = [family for family in FAMILIES if family != "logistic_regression"]
LEADS = st.fixed_dictionaries(
    {},
    optional={
        "visits": st.sampled_from([None, "12", " 3 ", "many", float("inf")])
        | st.integers(0, 10**9),
        "minutes": st.sampled_from([None, "1532.5", ""]) | st.floats(0, 1e7),
        "channel": st.sampled_from([None, "web", "mail", "fair", "n/a"])
        | st.text(max_size=200),
        "region": st.sampled_from([None, "north", "south", "<b>"]),
        "newsletter": st.sampled_from([None, "Yes", "No", "perhaps"]),
        "fit": st.sampled_from([None, "low", "mid", "high", "unheard of"]),
        "opinion": st.sampled_from([None, "hot", "cold", ""]),
    },
).filter(bool)  # a lead without any name is refused


@pytest.fixture(params=FAMILIES)
def any_scorer(request, scorer_for):
    return scorer_for(KnownAt.CONTACT, request.param)


def told(scorer, *leads, count=3):
    return scorer.score(pd.DataFrame(leads), count)["reasons"].tolist()


def texts(reasons):
    return {reason["field"]: reason["text"] for reason in reasons}


@given(lead=LEADS)
def test_sign_text_and_order_agree_for_any_lead_and_any_family(
    any_scorer, lead
):
    (reasons,) = told(any_scorer, lead)
    effects = [reason["effect"] for reason in reasons]
    verbs = [reason["text"].split()[-3] for reason in reasons]
    assert verbs == ["raises" if effect > 0 else "lowers" for effect in effects]
    assert 0 not in effects
    assert effects == sorted(effects, key=abs, reverse=True)
    assert max(verbs.count("raises"), verbs.count("lowers")) <= 3


@pytest.mark.parametrize("family", TREES)
def test_effects_are_the_shap_values_of_the_lead_summed_to_its_columns(
    scorer_for, family, accounts
):
    scorer, leads = scorer_for(KnownAt.CONTACT, family), accounts.head(40)
    values = explain(scorer.pipeline, leads, leads).values.round(DIGITS)
    for row, reasons in enumerate(scorer.score(leads, 99)["reasons"]):
        expected = values.iloc[row]
        assert {one["field"]: one["effect"] for one in reasons} == expected[
            expected != 0
        ].to_dict()


def test_a_linear_models_effects_and_its_mean_lead_add_up_to_the_margin(
    scorer, accounts
):
    matrix = scorer.pipeline[:-1].transform(accounts)
    classifier, attribution = (
        scorer.pipeline[-1].classifier,
        scorer.reasons.attribution,
    )
    total = attribution.values(matrix).sum(axis=1) + attribution.base_value
    np.testing.assert_allclose(
        total, classifier.decision_function(matrix), atol=1e-9
    )
    assert attribution.base_value == pytest.approx(
        classifier.decision_function(matrix).mean()
    )


def test_the_reason_that_weighs_most_moves_the_score_its_way(scorer):
    hot, cold = told(
        scorer,
        {"opinion": "hot", "minutes": 60},
        {"opinion": "cold", "minutes": 60},
    )
    assert texts(hot)["opinion"] == "opinion: hot raises the score"
    assert texts(cold)["opinion"] == "opinion: cold lowers the score"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("minutes", 1532, "minutes: 1,532"),
        ("minutes", "1532.50", "minutes: 1,532.5"),
        ("minutes", None, "minutes: not known"),
        ("visits", "many", "visits: not known"),
        ("newsletter", "Yes", "newsletter: Yes"),
        ("fit", "high", "fit: high"),
        ("fit", "unheard of", "fit: not known"),
        ("opinion", "n/a", "opinion: not known"),
        ("channel", "x" * 200, f"channel: {'x' * (LONGEST_VALUE - 1)}…"),
    ],
)
def test_a_text_has_label_and_the_leads_own_value_as_the_model_reads_it(
    scorer, field, value, words
):
    (reasons,) = told(
        scorer,
        {"minutes": 60, "visits": 3, "opinion": "hot", field: value},
        count=99,
    )
    assert texts(reasons)[field].rsplit(maxsplit=3)[0] == words


def test_labels_and_units_are_the_contracts(scorer, contract, accounts):
    column = {"label": "Time on the website", "unit": "min"}
    content = contract.model_dump(mode="json")
    content["columns"] = [
        one | column if one["field"] == "minutes" else one
        for one in content["columns"]
    ]
    scorer = scorer_of(
        parse_contract(content, "test"),
        KnownAt.CONTACT,
        scorer.champion,
        scorer.pipeline,
    )
    (reasons,) = told(scorer, {"minutes": 1532}, count=99)
    assert (
        texts(reasons)["minutes"]
        == "Time on the website: 1,532 min raises the score"
    )


def test_a_column_marked_not_to_be_shown_counts_but_is_no_reason(
    scorer, contract, accounts
):
    content = contract.model_dump(mode="json")
    content["columns"] = [
        one | {"explain": one["field"] != "opinion"}
        for one in content["columns"]
    ]
    silent = scorer_of(
        parse_contract(content, "test"),
        KnownAt.CONTACT,
        scorer.champion,
        scorer.pipeline,
    )
    open_, hidden = scorer.score(accounts, 99), silent.score(accounts, 99)
    assert hidden["probability"].tolist() == open_["probability"].tolist()
    for before, after in zip(open_["reasons"], hidden["reasons"], strict=True):
        assert after == [
            reason for reason in before if reason["field"] != "opinion"
        ]


def test_reasons_never_name_a_column_that_is_known_later_than_the_stage(
    scorer_for, accounts
):
    scores = scorer_for(KnownAt.CAPTURE).score(accounts, 99)
    named = {
        reason["field"] for reasons in scores["reasons"] for reason in reasons
    }
    assert named <= {"visits", "minutes", "channel", "region", "newsletter"}
    assert "minutes" in named


def test_a_leads_reasons_do_not_depend_on_its_company(any_scorer, accounts):
    together = any_scorer.score(accounts, 3)["reasons"].tolist()
    alone = [
        any_scorer.score(accounts.iloc[[row]], 3)["reasons"].iloc[0]
        for row in range(10)
    ]
    assert together[:10] == alone


def test_reasons_are_json(scorer, accounts):
    reasons = scorer.score(accounts.head(1), 3)["reasons"].iloc[0]
    assert json.loads(as_json(reasons)) == reasons
    assert as_json(None) is None


def test_a_column_with_sentences_says_them(contract):
    sentences = {"value": "came {value} times", "zero": "never came"}
    content = contract.model_dump(mode="json")
    for column in content["columns"]:
        if column["field"] == "visits":
            column["sentences"] = sentences
    reasons = Reasons(
        SimpleNamespace(
            fields=("visits",),
            values=lambda _: np.array([[0.5], [-0.5], [0.25]]),
        ),
        parse_contract(content, "test"),
    )
    typed = {"visits": pd.Series([4.0, 0.0, np.nan])}
    texts_of_leads = [
        reason["text"]
        for reasons_of_lead in reasons.top(typed, None, 3)
        for reason in reasons_of_lead
    ]
    assert texts_of_leads == [
        "came 4 times raises the score",
        "never came lowers the score",
        "visits: not known raises the score",
    ]
