"""The full report on one model."""

import json

import numpy as np
import pandas as pd
import pytest

from include.evaluation.errors import OneClassOnlyError, ScoresUnusableError
from include.evaluation.figures import full_report


def scores(rows):
    """Outcomes drawn with the very probabilities that are given, so that the scores are calibrated."""
    random = np.random.default_rng(0)
    probability = random.random(rows)
    return (random.random(rows) < probability).astype(int), probability


def test_the_report_goes_through_json_unchanged():
    outcome, probability = scores(200)
    segments = pd.DataFrame({"origin": np.tile(["api", None], 100)})
    report = full_report(outcome, probability, 0.5, segments)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert {"roc_auc", "ece", "top_decile_precision", "top_decile_lift"} <= set(
        report["metrics"]
    )
    for name, (low, high) in report["intervals"].items():
        assert low <= report["metrics"][name] <= high, name


def test_scores_that_cannot_be_judged_have_no_report():
    with pytest.raises(ScoresUnusableError, match="1 of 2"):
        full_report([0, 1], [0.1, np.nan], 0.5, pd.DataFrame(index=range(2)))
    with pytest.raises(OneClassOnlyError, match="all 2 leads"):
        full_report([1, 1], [0.2, 0.3], 0.5, pd.DataFrame(index=range(2)))


def test_segments_of_other_leads_are_refused():
    with pytest.raises(ScoresUnusableError, match="3 rows of segments"):
        full_report([0, 1], [0.2, 0.3], 0.5, pd.DataFrame(index=range(3)))
