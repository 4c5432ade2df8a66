"""One word of a rep on a score, kept as an object and read back."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from include.contract.derived.ddl import feedback_columns
from include.contract.model import SCORING_STAGES
from include.feedback.errors import FeedbackRefusedError
from include.feedback.verdicts import Feedback, Stage, keep, parse, said
from include.lake.objects import list_objects, read_json
from tests.s3_text import read_text

NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)
SAID = {
    "lead": "a-1",
    "rep": "asha",
    "verdict": "too_low",
    "model_version": "7",
    "stage": "contact",
    "outcome": 1,
}
SAID |= {"comment": "she has paid"}
WORD = Feedback(**SAID, given_at=NOW)


def changed(**values):
    return said(SAID | values, NOW)


def test_what_is_kept_is_read_back_as_it_was(layout):
    name = keep(WORD, layout)
    assert parse(read_text(f"{layout.feedback}{name}.json")) == WORD


def test_the_same_word_again_is_the_same_object_with_the_newer_moment(layout):
    keep(WORD, layout)
    keep(said(SAID, datetime(2026, 2, 2, 9, tzinfo=UTC)), layout)
    (uri,) = list_objects(layout.feedback)
    assert read_json(uri)["given_at"] == "2026-02-02T09:00:00+00:00"


def test_moments_are_kept_in_utc(layout):
    name = keep(
        said(
            SAID,
            datetime(2026, 2, 1, 14, 30, tzinfo=timezone(timedelta(hours=5.5))),
        ),
        layout,
    )
    assert (
        read_json(f"{layout.feedback}{name}.json")["given_at"]
        == "2026-02-01T09:00:00+00:00"
    )


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"lead": ""}, "lead: .*at least 1 character"),
        ({"rep": "   "}, "rep: .*match pattern"),
        ({"rep": "r" * 65}, "rep: .*at most 64"),
        ({"model_version": ""}, "model_version: .*match pattern"),
        ({"verdict": "wrong"}, "verdict: .*'right', 'too_high' or 'too_low'"),
        ({"stage": "later"}, "stage: .*'capture', 'engagement' or 'contact'"),
        ({"outcome": 2}, "outcome: .*less than or equal to 1"),
        ({"outcome": True}, "outcome: .*valid integer"),
        ({"outcome": "1"}, "outcome: .*valid integer"),
        ({"comment": None}, "comment: .*valid string"),
        ({"comment": "a\0b"}, "comment: .*match pattern"),
        ({"comment": "\ud800"}, "comment: .*unicode"),
        ({"comment": "c" * 1001}, "comment: .*at most 1000"),
        ({"given_at": "2026-02-01"}, "given_at: Extra inputs"),
    ],
)
def test_a_value_that_is_none_is_refused_by_its_field(values, problem):
    with pytest.raises(FeedbackRefusedError, match=f"^{problem}"):
        changed(**values)


def test_all_that_is_wrong_is_named_up_to_a_hundred_fields():
    with pytest.raises(FeedbackRefusedError) as refused:
        changed(
            lead="", outcome=3, **{f"more {number}": 1 for number in range(500)}
        )
    assert {"lead", "outcome", "more 0"} <= {
        problem["field"] for problem in refused.value.problems
    }
    assert len(refused.value.problems) == 100


def test_the_longest_texts_fit_into_the_table(contract):
    widest = changed(
        lead="😀" * 250,
        rep="😀" * 64,
        model_version="9" * 9,
        stage="engagement",
        comment="😀" * 1000,
    )
    columns = dict(feedback_columns(contract))
    for column, text in {
        contract.key: widest.lead,
        "id": widest.id,
        **widest.model_dump(),
    }.items():
        if isinstance(text, str) and column in columns:
            width = int(columns[column].split("(")[1].split(")")[0])
            assert len(text.encode()) <= width, column


def test_the_stages_are_those_of_the_contract():
    assert get_args(Stage) == tuple(SCORING_STAGES)


def test_the_same_word_on_scores_of_two_stages_is_two_and_without_a_stage_its_id_is_what_it_always_was():
    assert (
        len({changed(stage=stage).id for stage in (None, "capture", "contact")})
        == 3
    )
    assert changed(stage=None).id == "c4355692b3fe53151593dbff338f32c0"


def text_of(**values):
    content = (
        SAID | {"id": WORD.id, "given_at": WORD.given_at.isoformat()} | values
    )
    return json.dumps(
        {name: value for name, value in content.items() if value != "gone"}
    )


def test_an_object_of_before_there_were_stages_is_read():
    old = changed(stage=None)
    assert parse(text_of(stage="gone", id=old.id)) == old


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Invalid JSON"),
        ("[" * 100_000, "Invalid JSON"),
        ("[]", "should be an object"),
        (text_of(lead="gone"), "lead: Field required"),
        (text_of(given_at="gone"), "given_at: Field required"),
        (text_of(extra=1), "extra: Extra inputs"),
        (text_of(given_at="yesterday"), "given_at: .*valid datetime"),
        (text_of(given_at=5), "given_at: .*valid datetime"),
        (text_of(given_at="2026-02-01T09:00:00"), "given_at: .*timezone"),
        (text_of(lead={"a": 1}), "lead: .*valid string"),
        (text_of(lead="a-2"), "id: is not that of what it says"),
        (text_of(stage="gone"), "id: is not that of what it says"),
        (text_of(id=5), "id: .*valid string"),
    ],
)
def test_any_other_text_is_refused_with_a_reason(text, problem):
    with pytest.raises(FeedbackRefusedError, match=problem):
        parse(text)


def test_the_same_word_of_another_caller_is_another_object(layout):
    callers = (None, "crm", "desk")
    ids = {keep(said(SAID, NOW, caller), layout) for caller in callers}
    assert len(ids) == 3
    kept = [read_json(uri) for uri in list_objects(layout.feedback)]
    assert {content["said_by"] for content in kept} == set(callers)
    assert said(SAID, NOW).id == WORD.id


def test_a_caller_cannot_name_another_in_what_it_says():
    with pytest.raises(FeedbackRefusedError, match="said_by"):
        changed(said_by="desk")
