"""Where the tiers begin: at any rate of conversion each of them holds leads, and A and B are what is predicted."""

import numpy as np
import pytest

from include.contract import load_contract
from include.decisions import Decisions
from include.evaluation.errors import TierUnreachableError
from include.evaluation.thresholds import decide
from include.evaluation.tiers import by_rank, check_tiers, with_tiers
from include.features.calibration import Decision
from include.features.tiers import predictions_by, tiers_by

RATES = (0.03, 0.11, 0.38, 0.80)
POLICIES = ("f1", "precision_biased", "cost", "capacity=1", "capacity=200")


def leads(rate, seed=0, rows=4000, spread=1.5):
    """Return outcomes and the probabilities by which they were drawn, about `rate` on average."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(0, spread, rows)
    shifts = np.linspace(-9, 9, 361)
    means = [(1 / (1 + np.exp(-log_odds - one))).mean() for one in shifts]
    shift = shifts[np.argmin(np.abs(np.array(means) - rate))]
    probability = 1 / (1 + np.exp(-log_odds - shift))
    return (random.random(rows) < probability).astype(int), probability


def tiers_of(decision, probability):
    return np.array(tiers_by(decision, probability))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("rate", RATES)
def test_by_rank_every_tier_holds_leads_and_predictions_decide(rate, policy):
    outcome, probability = leads(rate)
    decisions = Decisions(threshold_policy=policy)
    decision = decide(decisions, outcome, probability)
    check_tiers(decision, probability)
    tiers = tiers_of(decision, probability)
    predicted = predictions_by(decision, probability) == 1
    assert set(tiers[predicted]) == {"A", "B"}
    assert set(tiers[~predicted]) == {"C", "D"}


@pytest.mark.parametrize("rate", RATES)
def test_a_and_c_hold_half_of_the_conversions_to_expect(rate):
    outcome, probability = leads(rate)
    decision = decide(Decisions(), outcome, probability)
    tiers = tiers_of(decision, probability)
    for better, worse in ("AB", "CD"):
        first = probability[tiers == better]
        second = probability[tiers == worse]
        assert first.min() > second.max()
        assert first.sum() == pytest.approx(second.sum(), abs=1)


def test_ranked_is_the_default_and_the_guides_contract_is_fixed():
    assert Decisions().tier_policy == "ranked"
    guide = load_contract("x_education").decisions
    decision = decide(guide, *leads(0.38))
    assert decision.tiers == (("A", 80), ("B", 50), ("C", 20), ("D", 0))
    assert decision.tier_scale == "score"


def test_tiers_may_follow_the_threshold():
    decision = with_tiers(Decision("f1", 0.3, ()), "threshold", [0.3])
    assert decision.tiers == (("A", 65), ("B", 30), ("C", 15), ("D", 0))


def test_a_fixed_tier_that_no_lead_reaches_is_named_with_its_bounds():
    outcome, probability = leads(0.03, spread=1.0)
    decisions = Decisions(tier_policy="fixed")
    decision = decide(decisions, outcome, probability)
    with pytest.raises(
        TierUnreachableError,
        match=(
            rf"tier A \(score from 80\) holds none of 4,000 leads.* to {probability.max():.4g}, .*"
            "Set tier_policy: ranked in the contract's decisions"
        ),
    ):
        check_tiers(decision, probability)


def test_a_tier_around_the_threshold_that_no_lead_reaches_is_named():
    outcome, probability = leads(0.03, spread=1.0)
    decisions = Decisions(tier_policy="threshold")
    decision = decide(decisions, outcome, probability)
    with pytest.raises(TierUnreachableError, match="tier A .score from 5"):
        check_tiers(decision, probability)


def test_a_tier_in_the_middle_is_named_with_both_bounds():
    decision = with_tiers(Decision("f1", 0.5, ()), "fixed", [])
    with pytest.raises(
        TierUnreachableError, match="tier C .score from 20 to below 50. holds"
    ):
        check_tiers(decision, [0.9, 0.6, 0.1])


def test_two_probabilities_make_two_tiers():
    probability = np.repeat([0.02, 0.3], [900, 100])
    assert by_rank(0.3, probability) == (("A", 0.3), ("C", 0.0))
    decision = with_tiers(Decision("f1", 0.3, ()), "ranked", probability)
    check_tiers(decision, probability)
    assert tiers_by(decision, np.array([0.29, 0.3, 0.9])) == ["C", "A", "A"]


def test_three_probabilities_are_divided_where_they_can_be():
    probability = np.repeat([0.02, 0.3, 0.9], [900, 99, 1])
    tiers = by_rank(0.3, probability)
    assert tiers == (("A", 0.6), ("B", 0.3), ("C", 0.0))


def test_where_all_leads_are_predicted_to_convert_a_later_one_can_still_be_d():
    probability = np.full(50, 0.4)
    decision = decide(Decisions(), np.repeat([0, 1], 25), probability)
    check_tiers(decision, probability)
    assert tiers_by(decision, np.array([0.4, 0.39])) == ["A", "D"]


def test_a_threshold_above_every_lead_is_named():
    probability = np.linspace(0.01, 0.2, 50)
    decision = with_tiers(Decision("cost", 1.0, ()), "ranked", probability)
    with pytest.raises(
        TierUnreachableError,
        match=r"tier B \(probability from 1\) .* predicts more leads",
    ):
        check_tiers(decision, probability)


def test_a_threshold_of_zero_has_no_tier_for_leads_that_do_not_convert():
    probability = np.linspace(0.01, 0.2, 50)
    decision = with_tiers(Decision("f1", 0.0, ()), "ranked", probability)
    assert [name for name, _ in decision.tiers] == ["A", "B"]
    assert decision.tiers[-1] == ("B", 0.0)
    check_tiers(decision, probability)


def test_one_lead_of_either_prediction_is_enough():
    decision = with_tiers(Decision("f1", 0.5, ()), "ranked", [0.9, 0.1])
    check_tiers(decision, [0.9, 0.1])
    assert tiers_by(decision, np.array([0.9, 0.1])) == ["A", "C"]


def test_probabilities_of_zero_and_one_are_tiers_too():
    decision = with_tiers(Decision("f1", 1.0, ()), "ranked", [1.0, 0.0, 0.0])
    check_tiers(decision, [1.0, 0.0, 0.0])
    assert tiers_by(decision, np.array([1.0, 0.0])) == ["A", "C"]


@pytest.mark.parametrize("seed", range(20))
def test_no_lead_that_is_predicted_is_ever_c_or_d(seed):
    random = np.random.default_rng(seed)
    probability = random.choice(random.random(random.integers(2, 30)), 200)
    threshold = float(random.choice(probability))
    decision = with_tiers(Decision("f1", threshold, ()), "ranked", probability)
    asked = np.concatenate([probability, random.random(500), [0.0, 1.0]])
    tiers = tiers_of(decision, asked)
    predicted = predictions_by(decision, asked) == 1
    assert set(tiers[predicted]) <= {"A", "B"}
    assert set(tiers[~predicted]) <= {"C", "D"}
