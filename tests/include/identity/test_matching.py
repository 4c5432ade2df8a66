from collections import defaultdict

import pytest

from include.identity.ledger import (
    Ledger,
    id_intervals,
    people_of,
)
from include.identity.matching import match, person_id
from tests.include.identity.helpers import (
    day,
    grown,
    lead,
    leads_load,
    people,
    rules,
    sets,
    together,
)

A = "ada@example.com"
B = "bo@example.com"
PHONE = "+49 30 901820"
OTHER_PHONE = "+49 30 901821"


def outcomes(ledger: Ledger) -> dict[tuple[str, str], str]:
    rows = ledger.claims.to_pylist()
    return {(row["record"], row["name"]): row["outcome"] for row in rows}


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("id", "C1", "C1"),
        ("mail", A, " ADA+news@Example.com"),
        ("phone", PHONE, "030 / 901820"),
    ],
)
def test_records_that_share_a_key_are_one_person(key, first, second):
    ledger = grown([lead("1", **{key: first}), lead("2", **{key: second})])
    assert together(ledger) == sets("1 2")


def test_a_typo_is_another_person():
    ledger = grown([lead("1", mail=A), lead("2", mail="adda@example.com")])
    assert together(ledger) == sets("1", "2")


def test_a_record_without_a_key_is_a_person_of_its_own():
    ledger = grown([lead("1"), lead("2")])
    assert together(ledger) == sets("1", "2")


def test_people_hang_together_through_others_in_a_cycle():
    ledger = grown(
        [
            lead("1", mail=A, phone=PHONE),
            lead("2", phone=PHONE, mobile=OTHER_PHONE),
            lead("3", phone=OTHER_PHONE, id="C3"),
            lead("4", id="C3", mail=A),
            lead("5", mail=B),
        ]
    )
    assert together(ledger) == sets("1 2 3 4", "5")


def test_an_inbox_of_50_leads_is_no_key():
    inbox = [lead(str(number), mail="info@example.com") for number in range(50)]
    ledger = grown(inbox)
    assert len(together(ledger)) == 50
    [retired] = ledger.retired.to_pylist()
    assert (retired["reason"], retired["records"]) == ("shared", 50)
    assert ledger.keys.num_rows == 0


def test_an_inbox_that_fills_up_joins_nobody_from_then_on():
    first = [lead("1", 0, mail=A), lead("2", 1, mail=A)]
    then = [lead("3", 2, mail=A), lead("4", 2, mail=A), lead("5", 3, mail=A)]
    ledger = grown(first, then)
    assert together(ledger) == sets("1 2", "3", "4", "5")
    assert outcomes(ledger)["3", "mail"] == "no_key"
    [retired] = ledger.retired.to_pylist()
    assert retired["records"] == 4
    assert retired["valid_from"] == day(2)


def test_a_person_keeps_its_id_when_records_come():
    before = grown([lead("9", 0, mail=A)])
    after = grown([lead("1", 1, mail=A, phone=PHONE)], ledger=before)
    assert people(after)["9"] == people(before)["9"]
    assert people(after)["1"] == people(before)["9"]
    assert people(before)["9"] == person_id("leads\x1f9")


def test_two_known_people_become_one_by_a_recorded_merge():
    before = grown([lead("1", 0, mail=A)], [lead("2", 1, phone=PHONE)])
    after = grown([lead("3", 2, mail=A, phone=PHONE)], ledger=before)
    assert together(after) == sets("1 2 3")
    [merge] = after.merges.to_pylist()
    assert merge == {
        "ended_id": people(before)["2"],
        "living_id": people(before)["1"],
        "name": "phone",
        "value": "+4930901820",
        "valid_from": day(2),
    }
    assert people(after.as_of(day(1))) == people(before)


def test_a_merge_in_the_crm_joins_people_whose_ids_differ():
    ledger = grown(
        [lead("1", 0, id="C1", mail=A), lead("2", 0, id="C2", mail=B)],
        [lead("2", 5, id="C2", merged_into="C1")],
    )
    assert together(ledger) == sets("1 2")
    [merge] = ledger.merges.to_pylist()
    assert merge["name"] == "crm"
    assert together(ledger.as_of(day(4))) == sets("1", "2")


def test_the_mail_of_one_and_the_id_of_another_is_a_conflict():
    before = grown(
        [lead("1", 0, id="C1", mail=A), lead("2", 0, id="C2", mail=B)]
    )
    ledger = grown([lead("3", 1, id="C2", mail=A)], ledger=before)
    assert together(ledger) == sets("1", "2 3")
    assert outcomes(ledger)["3", "mail"] == "conflict"
    assert ledger.merges.num_rows == 0


def test_in_a_conflict_a_record_without_an_id_follows_its_strongest_key():
    ledger = grown(
        [lead("1", id="C1", mail=A), lead("2", id="C2", phone=PHONE)],
        [lead("3", 1, mail=A, phone=PHONE)],
    )
    assert together(ledger) == sets("1 3", "2")
    assert outcomes(ledger)["3", "phone"] == "conflict"


def test_a_new_key_of_two_people_whose_ids_differ_is_contested():
    ledger = grown(
        [lead("1", id="C1"), lead("2", id="C2")],
        [lead("3", 1, id="C1", mail=A), lead("4", 1, id="C2", mail=A)],
        [lead("5", 2, mail=A)],
    )
    assert together(ledger) == sets("1 3", "2 4", "5")
    [retired] = ledger.retired.to_pylist()
    assert retired["reason"] == "contested"
    assert outcomes(ledger)["5", "mail"] == "no_key"


def test_a_duplicate_with_a_new_id_joins_the_person_of_its_mail():
    ledger = grown(
        [lead("1", id="C1", mail=A)], [lead("2", 1, id="C2", mail=A)]
    )
    assert together(ledger) == sets("1 2")


def test_the_same_load_twice_adds_nothing():
    rows = [
        lead("1", 0, id="C1", mail=A),
        lead("2", 0, id="C2", mail=B),
        lead("3", 1, id="C2", mail=A),
        lead("4", 2),
    ]
    ledger = grown(rows)
    again = match(ledger, leads_load(rows), rules())
    assert all(table.num_rows == 0 for table in again.tables().values())


def test_what_arrives_late_is_not_known_in_the_past():
    ledger = grown([lead("1", 5, mail=A)], [lead("2", 1, mail=A)])
    assert together(ledger) == sets("1 2")
    assert people(ledger.as_of(day(4))) == {}
    rows = ledger.records.to_pylist()
    assert {row["valid_from"] for row in rows} == {day(5)}


def test_a_chain_of_merges_is_followed_by_moments():
    ledger = grown(
        [lead("1", 0, mail=A), lead("2", 1, phone=PHONE)],
        [lead("3", 2, phone=OTHER_PHONE)],
        [lead("4", 3, phone=PHONE, mobile=OTHER_PHONE)],
        [lead("5", 4, mail=A, phone=PHONE)],
    )
    ids = {row: person_id(f"leads\x1f{row}") for row in "123"}
    intervals = defaultdict(list)
    for row in id_intervals(ledger).to_pylist():
        span = (row["lives_as"], row["valid_from"], row["valid_to"])
        intervals[row["person_id"]].append(span)
    assert intervals == {
        ids["3"]: [(ids["2"], day(3), day(4)), (ids["1"], day(4), None)],
        ids["2"]: [(ids["1"], day(4), None)],
    }


def test_the_ledger_has_every_record_once():
    ledger = grown([lead("1", mail=A), lead("1", 1, mail=B), lead("1", 2)])
    assert people_of(ledger).num_rows == 1
    assert ledger.keys.num_rows == 2
