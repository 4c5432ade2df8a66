"""Leads of several sources: what each column is as of, and what becomes of bad input."""

import pytest

from include.unify.errors import UnifyError
from include.unify.plan import plan_of
from include.unify.rows import moment_columns
from include.unify.unify import unify
from tests.include.unify.helpers import (
    CONTRACT,
    DAY,
    WITHIN_30_DAYS,
    call,
    compute,
    day,
    leads_of,
    micros,
    order,
    person,
    table,
    unified,
)

A = "a@example.com"
B = "b@example.com"


def test_a_lead_is_one_row_with_its_features_and_its_outcome():
    result = unified(
        people=[person("a", 0), person("b", 0)],
        calls=[
            call(1, A),
            call(2, A),
            call(9, A),
            call(10, A, "call"),
            call(12, A),
        ],
        orders=[order(20, A), order(5, B, 0)],
        as_of=30,
    )
    leads = leads_of(result)
    assert list(result.leads.column_names) == list(CONTRACT.fields)
    assert leads["a"]["visits"] == 2
    assert leads["a"]["days_since_visit"] == 1.0
    assert leads["a"]["bought"] == 1
    assert leads["a"]["area_rate"] == 0.0
    assert leads["b"]["visits"] == 0
    assert leads["b"]["days_since_visit"] is None
    assert leads["b"]["bought"] == 0


def test_a_column_is_as_it_was_at_the_moment_of_its_stage():
    result = unified(
        people=[
            person("a", 0, size=1, area="north"),
            person("a", 5, made=day(0), size=2, area="south"),
            person("a", 15, made=day(0), size=3, area="west", revenue=9.0),
        ],
        calls=[call(10, A, "call")],
        orders=[],
    )
    lead = leads_of(result)["a"]
    assert (lead["area"], lead["size"], lead["revenue"]) == ("north", 2, 9.0)


def test_an_open_lead_is_as_of_the_run():
    people = [person("a", 0)]
    calls = [call(1, A), call(3, A)]
    early = unified(people=people, calls=calls, as_of=2)
    assert leads_of(early)["a"]["visits"] == 1
    assert leads_of(early)["a"]["days_since_visit"] == 1.0
    assert early.moments["contact"].to_pylist() == [micros(2)]


def test_seven_days_after_the_28th_of_february_is_the_6th_of_march():
    result = unified(people=[person("a", 0)], calls=[call(30, A)])
    assert result.moments["engagement"].to_pylist() == [micros(7)]
    assert day(7).isoformat() == "2024-03-06T12:00:00"


def test_nothing_after_the_outcome_counts_where_a_stage_was_never_reached():
    result = unified(
        people=[person("a", 0)],
        calls=[call(1, A), call(4, A)],
        orders=[order(3, A)],
        as_of=20,
    )
    assert leads_of(result)["a"]["visits"] == 1
    assert result.moments["contact"].to_pylist() == [micros(3) - 1]


def test_a_source_that_is_missing_is_named_and_its_features_are_unknown():
    result = unified(people=[person("a", 0)], orders=[order(3, A)], as_of=20)
    lead = leads_of(result)["a"]
    (problem,) = result.problems
    assert (problem.source, problem.problem) == ("calls", "missing")
    assert problem.reason == "it has no row below calls/"
    assert lead["visits"] is None
    assert lead["bought"] == 1


def test_without_leads_there_is_nothing_to_put_together():
    with pytest.raises(UnifyError, match="source people has no rows"):
        unified(calls=[call(1, A)])


def test_rows_that_come_twice_count_once_from_their_first_arrival():
    calls = [call(1, A), call(1, A, arrived=day(9)), call(10, A, "call")]
    orders = [order(20, A), order(20, A, arrived=day(25))]
    people = [person("a", 0)]
    once = unified(people=people, calls=calls, orders=orders, as_of=30)
    twice = unified(
        people=people * 2, calls=calls * 2, orders=orders * 2, as_of=30
    )
    assert twice.leads == once.leads
    assert leads_of(once)["a"]["visits"] == 1
    assert once.report["sources"]["calls"]["repeated_rows"] == 1
    assert once.report["sources"]["orders"]["repeated_rows"] == 1


def test_a_source_that_has_lost_a_column_is_named():
    rows = table("calls", [call(1, A)]).drop_columns(["kind"])
    tables = {"people": table("people", [person("a", 0)]), "calls": rows}
    with pytest.raises(UnifyError, match="source calls: there is no column"):
        unify(CONTRACT, tables, compute)


def test_the_moments_alone_say_when_the_last_row_arrived():
    tables = {
        "people": table("people", [person("a", 0)]),
        "calls": table("calls", [call(1, A), call(8, A)]),
    }
    moments = {
        name: rows.select(moment_columns(plan_of(CONTRACT).sources[name]))
        for name, rows in tables.items()
    }
    result = unify(CONTRACT, tables, compute, moments=moments)
    assert result.as_of == micros(8)
    assert result.leads == unify(CONTRACT, tables, compute).leads


def test_an_event_of_a_fast_clock_counts_from_when_it_occurred():
    fast = call(1, A, at=day(8), arrived=day(1))
    result = unified(people=[person("a", 0)], calls=[fast], as_of=5)
    assert leads_of(result)["a"]["days_since_visit"] is None


def test_an_arrival_after_its_file_was_written_is_the_files():
    late = call(1, A, arrived=day(9_000), source_changed_at=day(2))
    result = unified(people=[person("a", 0)], calls=[late], as_of=5)
    assert leads_of(result)["a"]["visits"] == 1


def test_an_address_of_fifty_leads_says_nothing_of_anybody():
    shared = [person(f"x{number}", number, "info@example.com") for number in range(50)]  # fmt: skip
    result = unified(
        people=shared, calls=[call(60, "info@example.com")], as_of=61
    )
    assert result.leads.num_rows >= 48
    assert result.report["identity"]["retired"] == {"shared": 1}
    assert result.report["sources"]["calls"]["rows_of_nobody"] == 1


def test_events_before_the_creation_are_counted_and_stand_in_no_window():
    result = unified(
        people=[person("a", 0)], calls=[call(-3, A), call(1, A)], as_of=20
    )
    assert leads_of(result)["a"]["visits"] == 1
    assert result.report["sources"]["calls"]["rows_before_creation"] == 1


def test_of_two_outcomes_that_differ_the_last_to_occur_holds():
    orders = [
        order(20, A, 0),
        order(10, A, 1, arrived=day(25)),
        order(22, A, 1),
    ]
    result = unified(people=[person("a", 0)], calls=[], orders=orders, as_of=30)
    assert leads_of(result)["a"]["bought"] == 1
    assert result.report["outcomes"]["bought"]["changed"] == 1


def test_an_outcome_that_is_withdrawn_leaves_the_lead_open():
    result = unified(
        people=[person("a", 0)],
        calls=[],
        orders=[order(20, A), order(24, A, None)],
        as_of=30,
    )
    assert leads_of(result)["a"]["bought"] is None
    assert result.report["outcomes"]["bought"]["withdrawn"] == 1


def test_a_merged_lead_is_one_row_and_its_events_count_from_the_merge_on():
    people = [
        person("a", 0),
        person("b", 1),
        person("b", 4, made=day(1), merged_into="a"),
    ]
    calls = [call(2, B), call(3, A)]
    before = unified(people=people, calls=calls, as_of=3.5)
    after = unified(people=people, calls=calls, as_of=5)
    assert {key: row["visits"] for key, row in leads_of(before).items()} == {
        "a": 1,
        "b": 1,
    }
    assert {key: row["visits"] for key, row in leads_of(after).items()} == {
        "a": 2
    }
    assert after.report["merged_leads"] == 1


def test_an_outcome_of_a_merged_lead_counts_once_in_a_rate():
    people = [
        person("a", 0),
        person("b", 1),
        person("b", 4, made=day(1), merged_into="a"),
        person("c", 0),
        person("d", 6),
    ]
    result = unified(
        people=people,
        calls=[],
        orders=[order(2, B, 1), order(3, "c@example.com", 0)],
        as_of=8,
    )
    assert leads_of(result)["a"]["bought"] == 1
    assert leads_of(result)["d"]["area_rate"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("called", "rate"), [(20, None), (29, None), (30, 1.0), (61, 0.5)]
)
def test_an_outcome_counts_in_a_rate_once_that_of_leads_as_old_is_final(
    called, rate
):
    result = unified(
        contract=WITHIN_30_DAYS,
        people=[person("a", 0), person("b", 31), person("asks", 10)],
        calls=[call(called, "asks@example.com", "call")],
        orders=[order(2, A, 1), order(40, B, 0)],
        as_of=90,
    )
    assert leads_of(result)["asks"]["area_rate"] == rate


def test_a_stream_that_stops_is_late():
    people = [person("a", 0), person("b", 9)]
    result = unified(people=people, calls=[call(1, A)], orders=[order(9, B)])
    (problem,) = result.problems
    assert (problem.source, problem.problem) == ("calls", "late")
    assert "8.0 days before the newest row" in problem.reason
    assert "late_after allows 3.0 days" in problem.reason
    fresh = unified(people=people, calls=[call(7, A)], orders=[order(9, B)])
    assert fresh.problems == ()


def test_rows_of_nobody_are_counted():
    result = unified(
        people=[person("a", 0)], calls=[call(1, "nobody@example.com")]
    )
    assert result.report["sources"]["calls"]["rows_of_nobody"] == 1


def test_a_late_arrival_counts_from_its_arrival():
    late = call(1, A, arrived=day(9))
    result = unified(people=[person("a", 0)], calls=[late], as_of=30)
    assert leads_of(result)["a"]["visits"] == 0
    assert leads_of(result)["a"]["days_since_visit"] == 29.0


def test_a_contract_of_one_source_has_no_plan():
    plain = CONTRACT.model_copy(update={"unify": {}})
    with pytest.raises(UnifyError, match="no 'sources'"):
        plan_of(plain)
    assert plan_of(CONTRACT).stages["engagement"] == 7 * DAY


def test_a_column_that_is_filled_in_weeks_later_is_not_used():
    first = person("a", 0, size=None, area=None)
    later = person("a", 40, made=day(0), size=900, area="rich")
    calls = [call(10, A, "call")]
    before = unified(people=[first], calls=calls, as_of=12)
    after = unified(people=[first, later], calls=calls, as_of=60)
    assert leads_of(after) == leads_of(before)
    assert leads_of(after)["a"]["size"] is None
