"""The decision threshold, by policy."""

import numpy as np
import pytest
from sklearn.metrics import fbeta_score

from include.decisions import Decisions
from include.evaluation.errors import ThresholdPolicyError
from include.evaluation.thresholds import (
    capacity_threshold,
    cost_threshold,
    decide,
    f_threshold,
)


def leads(seed):
    random = np.random.default_rng(seed)
    probability = random.random(200).round(2)
    return (random.random(200) < probability).astype(int), probability


def test_it_separates_what_can_be_separated():
    assert f_threshold([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], beta=1.0) == 0.7


@pytest.mark.parametrize("beta", [1.0, 0.5])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_probability_gives_a_larger_f_score(seed, beta):
    outcome, probability = leads(seed)
    best = fbeta_score(
        outcome,
        probability >= f_threshold(outcome, probability, beta),
        beta=beta,
    )
    assert best == max(
        fbeta_score(outcome, probability >= one, beta=beta)
        for one in probability
    )


def test_the_precision_biased_policy_asks_for_more_than_f1():
    outcome, probability = leads(0)
    biased, plain = (
        decide(Decisions(threshold_policy=policy), outcome, probability)
        for policy in ("precision_biased", "f1")
    )
    assert biased.threshold > plain.threshold


def test_the_cost_policy_loses_the_fewest_hours_on_calibrated_probabilities():
    random = np.random.default_rng(0)
    probability = random.random(50_000)
    outcome = (random.random(50_000) < probability).astype(int)

    def hours(threshold):
        called = probability >= threshold
        return (
            1.0 * (called & (outcome == 0)).sum()
            + 3.0 * (~called & (outcome == 1)).sum()
        )

    assert cost_threshold(1.0, 3.0) == 0.25
    assert hours(0.25) < min(hours(0.15), hours(0.35), hours(0.5))


@pytest.mark.parametrize("capacity", [1, 100, 1000])
def test_the_capacity_policy_calls_as_many_leads_as_there_is_time_for(capacity):
    probability = np.random.default_rng(0).permutation(np.linspace(0, 1, 2000))
    assert (
        probability >= capacity_threshold(probability, capacity)
    ).sum() == 2 * capacity


def test_policy_and_amount_come_from_the_settings():
    outcome, probability = leads(0)
    decision = decide(
        Decisions(threshold_policy="capacity=50"), outcome, probability
    )
    assert decision.policy == "capacity=50"
    assert (probability >= decision.threshold).sum() == pytest.approx(10, abs=3)


@pytest.mark.parametrize(
    "policy",
    ["profit", "capacity", "capacity=0", "capacity=many", "capacity=2000"],
)
def test_an_unknown_policy_is_named_with_those_that_exist(policy):
    with pytest.raises(
        ThresholdPolicyError,
        match=f"no threshold policy '{policy}'; set .* f1, precision_biased, cost",
    ):
        decide(Decisions(threshold_policy=policy), *leads(0))
