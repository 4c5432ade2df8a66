"""Pictures of a decision."""

import pytest

from include.promotion.gate_plots import gain_plot, segment_plot
from include.promotion.gate_report import Change
from include.promotion.record import Segment

GAIN = Change(metric="roc_auc", value=0.002, lower=0.0005, upper=0.004)


def segment(level, change):
    return Segment(
        field="channel",
        level=level,
        rows=200,
        challenger=0.9 + change,
        champion=0.9,
        change=change,
    )


@pytest.mark.parametrize(
    "draw",
    [
        lambda: gain_plot(GAIN, 0.0),
        lambda: segment_plot([segment("web", -0.01)]),
    ],
)
def test_the_same_decision_gives_the_same_picture(draw):
    assert draw() == draw()
    assert draw().startswith(b"\x89PNG")


def test_a_bound_that_is_missed_looks_different_from_one_that_is_met():
    assert gain_plot(GAIN, 0.0) != gain_plot(GAIN, 0.001)


def test_only_the_segments_that_lost_most_are_drawn():
    many = [segment(str(number), number / 1000) for number in range(40)]
    assert segment_plot(many) == segment_plot(many[:25])
