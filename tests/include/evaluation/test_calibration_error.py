"""The expected calibration error, counted by hand."""

import pytest

from include.evaluation.calibration_error import ece


def test_a_model_that_says_the_rate_of_each_bin_has_no_calibration_error():
    assert ece(
        [1, 0, 0, 0, 1, 1, 1, 0], [0.25] * 4 + [0.75] * 4
    ) == pytest.approx(0)


def test_the_calibration_error_weighs_each_bins_gap_by_its_leads():
    assert ece([1, 1, 1, 0], [0.5, 0.5, 0.5, 0.1]) == pytest.approx(
        0.75 * 0.5 + 0.25 * 0.1
    )


def test_leads_of_one_tenth_of_the_scale_are_judged_together():
    assert ece([1, 0], [0.11, 0.19]) == pytest.approx(0.35)


def test_certainty_belongs_to_the_last_bin():
    assert ece([1, 1], [1.0, 0.95]) == pytest.approx(0.025)
