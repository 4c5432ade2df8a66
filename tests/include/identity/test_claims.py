from collections import Counter

import pyarrow as pa

from include.identity.claims import joined_loads, read_load
from tests.include.identity.helpers import LOADED, day, lead, leads_load, rules


def test_every_key_of_a_row_is_a_claim():
    load = leads_load(
        [lead("1", 2, id="C1", mail="A@example.com", mobile="030 901820")]
    )
    rows = load.claims.to_pylist()
    assert [(row["name"], row["value"]) for row in rows] == [
        ("crm", "C1"),
        ("mail", "a@example.com"),
        ("phone", "+4930901820"),
    ]
    assert {row["known_at"] for row in rows} == {day(2)}
    assert load.records.num_rows == 1


def test_cells_that_are_no_keys_are_counted_by_problem():
    load = leads_load(
        [
            lead("1", mail="broken", phone="12"),
            lead("2", mail="broken", mobile="12"),
            lead("3", mail="a@b@c"),
        ]
    )
    assert load.problems["leads"] == {
        "crm": Counter(),
        "mail": Counter(no_at=2, several_at=1),
        "phone": Counter(invalid_number=2),
    }
    assert load.claims.num_rows == 0
    assert load.records.num_rows == 3


def test_the_same_moment_may_hold_for_all_rows_and_columns_may_lack():
    table = pa.table({"row": [1, 2, None], "id": [7, None, 8]})
    load = read_load(table, "leads", rules(), "row", day(3))
    assert load.records["record"].to_pylist() == ["1", "2"]
    assert load.claims.to_pylist() == [
        {
            "source": "leads",
            "record": "1",
            "name": "crm",
            "value": "7",
            "known_at": day(3),
        }
    ]


def test_no_row_arrives_after_its_load():
    rows = [lead("1", 9_999), lead("2"), lead("3") | {"day": None}]
    load = leads_load(rows)
    moments = load.records["known_at"].to_pylist()
    assert moments == [LOADED, day(0), LOADED]


def test_loads_are_matched_together():
    one = leads_load([lead("1", mail="broken")])
    two = leads_load([lead("2", mail="broken")])
    both = joined_loads([one, two])
    assert both.records.num_rows == 2
    assert both.problems["leads"]["mail"] == Counter(no_at=2)
