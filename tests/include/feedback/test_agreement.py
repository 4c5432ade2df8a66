"""How far reps agree with models and with each other."""

import pytest

from include.feedback.agreement import agreement


def rep(
    name,
    right=0,
    too_high=0,
    too_low=0,
    version="7",
    stage="contact",
    judged=0,
    borne_out=0,
):
    counts = {
        "called_right": right,
        "too_high": too_high,
        "too_low": too_low,
        "judged": judged,
        "borne_out": borne_out,
    }
    return {
        "stage": stage,
        "model_version": version,
        "rep": name,
        "flags": right + too_high + too_low,
        **counts,
    }


def test_a_rep_counts_once_however_many_flags_they_give():
    (found,) = agreement(
        [
            rep("flooder", too_high=1000),
            rep("asha", right=1),
            rep("ben", right=2),
        ],
        [],
    )
    assert (found["reps"], found["flags"]) == (3, 1003)
    assert found["right"] == pytest.approx(2 / 3)
    assert found["too_high"] == pytest.approx(1 / 3)
    assert found["loudest"] == pytest.approx(1000 / 1003)


def test_borne_out_is_a_mean_over_reps_whose_flags_have_outcomes():
    rows = [
        rep("asha", too_high=4, judged=2, borne_out=1),
        rep("ben", too_low=9, judged=1, borne_out=1),
    ]
    (found,) = agreement([*rows, rep("chen", right=5)], [])
    assert found["borne_out"] == pytest.approx(0.75)


def test_without_outcomes_or_pairs_nothing_is_said_of_them():
    (found,) = agreement([rep("asha", right=1)], [])
    assert (found["borne_out"], found["reps_agree"]) == (None, None)


def test_reps_agree_in_the_share_of_pairs_who_said_the_same():
    pairs = [
        {"stage": "contact", "model_version": "7", "pairs": 4, "agreeing": 3}
    ]
    assert agreement([rep("asha", right=1)], pairs)[0]["reps_agree"] == 0.75
    pairs[0] |= {"pairs": 0, "agreeing": 0}
    assert agreement([rep("asha", right=1)], pairs)[0]["reps_agree"] is None


def test_versions_of_two_stages_are_two_models_and_the_newest_comes_first():
    rows = [
        rep("a", right=1, version=version, stage=stage)
        for version, stage in (("9", "contact"), ("10", "contact"))
    ]
    rows += [
        rep("a", right=1, version="9", stage="capture"),
        rep("a", right=1, version="gone", stage=None),
    ]
    found = [
        (one["stage"], one["model_version"]) for one in agreement(rows, [])
    ]
    assert found == [
        ("contact", "10"),
        ("contact", "9"),
        ("capture", "9"),
        (None, "gone"),
    ]


def test_without_feedback_there_is_no_model_to_speak_of():
    assert agreement([], []) == []
