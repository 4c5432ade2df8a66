"""Each kind of feature on a few rows, with the value worked out by hand."""

import pandas as pd
import pytest

from tests.include.asof.conftest import MOMENT, events, leads

CALLS = "{source: crm, where: {action: [call, meeting]}}"


def crm(*rows: tuple[object, ...]) -> dict[str, pd.DataFrame]:
    """Rows of when it occurred, when it arrived, action and amount, all of the lead a."""
    with_lead = [("a", *row) for row in rows]
    return {"crm": events(with_lead, "action", "amount", "channel")}


def of(occurred: str, action: str | None = "call", **more: object) -> tuple:
    return (
        occurred,
        more.get("arrived"),
        action,
        more.get("amount"),
        more.get("channel"),
    )


def test_events_that_fit_are_counted_and_others_are_not(compute):
    sources = crm(
        of("2024-03-02"), of("2024-03-03", "meeting"), of("2024-03-04", "mail")
    )
    assert compute(
        f"[{{name: contacts, kind: count, events: {CALLS}}}]", sources
    ) == [2]


def test_an_event_counts_only_if_it_had_occurred_and_had_arrived(compute):
    sources = crm(
        of("2024-03-02"),
        of("2024-03-02", arrived="2024-03-10 12:00:00.000001"),
        of("2024-03-10 12:00:00.000001", arrived="2024-03-02"),
    )
    assert compute(
        f"[{{name: contacts, kind: count, events: {CALLS}}}]", sources
    ) == [1]


def test_an_event_at_the_very_moment_counts(compute):
    assert compute(
        f"[{{name: contacts, kind: count, events: {CALLS}}}]", crm(of(MOMENT))
    ) == [1]


def test_a_clock_that_runs_behind_changes_nothing_once_both_times_are_past(
    compute,
):
    sources = crm(of("2024-03-09", arrived="2024-03-08"))
    assert compute(
        f"[{{name: contacts, kind: count, events: {CALLS}}}]", sources
    ) == [1]


def test_an_event_without_a_time_is_not_used(compute):
    sources = crm(of("2024-03-02"), of(None, arrived="2024-03-02"))
    assert compute(
        f"[{{name: contacts, kind: count, events: {CALLS}}}]", sources
    ) == [1]


def test_an_event_without_a_level_fits_no_filter(compute):
    sources = crm(of("2024-03-02", None))
    assert compute(
        f"[{{name: contacts, kind: count, events: {CALLS}}}]", sources
    ) == [0]
    assert compute(
        "[{name: contacts, kind: count, events: {source: crm}}]", sources
    ) == [1]


def test_a_window_before_the_moment_is_open_at_its_beginning(compute):
    sources = crm(
        of("2024-03-03 12:00"),
        of("2024-03-03 12:00:00.000001"),
        of("2024-03-10 12:00"),
    )
    text = f"[{{name: recent, kind: count, events: {CALLS}, window: {{before: 7 days}}}}]"
    assert compute(text, sources) == [2]


def test_a_window_from_the_creation_is_open_at_its_end(compute):
    sources = crm(
        of("2024-03-01 11:59"),
        of("2024-03-01 12:00"),
        of("2024-03-08 11:59"),
        of("2024-03-08 12:00"),
    )
    text = f"[{{name: first_week, kind: count, events: {CALLS}, window: {{first: 7 days, after: creation}}}}]"
    assert compute(text, sources) == [2]


def test_a_window_without_a_start_has_no_value(compute):
    rows = leads(("a", "contact", MOMENT, None))
    text = f"[{{name: first_week, kind: count, events: {CALLS}, window: {{first: 7 days, after: creation}}}}]"
    assert compute(text, crm(of("2024-03-02")), rows) == [None]


def test_a_window_may_begin_with_the_first_event_of_another_source(compute):
    sources = crm(
        of("2024-03-02"), of("2024-03-05"), of("2024-03-07", "meeting")
    )
    mails = [("a", "2024-03-04", None), ("a", "2024-03-06", None)]
    text = f"""
    - name: after_mail
      kind: count
      events: {CALLS}
      window: {{first: 2 days, after: {{source: mail}}}}
    """
    assert compute(text, {**sources, "mail": events(mails)}) == [1]
    assert compute(text, {**sources, "mail": events([])}) == [None]


def test_29_february_is_a_day_like_others(compute):
    sources = crm(of("2024-02-28 12:00"), of("2024-02-29 12:00"))
    rows = leads(
        ("a", "capture", "2024-03-01 12:00", None),
        ("a", "contact", "2024-03-02 12:00", None),
    )
    last = f"[{{name: days, kind: days_since_last, events: {CALLS}}}]"
    assert compute(last, sources, rows) == [1.0, 2.0]
    recent = f"[{{name: recent, kind: count, events: {CALLS}, window: {{before: 2 days}}}}]"
    assert compute(recent, sources, rows) == [1, 0]


def test_amounts_are_summed_up_without_those_that_are_missing(compute):
    amounts = [0.1] * 10 + [None]
    sources = crm(*[of("2024-03-02", amount=amount) for amount in amounts])
    text = "[{name: spent, kind: sum, events: {source: crm}, column: amount}]"
    assert compute(text, sources) == [1.0]


def test_amounts_that_are_no_numbers_or_too_large_count_nothing(compute):
    amounts = [2.5, float("inf"), 1e13, -3.0]
    sources = crm(*[of("2024-03-02", amount=amount) for amount in amounts])
    text = "[{name: spent, kind: sum, events: {source: crm}, column: amount}]"
    assert compute(text, sources) == [-0.5]


def test_different_values_are_counted_once(compute):
    channels = ["web", "mail", "web", None]
    sources = crm(
        *[of("2024-03-02", channel=channel) for channel in channels],
        of("2024-03-11", channel="phone"),
    )
    text = "[{name: channels, kind: count_distinct, events: {source: crm}, column: channel}]"
    assert compute(text, sources) == [2]


def test_days_since_the_last_event_have_a_fraction(compute):
    sources = crm(of("2024-03-02"), of("2024-03-09 00:00"))
    text = f"[{{name: days, kind: days_since_last, events: {CALLS}}}]"
    assert compute(text, sources) == [1.5]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("2024-03-04 12:00", 1),
        ("2024-03-04 12:00:00.000001", 0),
        ("2024-03-02 12:00", 1),
        ("2024-03-02 11:59", 0),
        (None, 0),
    ],
    ids=["at the end", "too late", "at once", "before it", "never"],
)
def test_an_answer_counts_within_48_hours_of_the_first_outreach(
    compute, answer, expected
):
    rows = [
        of("2024-03-02 12:00", "outreach"),
        of("2024-03-05 12:00", "outreach"),
    ]
    if answer:
        rows.append(of(answer, "answer"))
    assert compute(ANSWERED, crm(*rows)) == [expected]


ANSWERED = """
- name: answered
  kind: happened_within
  events: {source: crm, where: {action: answer}}
  after: {source: crm, where: {action: outreach}}
  within: 48 hours
"""


def test_an_answer_that_may_still_come_has_no_value(compute):
    assert compute(ANSWERED, crm(of("2024-03-08 12:00", "outreach"))) == [None]
    assert compute(ANSWERED, crm(of("2024-03-08 11:59", "outreach"))) == [0]


def test_without_an_outreach_there_is_nothing_to_answer(compute):
    assert compute(ANSWERED, crm(of("2024-03-08 12:00", "answer"))) == [None]


def test_something_may_happen_within_hours_of_the_creation(compute):
    text = ANSWERED.replace(
        "{source: crm, where: {action: outreach}}", "creation"
    )
    assert compute(text, crm(of("2024-03-02", "answer"))) == [1]
    assert compute(text, crm(of("2024-03-04", "answer"))) == [0]


def test_first_and_last_value_are_of_events_that_have_one(compute):
    sources = crm(
        of("2024-03-02"),
        of("2024-03-03", channel="web"),
        of("2024-03-04", channel="mail"),
        of("2024-03-05"),
        of("2024-03-11", channel="phone"),
    )
    first = "[{name: first, kind: first_value, events: {source: crm}, column: channel}]"
    last = "[{name: last, kind: last_value, events: {source: crm}, column: channel}]"
    assert compute(first, sources) == ["web"]
    assert compute(last, sources) == ["mail"]


def test_at_the_same_time_arrival_decides_and_then_the_value(compute):
    same = "2024-03-02"
    sources = crm(
        of(same, arrived="2024-03-03", channel="b"),
        of(same, arrived="2024-03-04", channel="a"),
        of(same, arrived="2024-03-04", channel="c"),
    )
    first = "[{name: first, kind: first_value, events: {source: crm}, column: channel}]"
    last = "[{name: last, kind: last_value, events: {source: crm}, column: channel}]"
    assert compute(first, sources) == ["b"]
    assert compute(last, sources) == ["c"]
    reversed_rows = {"crm": sources["crm"].iloc[::-1]}
    assert compute(first, reversed_rows) == ["b"]
    assert compute(last, reversed_rows) == ["c"]


def test_a_last_value_may_be_a_number(compute):
    sources = crm(of("2024-03-02", amount=2.5), of("2024-03-03", amount=-1))
    text = "[{name: last, kind: last_value, events: {source: crm}, column: amount, type: number}]"
    assert compute(text, sources) == [-1.0]


def accounts(*rows: tuple[object, ...]) -> dict[str, pd.DataFrame]:
    """Rows of lead, from when the value holds, when it arrived, and the value."""
    return {"accounts": events(rows, "industry")}


INDUSTRY = "[{name: industry, kind: value_as_it_was, of: {source: accounts, column: industry}}]"


def test_a_value_is_as_it_was_and_not_as_it_was_filled_in_later(compute):
    sources = accounts(
        ("a", "2024-03-01", None, "retail"),
        ("a", "2024-03-05", "2024-03-09", "fintech"),
        ("a", "2024-03-06", "2024-04-01", "energy"),
    )
    rows = leads(
        ("a", "capture", "2024-03-08", None),
        ("a", "contact", "2024-03-10", None),
    )
    assert compute(INDUSTRY, sources, rows) == ["retail", "fintech"]


def test_a_value_that_was_removed_is_missing(compute):
    sources = accounts(
        ("a", "2024-03-01", None, "retail"), ("a", "2024-03-05", None, None)
    )
    assert compute(INDUSTRY, sources) == [None]


def test_a_correction_of_the_past_does_not_replace_a_later_value(compute):
    sources = accounts(
        ("a", "2024-03-05", None, "fintech"),
        ("a", "2024-03-01", "2024-03-09", "retail"),
    )
    assert compute(INDUSTRY, sources) == ["fintech"]


def test_a_lead_without_events_has_zeros_and_nothing_else(compute):
    empty = {"crm": events([], "action", "amount", "channel")}
    assert compute(
        "[{name: n, kind: count, events: {source: crm}}]", empty
    ) == [0]
    assert compute(
        "[{name: n, kind: sum, events: {source: crm}, column: amount}]", empty
    ) == [0.0]
    assert compute(
        "[{name: n, kind: count_distinct, events: {source: crm}, column: action}]",
        empty,
    ) == [0]
    assert compute(
        "[{name: n, kind: days_since_last, events: {source: crm}}]", empty
    ) == [None]
    assert compute(
        "[{name: n, kind: last_value, events: {source: crm}, column: action}]",
        empty,
    ) == [None]
    assert compute(INDUSTRY, accounts()) == [None]


def test_events_of_nobody_and_of_others_belong_to_nobody_here(compute):
    rows = [
        ("a", "2024-03-02", None),
        ("b", "2024-03-02", None),
        (None, "2024-03-02", None),
    ]
    assert compute(
        "[{name: n, kind: count, events: {source: mail}}]",
        {"mail": events(rows)},
    ) == [1]


def test_each_stage_of_a_lead_has_its_own_moment(compute):
    rows = leads(
        ("a", "contact", "2024-03-20", None),
        ("b", "capture", "2024-03-20", None),
        ("a", "capture", "2024-03-03", None),
    )
    mails = [("a", "2024-03-02", None), ("a", "2024-03-04", None)]
    text = "[{name: n, kind: count, events: {source: mail}}]"
    assert compute(text, {"mail": events(mails)}, rows) == [2, 0, 1]


def test_levels_may_hold_any_sign_that_can_be_printed(compute):
    levels = ["it's", "back\\slash", "${spark.app.name}", "Ärger", "'", ""]
    sources = crm(*[of("2024-03-02", level) for level in levels])
    for level in levels:
        quoted = level.replace("'", "''")
        text = f"[{{name: n, kind: count, events: {{source: crm, where: {{action: '{quoted}'}}}}}}]"
        assert compute(text, sources) == [1], level
