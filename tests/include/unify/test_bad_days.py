"""What becomes of days on which a source fails: outages, wrong clocks, records that are merged or come late."""

import pytest

from include.contract.model import KnownAt
from include.monitoring.columns.outage import find_outages
from tests.include.unify.helpers import (
    CONTRACT,
    call,
    day,
    leads_of,
    micros,
    order,
    person,
    unified,
)

A = "a@example.com"
B = "b@example.com"
HOUR = 1 / 24


def outages(reference, current):
    columns = CONTRACT.features(KnownAt.CONTACT)
    return {
        outage.column: outage.kind
        for outage in find_outages(
            reference.leads.to_pandas(), current.leads.to_pandas(), columns, 0.5
        )
    }


def leads_with_visits(number, visits):
    """Return leads, each with as many visits as its number says, at most 3."""
    people = [person(f"p{lead}", lead / 10) for lead in range(number)]
    calls = [
        call(lead / 10 + visit + 0.5, f"p{lead}@example.com")
        for lead in range(number)
        for visit in range(lead % 4 if visits else 0)
    ]
    return people, calls


def test_an_event_stream_that_stops_is_an_outage_and_no_drift():
    people, calls = leads_with_visits(60, visits=True)
    before = unified(people=people, calls=calls, as_of=30)
    # The calls before these leads are there; not one came since.
    quiet, _ = leads_with_visits(60, visits=False)
    stopped = unified(people=quiet, calls=[call(-9, "x@example.com")], as_of=30)
    assert leads_of(stopped)["p1"]["visits"] == 0
    assert outages(before, before) == {}
    assert outages(before, stopped)["visits"] == "constant"
    assert [problem.problem for problem in stopped.problems] == [
        "late",
        "missing",
    ]


def test_a_source_that_is_missing_for_a_day_is_an_outage_and_no_drift():
    people, calls = leads_with_visits(60, visits=True)
    before = unified(people=people, calls=calls, as_of=30)
    missing = unified(people=people, as_of=30)
    assert outages(before, missing)["visits"] == "missing"


def test_once_the_files_of_a_missing_day_come_the_leads_are_as_ever():
    people, calls = leads_with_visits(12, visits=True)
    one_day = day(1) - day(0)
    late = [row | {"arrived": row["at"] + one_day} for row in calls]
    always = unified(people=people, calls=calls, as_of=30)
    again = unified(people=people, calls=late, as_of=30)
    assert again.leads == always.leads


@pytest.mark.parametrize("hours", [-5, -1, 1, 5])
def test_a_clock_that_is_hours_wrong_never_shows_what_is_not_known(hours):
    wrong = call(1, A, at=day(1 + hours * HOUR), arrived=day(1))
    known_at = 1 + max(hours, 0) * HOUR
    people = [person("a", 0)]
    for moment, visits in ((known_at - HOUR / 2, 0), (known_at, 1)):
        calls = [call(-9, "x@example.com"), wrong]
        result = unified(people=people, calls=calls, as_of=moment)
        assert leads_of(result)["a"]["visits"] == visits


def test_a_window_over_the_29_of_february_has_as_many_days_as_it_says():
    people = [person("a", 0)]
    inside = call(7 - HOUR, A)
    outside = call(7, A)
    result = unified(people=people, calls=[inside, outside], as_of=20)
    assert day(1).strftime("%d %B") == "29 February"
    assert leads_of(result)["a"]["visits"] == 1


def test_a_lead_of_the_29_of_february_has_a_window_too():
    people = [person("a", 1)]
    result = unified(people=people, calls=[call(7.5, A)], as_of=20)
    assert leads_of(result)["a"]["visits"] == 1
    assert result.moments["engagement"].to_pylist() == [micros(8)]


def test_a_key_that_became_another_lead_is_named_with_that_lead():
    people = [person("a", 0), person("b", 1)]
    before = unified(people=people, calls=[])
    merge = person("b", 4, made=day(1), merged_into="a")
    after = unified(people=[*people, merge], calls=[])
    assert before.merged == {}
    assert after.merged == {"b": "a"}
    assert after.report["merged_keys"] == 1


def test_merges_in_a_row_lead_to_the_lead_that_lives():
    people = [
        person("a", 0),
        person("b", 1),
        person("c", 2),
        person("c", 4, made=day(2), merged_into="b"),
        person("b", 5, made=day(1), merged_into="a"),
    ]
    result = unified(people=people, calls=[])
    assert result.merged == {"b": "a", "c": "a"}
    assert list(leads_of(result)) == ["a"]


def test_an_older_record_that_comes_late_leaves_no_lead_to_be_counted_twice():
    young = person("b", 5, A)
    old = person("a", 0, A)
    yesterday = unified(people=[young], calls=[])
    today = unified(people=[young, old], calls=[])
    assert list(leads_of(yesterday)) == ["b"]
    assert list(leads_of(today)) == ["a"]
    assert today.merged == {"b": "a"}


def test_an_outcome_that_is_withdrawn_is_named_for_its_lead_alone():
    people = [person("a", 0), person("b", 1), person("c", 2)]
    orders = [order(3, A), order(4, A, None), order(5, B)]
    result = unified(people=people, calls=[], orders=orders)
    flags = dict(
        zip(
            result.leads["id"].to_pylist(),
            result.withdrawn["bought"].tolist(),
            strict=True,
        )
    )
    assert flags == {"a": True, "b": False, "c": False}
