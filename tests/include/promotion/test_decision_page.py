"""The page of a gate's decision, made from its record."""

import pytest

from include.lake.errors import ObjectMissingError
from include.lake.objects import write_json
from include.promotion.decision_page import (
    decision_page,
    side_by_side,
    write_decision_page,
)
from include.promotion.record import DecisionRecord, Figures
from tests.s3_text import read_text


def shown(record):
    """The page of a record in JSON."""
    return decision_page(DecisionRecord.model_validate(record))


def record(**changes):
    return {
        "decision_id": "master__r1/contact",
        "decided_at": "2026-02-03T04:29:00+00:00",
        "verdict": "keep",
        "rule": "superiority",
        "why_rule": "no confirmed drift, and the champion is 9 days old",
        "mode": "enabled",
        "model": "winner",
        "stage": "contact",
        "version": "4",
        "champion_version": "3",
        "reasons": ["gain in roc_auc, 95 % lower bound: -0.0010 is not > 0.0000"],
        "rules": [
            {"name": "gain in roc_auc, lower bound", "value": -0.001, "bound": 0.0, "strict": True, "passed": False},
            {"name": "accuracy", "value": 0.95, "bound": 0.9, "strict": False, "passed": True},
        ],
        "metrics": {
            "challenger": {"roc_auc": 0.9861, "brier": 0.0391},
            "champion": {"roc_auc": 0.9850, "brier": 0.0380},
        },
        "gain": {"metric": "roc_auc", "value": 0.0011, "lower": -0.001, "upper": 0.0032},
        "segments": [
            {"field": "channel", "level": "Online", "rows": 812, "metric": "roc_auc", "challenger": 0.98,
             "champion": 0.97, "change": 0.01},
            {"field": "channel", "level": "<script>", "rows": 160, "metric": "accuracy", "challenger": 0.90,
             "champion": 0.93, "change": -0.03},
        ],
        "report": {},
        "holdout_rows": 1848,
        "snapshot": {"uri": "s3://leads/snapshot/", "rows": 9240, "sha256": "abc"},
        "approval": None,
        **changes,
    }  # fmt: skip


def test_the_page_needs_no_other_file_and_shows_both_pictures():
    text = shown(record())
    assert text.count("data:image/png;base64,") == 2
    assert "http" not in text
    assert "<link" not in text


def test_every_rule_stands_with_its_figure_its_bound_and_whether_it_passed():
    text = " ".join(shown(record()).split())
    assert (
        '"bad">fail</td><td>gain in roc_auc, lower bound</td> <td class="number">-0.0010</td>'
        in text
    )
    assert '<td class="number">&gt; 0.0000</td>' in text
    assert (
        '"good">pass</td><td>accuracy</td> <td class="number">0.9500</td><td class="number">≥ 0.9000</td>'
        in text
    )


def test_the_models_stand_side_by_side_and_of_brier_less_is_better():
    figures = side_by_side(Figures(**record()["metrics"]))
    rows = {
        row.name: (row.challenger, row.champion, row.kind) for row in figures
    }
    assert rows == {
        "roc_auc": (0.9861, 0.9850, "good"),
        "brier": (0.0391, 0.0380, "bad"),
    }


def test_leads_that_the_champion_had_learnt_from_are_counted():
    assert "12 leads of the holdout were left out" in shown(
        record(left_out_rows=12)
    )
    assert "left out" not in shown(record(left_out_rows=0))


def test_the_verdict_and_its_reasons_come_first():
    text = shown(record())
    assert (
        text.index("the challenger did not pass the gate")
        < text.index("is not &gt; 0.0000")
        < text.index("Rules")
    )


def test_the_segment_that_lost_most_stands_first_and_its_name_is_text():
    text = shown(record())
    assert "<script>" not in text
    assert text.index("<td>&lt;script&gt;") < text.index("<td>Online")


def test_the_gain_stands_with_both_bounds():
    assert "+0.0011; one-sided 95 % bounds -0.0010 and\n+0.0032" in shown(
        record()
    )


def test_an_approver_is_named():
    answer = {
        "asked_at": "09:00",
        "answered_at": "10:00",
        "by": "jane",
        "choice": "Approve",
    }
    assert "Asked at 09:00. Approve, by\njane, at 10:00." in shown(
        record(approval=answer, mode="approval")
    )


def test_a_question_that_nobody_answered_in_time_is_shown_as_such():
    answer = {
        "asked_at": "09:00",
        "answered_at": None,
        "by": None,
        "choice": "Reject",
    }
    assert "nobody in time" in shown(record(approval=answer, mode="approval"))


def test_a_first_model_has_a_page_without_a_champion():
    first = record(
        verdict="promote", rule="first", champion_version=None, gain=None, segments=[],
        metrics={"challenger": {"roc_auc": 0.98}, "champion": None},
    )  # fmt: skip
    text = shown(first)
    assert "No champion to compare with." in text
    assert "data:image/png" not in text


def test_a_first_model_says_on_how_few_leads_it_was_judged_and_how_sure_that_is():
    first = record(
        verdict="promote", rule="first", champion_version=None, gain=None, segments=[], holdout_rows=310,
        holdout_positives=118, metrics={"challenger": {"roc_auc": 0.99}, "champion": None},
        interval={"metric": "roc_auc", "value": 0.99, "lower": 0.9801, "upper": 0.9952},
    )  # fmt: skip
    text = " ".join(shown(first).split())
    assert (
        "The first champion of this stage was judged on 310 leads, 118 of which converted. On so many leads the "
        "challenger's roc_auc of 0.9900 lies between 0.9801 and 0.9952 (each end one-sided 95 %)."
    ) in text


def test_a_record_from_before_intervals_has_a_page():
    assert "judged on" not in shown(record(rule="first")).lower()


def test_a_rollback_has_a_page_with_what_it_knows():
    rollback = {
        "decision_id": "promote__r1/contact", "decided_at": "2026-02-03", "verdict": "rollback", "model": "winner",
        "stage": "contact", "version": "3", "champion_version": "4", "reasons": ["asked for by hand"],
    }  # fmt: skip
    text = shown(rollback)
    assert "this version serves again" in text
    assert "asked for by hand" in text
    assert "Gain" not in text


def test_the_page_lies_beside_its_record(bucket):
    uri = f"s3://{bucket}/reports/gate/r1/contact.json"
    write_json(uri, record())
    assert (
        write_decision_page(uri)
        == f"s3://{bucket}/reports/gate/r1/contact.html"
    )
    assert uri in read_text(f"s3://{bucket}/reports/gate/r1/contact.html")


def test_a_second_page_of_a_record_that_was_answered_replaces_the_first(bucket):
    uri = f"s3://{bucket}/reports/gate/r1/contact.json"
    write_json(uri, record(mode="approval"))
    assert "No person was asked so far" in read_text(write_decision_page(uri))
    write_json(
        uri,
        record(
            mode="approval",
            approval={
                "asked_at": "1",
                "answered_at": "2",
                "by": "jo",
                "choice": "Reject",
            },
        ),
    )
    assert "Reject, by\njo" in read_text(write_decision_page(uri))


def test_a_record_that_is_not_there_is_named(bucket):
    with pytest.raises(ObjectMissingError, match="contact.json"):
        write_decision_page(f"s3://{bucket}/reports/gate/r1/contact.json")
