"""One word of a rep on a score, kept as an object and read back."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from include.lake.objects import list_objects, read_json, read_text
from include.serving.feedback import LONGEST, Feedback, FeedbackRefused, check, keep, parse

WORD = Feedback("a-1", "asha", "too_low", "7", 1, "she has paid", datetime(2026, 2, 1, 9, tzinfo=UTC))


def changed(**values):
    return dataclasses.replace(WORD, **values)


def test_what_is_kept_is_read_back_as_it_was(layout):
    name = keep(WORD, layout)
    assert parse(read_text(f"{layout.feedback}{name}.json")) == WORD


def test_the_same_word_again_is_the_same_object_with_the_newer_moment(layout):
    keep(WORD, layout)
    keep(changed(given_at=datetime(2026, 2, 2, 9, tzinfo=UTC)), layout)
    (uri,) = list_objects(layout.feedback)
    assert read_json(uri)["given_at"] == "2026-02-02T09:00:00+00:00"


def test_moments_are_kept_in_utc(layout):
    name = keep(changed(given_at=datetime(2026, 2, 1, 14, 30, tzinfo=timezone(timedelta(hours=5.5)))), layout)
    assert read_json(f"{layout.feedback}{name}.json")["given_at"] == "2026-02-01T09:00:00+00:00"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"lead": ""}, "lead must not be empty"),
        ({"rep": "   "}, "rep must not be empty"),
        ({"model_version": ""}, "model_version must not be empty"),
        ({"verdict": "wrong"}, "verdict must be one of right, too_high, too_low"),
        ({"outcome": 2}, "outcome must be 1"),
        ({"outcome": True}, "outcome must be 1"),
        ({"outcome": "1"}, "outcome must be 1"),
        ({"comment": None}, "comment must be text"),
        ({"comment": "a\0b"}, "null character"),
        ({"comment": "\ud800"}, "half a character"),
        ({"comment": "ü" * 2049}, "comment is 4098 bytes long, 4096 fit"),
        ({"given_at": datetime(2026, 2, 1)}, "time zone"),
    ],
)
def test_what_the_table_cannot_hold_is_refused_and_not_stored(layout, values, problem):
    with pytest.raises(FeedbackRefused, match=problem):
        keep(changed(**values), layout)
    assert list_objects(layout.feedback) == []


def test_the_longest_texts_pass():
    check(changed(lead="l" * LONGEST["lead"], rep="ü" * 128, comment="c" * LONGEST["comment"]))


def text_of(**values):
    content = dataclasses.asdict(WORD) | {"id": WORD.id, "given_at": WORD.given_at.isoformat()} | values
    return json.dumps({name: value for name, value in content.items() if value != "gone"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "must be an object with"),
        (text_of(comment="gone"), "must be an object with"),
        (text_of(extra=1), "must be an object with"),
        (text_of(given_at="yesterday"), "given_at is no moment"),
        (text_of(given_at=5), "given_at is no moment"),
        (text_of(lead={"a": 1}), "lead must be text"),
        (text_of(lead="a-2"), "the id is not that of what it says"),
        (text_of(id=5), "the id is not that of what it says"),
    ],
)
def test_any_other_text_is_refused_with_a_reason(text, problem):
    with pytest.raises(FeedbackRefused, match=problem):
        parse(text)
