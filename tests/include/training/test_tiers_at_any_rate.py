"""A first champion at any rate of conversion: it passes the gate, and each of its tiers holds leads."""

import numpy as np
import pandas as pd
import pytest

from bench._bank import FILE, bank_contract, bank_leads
from include.contract import KnownAt, decisions_of
from include.evaluation.errors import TierUnreachableError
from include.evaluation.tiers import check_tiers
from include.promotion.compare import gate_report
from include.promotion.gate import judge
from include.registry.registry import ChampionInfo
from include.scoring.scorer import scorer_of
from include.settings import Settings
from include.training.challenger import refit_winner
from include.training.data.dataset import make_dataset
from include.training.fit import fit_family

STAGE = KnownAt.CONTACT
THE_OTHERS = (
    (0.03, "logistic_regression"),
    (0.38, "logistic_regression"),
    (0.80, "logistic_regression"),
    (0.03, "decision_tree"),
    (0.11, "decision_tree"),
    (0.38, "decision_tree"),
    (0.80, "decision_tree"),
)
"""Rates and families beside the one that every run of the tests looks at."""
OLDEST = 7134
"""Calls of the bank of which 2.9 % convert."""


def at_rate(accounts, rate):
    """Return the accounts without so many of one outcome that `rate` of the others converted."""
    won = accounts[accounts["won"] == 1]
    lost = accounts[accounts["won"] == 0]
    wanted = round(len(lost) * rate / (1 - rate))
    if wanted <= len(won):
        won = won.sample(wanted, random_state=0)
    else:
        lost = lost.sample(round(len(won) * (1 - rate) / rate), random_state=0)
    return pd.concat([won, lost]).sort_values("number", ignore_index=True)


def trained(contract, leads, family):
    """Return data, decisions and the pipeline as a training would register it."""
    decisions = decisions_of(Settings(), contract)
    data = make_dataset(leads, contract, STAGE, {})
    fit = fit_family(decisions, contract, family, data, STAGE)
    pipeline = refit_winner(decisions, contract, fit.recipe, data, STAGE)
    return data, decisions, pipeline


def first_verdict(decisions, pipeline, data):
    """Return the gate's verdict on a first model."""
    rows, outcome = data.part("holdout")
    probability = pipeline.predict_proba(rows)[:, 1]
    threshold = pipeline[-1].decision.threshold
    groups = data.groups[data.split == "holdout"]
    fields = pd.DataFrame(index=rows.index)
    report = gate_report(
        decisions,
        "first",
        "roc_auc",
        outcome,
        (probability, threshold),
        None,
        groups,
        fields,
        STAGE,
    )
    return judge(report)


def scored(contract, pipeline, leads):
    """Return the leads' scores, as batch scoring and the API give them."""
    created = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
    version = ChampionInfo(contract.model_name(STAGE), "1", "run", {}, created)
    return scorer_of(contract, STAGE, version, pipeline).score(leads)


@pytest.mark.parametrize(
    ("rate", "family"),
    [
        (0.11, "logistic_regression"),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in THE_OTHERS),
    ],
)
def test_each_tier_is_reached_and_predictions_are_a_or_b(
    contract, accounts_of, rate, family
):
    leads = at_rate(accounts_of(5000), rate)
    data, decisions, pipeline = trained(contract, leads, family)
    check_tiers(pipeline[-1].decision, pipeline.predict_proba(data.frame)[:, 1])
    verdict = first_verdict(decisions, pipeline, data)
    assert verdict.promote, verdict.reasons
    scores = scored(contract, pipeline, data.part("holdout")[0])
    predicted = scores["prediction"] == 1
    assert set(scores["tier"][predicted]) <= {"A", "B"}
    assert set(scores["tier"][~predicted]) <= {"C", "D"}
    if family == "logistic_regression":
        assert set(scores["tier"]) == set("ABCD")


def after_the_call():
    """Return the bank's contract with the length of the call, which says much, and the oldest calls.

    Without it these calls cannot be ranked: no family is better than chance on them.
    """
    contract = bank_contract()
    age = contract.column("age")
    length = age.model_copy(update={"name": "duration", "field": "duration"})
    columns = (*contract.columns, length)
    contract = contract.model_copy(update={"columns": columns})
    cells = pd.read_csv(FILE, sep=";", usecols=["duration"], nrows=OLDEST)
    leads = bank_leads().iloc[:OLDEST]
    return contract, leads.assign(duration=cells["duration"])


@pytest.mark.slow
def test_rare_leads_get_a_champion_whose_tiers_are_all_reached(
    contract, accounts_of
):
    """On the bank's first calls where the file is at hand, else on generated leads of the same rate."""
    if FILE.exists():
        contract, leads = after_the_call()
    else:
        leads = at_rate(accounts_of(14000), 0.029)
    data, decisions, pipeline = trained(contract, leads, "logistic_regression")
    assert data.target.mean() == pytest.approx(0.029, abs=0.001)
    verdict = first_verdict(decisions, pipeline, data)
    assert verdict.promote, verdict.reasons
    scores = scored(contract, pipeline, leads)
    assert set(scores["tier"]) == set("ABCD")
    assert set(scores["tier"][scores["prediction"] == 1]) == {"A", "B"}


@pytest.mark.slow
def test_rare_leads_that_nothing_tells_apart_get_no_champion(
    contract, accounts_of
):
    """On the same calls without their length, else on generated leads whose outcome is drawn by lot."""
    if FILE.exists():
        contract = bank_contract()
        leads = bank_leads().iloc[:OLDEST]
    else:
        leads = at_rate(accounts_of(14000, signal=0.0), 0.029)
    data, decisions, pipeline = trained(contract, leads, "logistic_regression")
    verdict = first_verdict(decisions, pipeline, data)
    assert not verdict.promote
    assert verdict.reasons[0].startswith("roc_auc: 0.")
    assert "(chance at a rate of " in verdict.reasons[0]


def test_fixed_tiers_of_a_rare_outcome_are_an_error_that_says_what_to_change(
    contract, accounts_of
):
    leads = at_rate(accounts_of(5000, signal=0.4), 0.03)
    decided = contract.decisions.model_copy(update={"tier_policy": "fixed"})
    contract = contract.model_copy(update={"decisions": decided})
    data, _, pipeline = trained(contract, leads, "logistic_regression")
    probability = pipeline.predict_proba(data.frame)[:, 1]
    highest = np.format_float_positional(probability.max(), 4, fractional=False)
    with pytest.raises(
        TierUnreachableError, match=f"tier A .* to {highest}.*tier_policy"
    ):
        check_tiers(pipeline[-1].decision, probability)
