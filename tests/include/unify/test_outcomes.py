"""Leads of several sources with two outcomes: each has its own rows, and no moment lies behind either."""

from include.contract import parse_contract
from tests.include.unify.helpers import (
    SHOP,
    call,
    day,
    leads_of,
    micros,
    person,
    unified,
)

KEPT = {
    "name": "kept",
    "column": "kept",
    "source": "orders",
    "positive": ["yes"],
    "negative": ["no"],
    "given": "bought",
}
RATE = {
    "name": "kept_rate",
    "kind": "historical_rate",
    "outcome": "kept",
    "by": {"source": "people", "column": "area"},
    "m": 0,
    "known_at": "contact",
    "label": "Rate of what is kept",
    "reason": "{value:.0%}",
}
TWO = parse_contract(
    SHOP
    | {
        "outcomes": [*SHOP["outcomes"], KEPT],
        "features": [*SHOP["features"], RATE],
    },
    "shop",
)
A = "a@example.com"
B = "b@example.com"


def row(at, mail, bought, kept):
    """Return a row of orders that arrives when it occurs."""
    moment = day(at)
    return {
        "mail": mail,
        "bought": bought,
        "kept": kept,
        "at": moment,
        "arrived": moment,
    }


def result_of(orders, calls=(), as_of=30):
    people = [person("a", 0), person("b", 0)]
    return unified(
        as_of, TWO, people=people, calls=list(calls), orders=list(orders)
    )


def test_each_outcome_is_the_last_thing_said_of_it():
    result = result_of(
        [row(5, A, 1, None), row(9, A, 1, 0), row(6, B, 0, None)]
    )
    leads = leads_of(result)
    assert (leads["a"]["bought"], leads["a"]["kept"]) == (1, 0)
    assert (leads["b"]["bought"], leads["b"]["kept"]) == (0, None)
    report = result.report["outcomes"]
    assert (report["bought"]["known"], report["bought"]["happened"]) == (2, 1)
    assert (report["kept"]["known"], report["kept"]["happened"]) == (1, 0)


def test_moments_come_before_whichever_outcome_was_known_first():
    result = result_of(
        [row(2, A, None, 1), row(5, A, 1, 1)], [call(4, A, "call")]
    )
    moments = {entry["id"]: entry for entry in result.moments.to_pylist()}
    assert moments["a"]["engagement"] == micros(2) - 1
    assert moments["a"]["contact"] == micros(2) - 1
    assert moments["b"]["engagement"] == micros(7)


def test_a_rate_counts_the_outcome_that_it_names():
    result = result_of(
        [row(5, A, 1, None), row(6, A, 1, 0)], [call(8, B, "call")]
    )
    lead = leads_of(result)["b"]
    assert (lead["area_rate"], lead["kept_rate"]) == (1.0, 0.0)
