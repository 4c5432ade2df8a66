"""One lead from its events has the columns that a batch over all leads gives it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.unify.errors import UnifyError
from include.unify.one_lead import OneLead, SentEvent, microseconds_of
from include.unify.plan import plan_of
from tests.include.asof.samples import seeded
from tests.include.unify.handed_over import Story
from tests.include.unify.helpers import CONTRACT, day, micros

RATES = ("industry_rate", "area_rate")
SHOP = OneLead(plan_of(CONTRACT))


@pytest.fixture(scope="module")
def story():
    return Story(120)


def compare(story, keys):
    """Compare leads with those of the batch: rates to 1e-9, everything else exactly."""
    one_lead = OneLead(story.plan)
    leads, moments = story.leads, story.moments
    for key in keys:
        lead = one_lead.put_together(
            key, story.events[key], story.as_of, story.batch.rates
        )
        assert lead.moments == moments[key], key
        expected = {name: leads[key][name] for name in lead.values}
        for name in RATES:
            rate = expected.pop(name, None)
            value = lead.values.pop(name, None)
            assert value == pytest.approx(rate, abs=1e-9), key
        assert lead.values == expected, key


def test_a_lead_is_put_together_as_the_batch_does(story):
    keys = list(story.leads)[::12]
    compare(story, keys)
    rates = [story.leads[key]["industry_rate"] for key in keys]
    answers = {story.leads[key]["answered_within_48_hours"] for key in keys}
    assert len({rate for rate in rates if rate}) > 5
    assert answers == {0, 1}


@pytest.mark.slow
def test_1000_leads_are_put_together_as_the_batch_does():
    story = Story(1030)
    keys = list(story.leads)[:1000]
    assert len(keys) == 1000
    compare(story, keys)


def state(at, /, arrived=None, **values):
    """Return a state of the shop's lead a."""
    values = {"id": "a", "made": day(at), "area": "north", "size": 1} | values
    return sent("people", at, arrived, values)


def call(at, kind="visit", /, arrived=None, **values):
    return sent("calls", at, arrived, {"kind": kind, "row": f"{at}"} | values)


def sent(source, at, arrived, values):
    arrived = at if arrived is None else arrived
    return SentEvent(source, micros(at), micros(arrived), values)


def together(*events, as_of=20, rates=None):
    return SHOP.put_together("a", events, micros(as_of), rates or {})


def test_a_repeated_event_counts_once_as_it_arrived_first():
    lead = together(
        state(0), call(1, row="x", arrived=9), call(2, row="x", arrived=3)
    )
    assert lead.values["visits"] == 1
    assert lead.repeated == 1
    assert lead.used == {"people": 1, "calls": 1, "orders": 0}


def test_columns_are_as_they_were_at_the_moments_of_their_stages():
    lead = together(
        state(0, size=1, area="north"),
        state(5, size=2, area="south"),
        call(7, "call"),
        state(9, size=3),
    )
    assert lead.values["area"] == "north"
    assert lead.values["size"] == 2
    assert lead.moments["contact"] == micros(7)


def test_a_record_that_was_merged_into_the_lead_is_not_its_own():
    lead = together(state(0), state(3, id="b", area="south", size=7))
    assert lead.values["size"] == 1


def test_a_lead_is_scored_before_its_outcome():
    lead = together(state(0), sent("orders", 3, 4, {"bought": 1}))
    assert lead.moments["contact"] == micros(3) - 1
    assert lead.moments["capture"] == micros(0)


def test_without_published_counts_a_rate_is_missing():
    assert together(state(0)).values["area_rate"] is None


def test_a_lead_of_which_nothing_was_known_is_refused():
    with pytest.raises(UnifyError, match="first event of people"):
        together(state(8, arrived=30), call(1))


def test_a_day_is_its_midnight_in_microseconds():
    assert microseconds_of(day(0).date()) == micros(0) - 43_200_000_000


def random_events(random):
    """Return made-up events that share few moments."""
    events = [state(0)]
    for number in range(12):
        at = random.randrange(20)
        arrived = at + random.choice([0, 0, 1, 5])
        kind = random.choice(["visit", "visit", "call"])
        events.append(call(at, kind, arrived=arrived, row=str(number)))
        size = random.randrange(9)
        if number % 4 == 0:
            events.append(state(at, arrived=arrived, made=day(0), size=size))
    return events


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32), st.integers(1, 20))
def test_what_occurred_or_arrived_later_changes_nothing(seed, other, number):
    events = random_events(seeded(seed))
    early = [event for event in events if event.known_at <= micros(number)]
    later = [
        replace(event, values=event.values | {"row": f"later {place}"})
        for place, event in enumerate(random_events(seeded(other)))
        if event.known_at > micros(number)
    ]
    before = together(*early, as_of=number)
    after = together(*later, *early, as_of=number)
    assert after.values == before.values
    assert after.moments == before.moments
    assert after.later == len(later)
