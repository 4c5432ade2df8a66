"""Calibration error, deciles, segments and bootstrap intervals."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, roc_auc_score

from include.training.errors import OneClassOnlyError
from include.training.figures import (
    MISSING,
    SMALL_SEGMENTS,
    ScoresUnusableError,
    bootstrap_intervals,
    deciles,
    ece,
    full_report,
    segment_table,
    weighted_figures,
)


def scores(rows=1000, seed=0, decimals=16):
    """Outcomes drawn with the very probabilities that are given, so that the scores are calibrated."""
    random = np.random.default_rng(seed)
    probability = random.random(rows).round(decimals)
    return (random.random(rows) < probability).astype(int), probability


def test_a_model_that_says_the_rate_of_each_bin_has_no_calibration_error():
    assert ece([1, 0, 0, 0, 1, 1, 1, 0], [0.25] * 4 + [0.75] * 4) == pytest.approx(0)


def test_the_calibration_error_weighs_each_bins_gap_by_its_leads():
    assert ece([1, 1, 1, 0], [0.5, 0.5, 0.5, 0.1]) == pytest.approx(0.75 * 0.5 + 0.25 * 0.1)


def test_leads_of_one_tenth_of_the_scale_are_judged_together():
    assert ece([1, 0], [0.11, 0.19]) == pytest.approx(0.35)


def test_certainty_belongs_to_the_last_bin():
    assert ece([1, 1], [1.0, 0.95]) == pytest.approx(0.025)


def test_deciles_begin_with_the_best_scores_and_end_with_every_conversion_found():
    outcome = np.repeat([1, 0], [20, 80])
    table = deciles(outcome, np.linspace(1, 0, 100))
    assert [row["rows"] for row in table] == [10] * 10
    assert (table[0]["rate"], table[0]["lift"], table[0]["gain"]) == (1.0, 5.0, 0.5)
    assert [row["gain"] for row in table[1:]] == [1.0] * 9


def test_the_order_of_leads_with_one_score_does_not_change_the_deciles():
    outcome = np.repeat([1, 0], [50, 50])
    assert deciles(outcome, np.full(100, 0.5))[0]["rate"] == pytest.approx(0.5)
    assert deciles(outcome, np.full(100, 0.5)) == deciles(outcome[::-1], np.full(100, 0.5))


def test_fewer_leads_than_deciles_give_one_decile_each():
    assert [row["rows"] for row in deciles([1, 0, 1], [0.9, 0.2, 0.7])] == [1, 1, 1]


def test_a_segment_is_judged_on_its_own_leads():
    outcome, probability = np.tile([1, 0], 40), np.tile([0.9, 0.1], 40)
    probability[40:] = 0.5
    table = segment_table(outcome, probability, 0.5, pd.DataFrame({"origin": np.repeat(["api", "form"], 40)}))
    assert [(row["level"], row["roc_auc"], row["accuracy"]) for row in table] == [("api", 1.0, 1.0), ("form", 0.5, 0.5)]


def test_figures_that_a_segment_cannot_have_are_none():
    row = segment_table(np.zeros(40, dtype=int), np.full(40, 0.2), 0.5, pd.DataFrame({"origin": ["api"] * 40}))[0]
    assert (row["roc_auc"], row["precision"], row["recall"]) == (None, None, None)
    assert row["accuracy"] == 1.0


def test_missing_is_a_segment_and_small_levels_are_taken_together():
    levels = [None] * 50 + ["api"] * 31 + ["x"] * 29 + ["y"]
    outcome, probability = scores(111)
    table = segment_table(outcome, probability, 0.5, pd.DataFrame({"origin": levels}))
    assert [(row["level"], row["rows"]) for row in table] == [(MISSING, 50), ("api", 31), (SMALL_SEGMENTS, 30)]


@pytest.mark.parametrize("decimals", [1, 16])
def test_weighted_figures_are_those_of_scikit_learn(decimals):
    outcome, probability = scores(300, decimals=decimals)
    weights = np.random.default_rng(1).integers(0, 4, (3, 300)).astype(float)
    figures = weighted_figures(outcome, probability, 0.4, weights)
    for number, weight in enumerate(weights):
        expected = {
            "roc_auc": roc_auc_score(outcome, probability, sample_weight=weight),
            "pr_auc": average_precision_score(outcome, probability, sample_weight=weight),
            "f1": f1_score(outcome, probability >= 0.4, sample_weight=weight),
            "precision": precision_score(outcome, probability >= 0.4, sample_weight=weight),
            "ece": ece(np.repeat(outcome, weight.astype(int)), np.repeat(probability, weight.astype(int))),
        }
        assert {name: figures[name][number] for name in expected} == pytest.approx(expected)


def test_intervals_hold_the_figure_and_shrink_with_more_leads():
    few, many = (bootstrap_intervals(*scores(rows), 0.5) for rows in (200, 3200))
    outcome, probability = scores(3200)
    low, high = many["roc_auc"]
    assert low < roc_auc_score(outcome, probability) < high
    assert high - low < 0.5 * (few["roc_auc"][1] - few["roc_auc"][0])


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    outcome, probability = scores(200)
    assert bootstrap_intervals(outcome, probability, 0.5, 1) == bootstrap_intervals(outcome, probability, 0.5, 1)
    assert bootstrap_intervals(outcome, probability, 0.5, 1) != bootstrap_intervals(outcome, probability, 0.5, 2)


def test_a_single_conversion_still_has_intervals():
    intervals = bootstrap_intervals([1] + [0] * 29, np.linspace(1, 0, 30), 0.5)
    assert intervals["roc_auc"] == [1.0, 1.0]


def test_the_report_goes_through_json_unchanged():
    outcome, probability = scores(200)
    segments = pd.DataFrame({"origin": np.tile(["api", None], 100)})
    report = full_report(outcome, probability, 0.5, segments)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert {"roc_auc", "ece", "top_decile_precision", "top_decile_lift"} <= set(report["metrics"])
    for name, (low, high) in report["intervals"].items():
        assert low <= report["metrics"][name] <= high, name


@pytest.mark.parametrize(
    ("probability", "reason"),
    [([0.1, np.nan], "1 of 2"), ([0.1, 1.5], "1 of 2"), ([0.1], "do not match"), ([[0.1], [0.2]], "do not match")],
)
def test_scores_that_cannot_be_judged_are_refused(probability, reason):
    with pytest.raises(ScoresUnusableError, match=reason):
        full_report([0, 1], probability, 0.5, pd.DataFrame(index=range(2)))


def test_one_outcome_only_is_refused():
    with pytest.raises(OneClassOnlyError, match="all 2 leads"):
        full_report([1, 1], [0.2, 0.3], 0.5, pd.DataFrame(index=range(2)))


def test_segments_of_other_leads_are_refused():
    with pytest.raises(ScoresUnusableError, match="3 rows of segments"):
        full_report([0, 1], [0.2, 0.3], 0.5, pd.DataFrame(index=range(3)))
