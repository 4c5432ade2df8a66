"""What holds of every load, with made-up records that share few keys, so that nearly everything meets."""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as scipy_components

from include.identity.components import connected_components
from include.identity.ledger import Ledger, living_ids
from include.identity.matching import match
from tests.include.identity.helpers import (
    day,
    grown,
    lead,
    leads_load,
    people,
    rules,
)

DAYS = 4


def _maybe(values: Iterable[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from(list(values)))


LEADS = st.lists(
    st.builds(
        lead,
        row=st.sampled_from([str(number) for number in range(10)]),
        number=st.integers(0, DAYS - 1),
        id=_maybe(["C1", "C2", "C3", "C4"]),
        merged_into=st.one_of(st.none(), st.none(), _maybe(["C1", "C2"])),
        mail=_maybe(f"{name}@example.com" for name in "abcd"),
        phone=_maybe(["+4930901820", "+4930901821", "+4930901822"]),
    ),
    max_size=14,
)


def rows_of(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Return the tables without the order of their rows."""
    return {
        name: sorted(tuple(row.values()) for row in table.to_pylist())
        for name, table in ledger.tables().items()
    }


@settings(max_examples=15)
@given(LEADS, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(leads, random):
    shuffled = list(leads)
    random.shuffle(shuffled)
    assert rows_of(grown(shuffled)) == rows_of(grown(leads))


@settings(max_examples=15)
@given(LEADS)
def test_one_load_of_many_moments_is_many_loads(leads):
    by_day = [
        [row for row in leads if row["day"] == day(number)]
        for number in range(DAYS)
    ]
    assert rows_of(grown(*by_day)) == rows_of(grown(leads))


@settings(max_examples=15)
@given(LEADS, st.integers(0, DAYS - 1))
def test_nothing_known_later_changes_what_was_known(leads, number):
    known = [row for row in leads if row["day"] <= day(number)]
    assert rows_of(grown(leads).as_of(day(number))) == rows_of(grown(known))


@settings(max_examples=15)
@given(LEADS, LEADS)
def test_an_id_changes_by_a_recorded_merge_only(leads, more):
    before = grown(leads)
    after = grown(more, ledger=before)
    successors = living_ids(after.merges)
    for row, person in people(before).items():
        assert people(after)[row] == successors.get(person, person)


@settings(max_examples=10)
@given(LEADS, LEADS)
def test_a_load_that_comes_again_adds_nothing(leads, more):
    ledger = grown(leads, more)
    for rows in (leads, more, leads + more):
        again = match(ledger, leads_load(rows), rules())
        assert not any(table.num_rows for table in again.tables().values())


@given(LEADS)
def test_mail_and_phone_never_join_known_people_whose_ids_differ(leads):
    ledger = grown(leads)
    for merge in ledger.merges.to_pylist():
        if merge["name"] == "crm":
            continue
        just_before = merge["valid_from"] - timedelta(microseconds=1)
        earlier = ledger.as_of(just_before)
        successors = living_ids(earlier.merges)
        with_ids = {
            successors.get(row["person_id"], row["person_id"])
            for row in earlier.keys.to_pylist()
            if row["name"] == "crm"
        }
        two = {merge["ended_id"], merge["living_id"]}
        by_ids = merged_by_ids(ledger, merge["valid_from"])
        assert not two <= with_ids or two & by_ids


def merged_by_ids(ledger: Ledger, moment: object) -> set[str]:
    """Return the people of merges by ids at a moment."""
    rows = ledger.merges.to_pylist()
    by_ids = [
        row
        for row in rows
        if row["name"] == "crm" and row["valid_from"] == moment
    ]
    return {row[end] for row in by_ids for end in ("ended_id", "living_id")}


@given(LEADS)
def test_every_key_and_record_is_decided_once_and_for_all(leads):
    ledger = grown(leads)
    for table, columns in (
        (ledger.records, ["source", "record"]),
        (ledger.keys, ["name", "value"]),
        (ledger.claims, ["source", "record", "name", "value"]),
        (ledger.merges, ["ended_id"]),
        (ledger.retired, ["name", "value"]),
    ):
        keys = table.select(columns).to_pylist()
        assert len({tuple(key.values()) for key in keys}) == len(keys)
    assert len(people(ledger)) == len({row["row"] for row in leads})


EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)))


@given(EDGES)
def test_components_are_those_of_scipy(edges):
    left, right = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    ours = connected_components(left, right, 31)
    graph = coo_array((np.ones(left.size), (left, right)), shape=(31, 31))
    _, theirs = scipy_components(graph, directed=False)
    pairs = pa.table([ours, theirs], ["ours", "theirs"])
    different = len(set(theirs.tolist()))
    assert len(set(ours.tolist())) == different
    assert (
        pairs.group_by(["ours", "theirs"]).aggregate([]).num_rows == different
    )
