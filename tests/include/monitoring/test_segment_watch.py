"""The champion's performance segment by segment: the one that has become worse is named, and small ones are not."""

import numpy as np
import pandas as pd
import yaml

from include.contract import KnownAt, parse_contract
from include.decisions import Decisions
from include.monitoring.performance import Scored
from include.monitoring.segment_watch import segment_drift

CONTRACT = parse_contract(
    yaml.safe_load("""
format: 2
contract: calls
key: {row: true}
clock: {row: true}
outcomes: [{name: won, column: y}]
decisions: {segments: [branch]}
columns:
  - {name: branch, type: category}
  - {name: channel, type: category, known_at: capture}
"""),
    "a test",
)


def scored_leads(seed: int, blind: str = "") -> tuple[pd.DataFrame, Scored]:
    """Return calibrated scores of two large branches and a small one; of `blind` the score says nothing."""
    random = np.random.default_rng(seed)
    branch = np.array(["north"] * 1000 + ["south"] * 1000 + ["west"] * 40)
    probability = random.beta(0.35, 0.55, len(branch))
    outcome = (random.random(len(branch)) < probability).astype(float)
    lost = branch == blind
    probability[lost] = random.permutation(probability[lost])
    leads = pd.DataFrame({"branch": branch, "channel": "Mail"})
    return leads, Scored(outcome, probability, 0.5)


def watch(blind: str = ""):
    holdout, on_holdout = scored_leads(1)
    matured, on_matured = scored_leads(2, blind)
    return segment_drift(
        Decisions(),
        CONTRACT,
        KnownAt.CONTACT,
        (holdout, matured),
        (on_holdout, on_matured),
    )


def test_the_segment_in_which_the_champion_is_blind_is_named_and_no_other():
    worse = {
        (row.field, row.level, row.figure.name)
        for row in watch(blind="south")
        if row.figure.drifted
    }
    assert worse == {
        ("branch", "south", "roc_auc"),
        ("branch", "south", "brier"),
    }


def test_leads_like_those_of_the_holdout_have_no_worse_segment():
    assert not any(row.figure.drifted for row in watch())


def test_a_segment_with_few_leads_is_not_compared():
    assert {row.level for row in watch(blind="west")} == {"north", "south"}
