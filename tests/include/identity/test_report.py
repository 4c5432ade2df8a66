import pyarrow as pa
from hypothesis import given

from include.identity.ledger import Ledger
from include.identity.report import (
    LargePerson,
    MatchReport,
    match_report,
    with_rows,
)
from tests.include.identity.helpers import (
    grown,
    lead,
    leads_load,
    people,
    rules,
)
from tests.include.identity.test_matching_properties import LEADS
from tests.include.identity.test_resolving import event, resolved

A = "ada@example.com"
B = "bo@example.com"


def reported(rows: list[dict[str, object]], before: Ledger) -> MatchReport:
    after = grown(rows, ledger=before)
    return match_report(before, after, leads_load(rows), rules())


def test_a_report_counts_every_row_once():
    before = grown(
        [lead("1", id="C1", mail=A), lead("2", id="C2", mail=B)],
    )
    rows = [
        lead("3", 1, mail=A),
        lead("4", 1, id="C2", mail=A),
        lead("5", 1, id="C1"),
        lead("6", 1, phone="030 901820"),
        lead("7", 1, mail="broken"),
        lead("7", 1, mail="broken"),
    ]
    report = reported(rows, before)
    source = report.sources["leads"]
    assert source.rows == 6
    # Row 4 claims the mail of another id, which makes the whole moment one of ids only.
    assert source.matched == {"crm": 1, "mail": 1}
    assert source.conflicting == 1
    assert source.unmatched == 3
    assert source.problems == {"mail": {"no_at": 2}}
    assert source.matched_share == 2 / 6
    assert report.new_people == 2
    assert report.people == 4


def test_a_report_names_merges_retired_keys_and_the_largest_people():
    before = grown([lead("1", mail=A), lead("2", 1, phone="030 901820")])
    rows = [
        lead("3", 2, mail=A, phone="030 901820"),
        *(lead(row, 2, mail=B) for row in "4567"),
    ]
    report = reported(rows, before)
    assert report.merges == {"phone": 1}
    assert report.retired == {"shared": 1}
    assert report.largest[0] == LargePerson(people(before)["1"], 3)
    assert len(report.largest) == 5


def test_the_same_load_again_has_the_same_rows_and_no_new_people():
    rows = [lead("1", mail=A), lead("2", mail=A), lead("3", id="C3")]
    first = reported(rows, Ledger.empty())
    again = reported(rows, grown(rows))
    assert again.sources == first.sources
    assert (first.new_people, again.new_people) == (2, 0)


def test_rows_of_nobody_are_counted():
    ledger = grown([lead("1", mail=A), lead("2", id="C2")])
    report = reported([], ledger)
    events = [event(mail=A), event(mail=B), event(), event(id="C2", mail=A)]
    report = with_rows(report, "events", resolved(ledger, events))
    source = report.sources["events"]
    assert (source.rows, source.unmatched, source.conflicting) == (4, 2, 1)
    assert source.matched == {"mail": 1}


@given(LEADS)
def test_a_report_is_its_json(leads):
    report = reported(leads, Ledger.empty())
    assert MatchReport.from_json(report.to_json()) == report
    for source in report.sources.values():
        matched = sum(source.matched.values())
        assert source.rows == matched + source.unmatched + source.conflicting


def test_a_ledger_is_its_tables():
    ledger = grown([lead("1", mail=A), lead("2", 1, mail=A)])
    assert Ledger.of(ledger.tables()) == ledger
    assert isinstance(ledger.tables()["records"], pa.Table)
