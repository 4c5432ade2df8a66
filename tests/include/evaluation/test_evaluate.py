"""Figures of a model, checked by hand."""

import pytest

from include.evaluation.errors import OneClassOnlyError
from include.evaluation.evaluate import evaluate_classification_model


def test_the_figures_of_a_small_case_are_those_counted_by_hand():
    figures = evaluate_classification_model(
        [1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1], threshold=0.5
    )
    assert figures == pytest.approx(
        {
            "accuracy": 0.5,
            "precision": 0.5,
            "recall": 0.5,
            "f1": 0.5,
            "roc_auc": 0.75,
            "pr_auc": 0.5 * 1 + 0.5 * 2 / 3,
            "brier": (0.01 + 0.36 + 0.36 + 0.01) / 4,
        }
    )


def test_the_threshold_itself_counts_as_a_conversion():
    assert (
        evaluate_classification_model([1, 0], [0.5, 0.4], threshold=0.5)[
            "accuracy"
        ]
        == 1.0
    )


def test_a_model_that_predicts_nobody_has_precision_zero():
    assert (
        evaluate_classification_model([1, 0], [0.2, 0.1], threshold=0.5)[
            "precision"
        ]
        == 0.0
    )


def test_one_outcome_only_is_a_named_error():
    with pytest.raises(OneClassOnlyError, match="all 2 leads"):
        evaluate_classification_model([1, 1], [0.2, 0.1], threshold=0.5)
