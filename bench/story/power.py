"""Say how likely a test can notice the new approval criteria so early, if it had a model that knows the truth.

The model is the story's own probability by the old criteria, so it is calibrated until the change. Decisions are tested
for Cox's calibration slope (Cox 1958, Two further applications of a model for binary regression): the score test that
it is still 1, one-sided, with 1 % false alarms. Models that have to learn are not better than the truth.
"""

from typing import Any

import numpy as np
import pandas as pd

from demo.story import effects
from demo.story.dates import APPROVAL_SHIFT, Bools, Floats
from demo.story.effects import sigmoid
from demo.story.story import World, draw_facts

ONE_PERCENT = 2.3263
"""Quantile of the normal distribution."""
DRAWS = 500
WINDOWS = (1, 2)


def noticing_power(world: World, days: int) -> dict[str, Any]:
    """Return, until the end of each window, the decisions, how many follow the new criteria, and the test's power."""
    decisions = _decisions(world)
    start = pd.Timestamp(APPROVAL_SHIFT)
    figures: dict[str, Any] = {}
    for window in WINDOWS:
        end = start + pd.Timedelta(days=days * window)
        is_in = (decisions["decided_at"] >= start) & (
            decisions["decided_at"] < end
        )
        rows = decisions[is_in]
        is_new = (rows["started_at"] >= start).to_numpy()
        figures[f"approval_decisions_{window}"] = len(rows)
        figures[f"approval_by_new_criteria_{window}"] = int(is_new.sum())
        figures[f"approval_power_{window}"] = power(
            rows["old"].to_numpy(), rows["new"].to_numpy(), is_new
        )
    return figures


def _decisions(world: World) -> pd.DataFrame:
    """Return each decision's moments, and its logit by the old and by the new criteria."""
    frames = []
    for index in world.cells:
        facts = draw_facts(world, index)
        outcomes = facts.journeys.outcomes
        drivers = effects.approved_drivers(facts.journeys.history)
        base = effects.base_of(facts.people).approved + drivers
        frames.append(
            pd.DataFrame(
                {
                    "started_at": outcomes.started_at,
                    "decided_at": outcomes.decided_at,
                    "old": base[0],
                    "new": base[1],
                }
            )
        )
    decisions = pd.concat(frames, ignore_index=True)
    return decisions[decisions["decided_at"].notna()]


def power(old: Floats, new: Floats, is_new: Bools) -> float:
    """Return the share of draws in which the test notices that some decisions follow new criteria.

    Args:
        old: logits by the old criteria, shape (decisions,).
        new: the same by the new ones.
        is_new: which decisions follow the new ones.
    """
    random = np.random.default_rng(0)
    chance = sigmoid(np.where(is_new, new, old))
    noticed = 0
    for _ in range(DRAWS):
        outcome = random.random(len(old)) < chance
        noticed += slope_score(outcome, old) < -ONE_PERCENT
    return noticed / DRAWS


def slope_score(outcome: Bools, logits: Floats) -> float:
    """Return the score test's statistic of a calibration slope of 1: standard normal, negative where it is less."""
    chance = sigmoid(logits)
    weight = chance * (1 - chance)
    centred = logits - np.average(logits, weights=weight)
    score = ((outcome - chance) * centred).sum()
    return float(score / np.sqrt((weight * centred**2).sum()))
