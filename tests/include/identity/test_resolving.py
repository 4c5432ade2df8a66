import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from include.identity.ledger import Ledger, living_ids
from include.identity.resolving import People, key_indexes, resolve
from tests.include.identity.helpers import (
    LOADED,
    day,
    grown,
    lead,
    people,
    rules,
)
from tests.include.identity.test_matching_properties import DAYS, LEADS

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("mail", pa.string()),
        ("day", pa.timestamp("us", tz="UTC")),
    ]
)
A = "ada@example.com"
B = "bo@example.com"


def event(number: float = 0, **keys: str | None) -> dict[str, object]:
    return {"day": day(number), **keys}


def resolved(ledger: Ledger, events: list[dict[str, object]]) -> People:
    table = pa.Table.from_pylist(events, schema=SCHEMA)
    indexes = key_indexes(ledger, rules())
    return resolve(indexes, table, "events", rules(), LOADED, "day")


def test_an_event_belongs_to_the_person_of_its_key():
    ledger = grown([lead("1", mail=A), lead("2", id="C2", mail=B)])
    events = [
        event(1, mail="ADA+x@example.com"),
        event(1, id="C2"),
        event(1, mail="nobody@example.com"),
        event(1, mail="broken"),
        event(1),
    ]
    found = resolved(ledger, events)
    one, two = people(ledger)["1"], people(ledger)["2"]
    assert found.person_id.to_pylist() == [one, two, None, None, None]
    assert found.name.to_pylist() == ["mail", "crm", None, None, None]
    assert found.problems["mail"] == {"no_at": 1}


def test_an_event_before_its_lead_is_known_when_the_lead_is():
    ledger = grown([lead("1", 5, mail=A)])
    found = resolved(ledger, [event(1, mail=A), event(6, mail=A)])
    assert found.known_from.to_pylist() == [day(5), day(6)]


def test_of_keys_known_at_one_moment_the_strongest_decides():
    ledger = grown([lead("1", id="C1"), lead("2", mail=A)])
    found = resolved(ledger, [event(1, id="C1", mail=A)])
    assert found.person_id.to_pylist() == [people(ledger)["1"]]
    assert found.conflicting.tolist() == [True]


def test_the_first_person_of_an_event_stays_its_person():
    ledger = grown([lead("2", 0, mail=A)], [lead("1", 5, id="C1")])
    found = resolved(ledger, [event(1, id="C1", mail=A)])
    assert found.person_id.to_pylist() == [people(ledger)["2"]]
    assert found.known_from.to_pylist() == [day(1)]
    assert found.conflicting.tolist() == [True]


def test_people_who_became_one_are_no_conflict():
    ledger = grown(
        [lead("1", 0, id="C1"), lead("2", 0, mail=A)],
        [lead("3", 2, id="C1", mail=A)],
    )
    found = resolved(ledger, [event(1, id="C1", mail=A)])
    assert found.conflicting.tolist() == [False]


def test_a_key_leads_nowhere_once_it_is_retired():
    ledger = grown(
        [lead("1", 0, mail=A)],
        [lead(row, 3, mail=A) for row in "234"],
    )
    found = resolved(ledger, [event(1, mail=A), event(3, mail=A)])
    assert found.person_id.to_pylist() == [people(ledger)["1"], None]


EVENTS = st.lists(
    st.builds(
        event,
        number=st.integers(0, DAYS - 1),
        id=st.sampled_from([None, "C1", "C2", "C3"]),
        mail=st.sampled_from([None, A, "b@example.com", "a@example.com"]),
    ),
    max_size=6,
)


@given(LEADS, EVENTS, st.integers(0, DAYS - 1))
def test_the_person_of_an_event_at_a_moment_needs_nothing_later(
    leads, events, number
):
    moment = day(number)
    ledger = grown(leads)
    at_moment = ledger.as_of(moment)
    assert seen(ledger, at_moment, events, moment) == seen(
        at_moment, at_moment, events, moment
    )


def seen(
    ledger: Ledger,
    at_moment: Ledger,
    events: list[dict[str, object]],
    moment: object,
) -> list[str | None]:
    """Return who events belong to at a moment: what is known from then on, with the merges until then."""
    found = resolved(ledger, events)
    successors = living_ids(at_moment.merges)
    ids: list[str | None] = []
    for person, known_from in zip(
        found.person_id.to_pylist(), found.known_from.to_pylist(), strict=True
    ):
        known = person is not None and known_from <= moment
        ids.append(successors.get(person, person) if known else None)
    return ids
