"""Segments of the holdout: which ones have surely lost, and about which nothing can be said."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from include.contract import KnownAt
from include.decisions import Decisions
from include.promotion.compare import gate_report
from include.promotion.decision_page import decision_page
from include.promotion.gate import judge
from include.promotion.record import DecisionRecord, Segment
from include.promotion.segment_changes import segment_changes


def leads(rows=600, noise=(1.0, 0.5), seed=0, offset=0.0):
    """Outcomes and two models' probabilities; less noise is a better model."""
    random = np.random.default_rng(seed)
    logit = random.normal(offset, 2, rows)
    outcome = (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    models = [
        1 / (1 + np.exp(-(logit + random.normal(0, spread, rows))))
        for spread in noise
    ]
    return outcome, *models


def segments_of(outcome, old, new, names, groups=None, least=150):
    groups = np.arange(len(outcome)) if groups is None else groups
    fields = pd.DataFrame({"source": names})
    return segment_changes(outcome, old, new, groups, fields, least)


def chat_and_direct(rows=600):
    return np.where(np.arange(rows) < rows // 3, "Chat", "Direct")


def judged(outcome, champion, challenger, names):
    report = gate_report(
        Decisions(),
        "superiority",
        "roc_auc",
        outcome,
        (challenger, 0.5),
        (champion, 0.5),
        np.arange(len(outcome)),
        pd.DataFrame({"source": names}),
        KnownAt.CONTACT,
    )
    return report.model_copy(update={"floors": {}, "chance": None})


def test_a_segment_where_the_challenger_is_surely_worse_refuses_it():
    outcome, old, new = leads(3000, noise=(1.5, 0.2))
    spoilt = np.where(np.arange(3000) < 600, 0.5, new)
    names = np.where(np.arange(3000) < 600, "Chat", "Direct")
    verdict = judge(judged(outcome, old, spoilt, names))
    assert "worst segment, source = Chat, upper bound" in verdict.reasons[0]
    assert not verdict.promote


def test_the_figure_is_the_brier_skill_whose_scale_is_the_rate_of_the_segment():
    outcome, old, new = leads()
    chat, _ = segments_of(outcome, old, new, chat_and_direct())
    rate = (outcome[:200].sum() + 1) / 202
    assert (chat.metric, chat.rows) == ("brier_skill", 200)
    assert chat.champion == pytest.approx(
        1 - brier_score_loss(outcome[:200], old[:200]) / (rate * (1 - rate))
    )
    assert chat.change == pytest.approx(chat.challenger - chat.champion)
    assert chat.lower < chat.change < chat.upper


def test_a_better_challenger_is_not_refused_for_a_segment_whose_champion_predicts_nobody():
    """207 leads with 9 positives: the champion is right there for 95.7 % because it predicts nobody."""
    random = np.random.default_rng(3)
    outcome, old, new = leads(4000, noise=(1.6, 0.3), seed=3)
    outcome[:207] = 0
    outcome[:9] = 1
    old[:207] = random.uniform(0.02, 0.06, 207)
    new[:207] = random.uniform(0.02, 0.06, 207)
    new[:5] = 0.7
    new[9:22] = 0.55
    names = np.where(np.arange(4000) < 207, "Chat", "Direct")
    report = judged(outcome, old, new, names)
    accuracy_lost = (
        ((new[:207] >= 0.5) == outcome[:207]).mean()
        - ((old[:207] >= 0.5) == outcome[:207]).mean()
    )  # fmt: skip
    assert accuracy_lost < -0.02
    assert report.gain.lower > 0.026
    assert judge(report).promote
    chat = report.segments[0]
    assert (chat.rows, chat.positives) == (207, 9)
    assert "only 9 different leads" in chat.too_small


def test_equally_good_models_are_hardly_ever_refused_for_a_segment():
    """Thirty segments, the smallest of which have some ten positives: 5 % for all of them together."""
    refused = 0
    for seed in range(100):
        outcome, old, new = leads(4500, noise=(0.6, 0.6), seed=seed, offset=-4)
        names = np.arange(4500) % 30
        changes = segments_of(outcome, old, new, names)
        refused += any(
            change.upper is not None and change.upper < -0.02
            for change in changes
        )
    assert refused <= 5


def test_small_segments_are_listed_with_the_reason_and_missing_ones_are_a_segment():
    outcome, old, new = leads()
    names = [None] * 150 + ["Chat"] * 149 + ["Direct"] * 301
    reasons = {
        change.level: change.too_small
        for change in segments_of(outcome, old, new, names)
    }
    assert reasons == {
        "(missing)": None,
        "Chat": "fewer than 150 leads",
        "Direct": None,
    }


@pytest.mark.parametrize("only", [0, 1])
def test_a_segment_of_one_outcome_is_too_small_to_say_however_many_leads_it_has(
    only,
):
    outcome, old, new = leads()
    outcome[:200] = only
    chat, _ = segments_of(outcome, old, new, chat_and_direct())
    assert (
        chat.too_small
        == "only 0 different leads of the rarer outcome, 10 are needed"
    )
    assert chat.upper is None


def test_identical_leads_are_no_independent_evidence():
    outcome, old, new = (np.repeat(values, 10) for values in leads())
    twins = np.repeat(np.arange(600), 10)
    names = chat_and_direct(6000)
    grouped = segments_of(outcome, old, new, names, twins)[0]
    once = segments_of(*leads(), chat_and_direct())[0]
    alone = segments_of(outcome, old, new, names)[0]
    assert grouped.upper - grouped.lower == pytest.approx(
        once.upper - once.lower, rel=0.02
    )
    assert alone.upper - alone.lower < 0.5 * (grouped.upper - grouped.lower)


def test_copies_of_a_few_leads_are_too_small_to_say():
    outcome, old, new = (np.repeat(values, 40) for values in leads(rows=15))
    changes = segments_of(
        outcome, old, new, ["Chat"] * 600, np.repeat(np.arange(15), 40)
    )
    assert "different leads" in changes[0].too_small


def test_more_segments_make_wider_bounds():
    outcome, old, new = leads(3000)
    two = segments_of(outcome, old, new, chat_and_direct(3000))[0]
    many = np.where(
        np.arange(3000) < 1000, "Chat", (np.arange(3000) % 10).astype(str)
    )
    eleven = next(
        change
        for change in segments_of(outcome, old, new, many)
        if change.level == "Chat"
    )
    assert eleven.change == two.change
    assert eleven.upper > two.upper


def test_the_page_lists_what_is_too_small_to_say_apart():
    outcome, old, new = leads()
    outcome[9:200] = 0
    outcome[:9] = 1
    changes = segments_of(outcome, old, new, chat_and_direct())
    record = DecisionRecord(
        verdict="keep",
        model="m",
        stage="contact",
        reasons=(),
        segments=tuple(Segment(**change.model_dump()) for change in changes),
    )
    text = decision_page(record)
    compared, too_small = text.split("Segments too small to say")
    assert "<td>Direct</td>" in compared
    assert "<td>Chat</td>" not in compared
    assert '<td class="number">9</td><td>only 9 different leads' in too_small
