"""What occurred or arrived after a moment changes nothing that is computed as of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from include.contract import KnownAt
from tests.include.asof.samples import seeded
from tests.include.unify.helpers import (
    CONTRACT,
    call,
    day,
    micros,
    order,
    person,
    unified,
)

MAILS = [f"{name}@example.com" for name in "abcd"]
DAYS = 20


def rows_of(random):
    """Return made-up rows that share few keys and times."""

    def times():
        at = random.randrange(DAYS)
        return {
            "at": day(at),
            "arrived": day(at + random.choice([0, 0, 0, 1, 5])),
        }

    people = []
    for key in "abc":
        start = random.randrange(6)
        people.append(person(key, start, random.choice(MAILS)))
        for _ in range(2):
            into = random.choice([None, None, None, "a", "b"])
            state = times() | {"merged_into": into, "made": day(start)}
            state |= {"area": random.choice(["north", "south"])}
            state |= {"size": random.randrange(9)}
            people.append(person(key, 0, random.choice(MAILS), **state))
    calls = [
        call(
            0,
            random.choice(MAILS),
            random.choice(["visit", "visit", "call"]),
            row=str(number),
            **times(),
        )
        for number in range(12)
    ]
    orders = [
        order(0, random.choice(MAILS), random.choice([0, 1, None]), **times())
        for _ in range(4)
    ]
    return {"people": people, "calls": calls, "orders": orders}


def known_by(row, number):
    return max(row["at"], row["arrived"]) <= day(number)


def known_values(result, number):
    """Return of each lead and stage that was reached by a day: its moment, columns and features."""
    values = {}
    leads = result.leads.to_pylist()
    for lead, moments in zip(leads, result.moments.to_pylist(), strict=True):
        for stage in ("capture", "engagement", "contact"):
            if moments[stage] >= micros(number):
                continue
            fields = [
                column.field
                for column in CONTRACT.columns
                if column.known_at == KnownAt(stage)
                and column.field != CONTRACT.label
            ]
            row = {field: lead[field] for field in fields}
            values[lead["id"], stage] = (moments[stage], row)
    return values


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32), st.integers(3, DAYS))
def test_later_rows_change_nothing_that_was_known(seed, other_seed, number):
    rows = rows_of(seeded(seed))
    others = rows_of(seeded(other_seed))
    changed = {}
    for name in rows:
        early = [row for row in rows[name] if known_by(row, number)]
        later = [row for row in others[name] if not known_by(row, number)]
        if name == "calls":
            later = [row | {"row": f"later {row['row']}"} for row in later]
        changed[name] = early + later
    if not any(known_by(row, number) for row in rows["people"]):
        return
    before = unified(as_of=number, **rows)
    after = unified(as_of=number, **changed)
    assert after.leads == before.leads
    long_after = unified(as_of=DAYS + 9, **rows)
    merged = known_values(long_after, number)
    at_that_time = known_values(before, number)
    same = [key for key in merged if key in at_that_time]
    for key in same:
        assert merged[key] == at_that_time[key], key
