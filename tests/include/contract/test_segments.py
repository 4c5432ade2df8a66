"""The columns that `decisions` names: which may be segments, and what a mistake is called."""

import pytest

from include.contract import ContractError, load_contract
from include.contract.segments import MOST_LEVELS

LEVELS = ", ".join(f"L{number}" for number in range(MOST_LEVELS + 1))
BANK = """
format: 2
contract: bank
key: {row: true}
clock: {row: true}
outcomes: [{name: subscribed, column: y}]
decisions: {segments: SEGMENTS}
columns:
  - {name: Age, type: integer}
  - {name: Job title, type: category}
  - {name: housing, type: boolean}
  - {name: note, type: string}
  - {name: called, type: date}
  - {name: duration, type: integer, known_at: outcome}
  - {name: town, type: category, allowed: [LEVELS]}
  - {name: branch, type: category, allowed: [LEVELS], groups: {some: [L0], rest: [L1]}}
""".replace("LEVELS", LEVELS)


def bank(write_contract, segments):
    return load_contract(write_contract(BANK.replace("SEGMENTS", segments)))


def test_segments_are_named_by_header_or_field_in_any_spelling(write_contract):
    contract = bank(write_contract, "[JOB TITLE, age, housing, branch]")
    assert contract.segments == ("job_title", "age", "housing", "branch")


def test_without_the_key_the_contract_names_none_and_an_empty_list_is_kept(
    write_contract,
):
    assert bank(write_contract, "[]").segments == ()
    assert load_contract("x_education").segments is None


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ("[jobb]", "'decisions.segments' names 'jobb', which is not a column"),
        ("[age, Age]", "names a column twice"),
        ("[note]", "'note', which is free text; write type: category"),
        ("[called]", "'called', which is a date"),
        ("[duration]", "'duration', which is known only with the outcome"),
        ("[subscribed]", "'subscribed', which is key, clock, outcome"),
        ("[row_number]", "'row_number', which is key, clock, outcome"),
        ("[town]", f"'town', which has {MOST_LEVELS + 1} levels"),
        ("age", "must be a list of headers or fields"),
        ("[no]", "must be a list of headers or fields"),
    ],
)
def test_a_column_that_leads_cannot_be_compared_by_is_refused(
    write_contract, segments, message
):
    with pytest.raises(ContractError, match="segments") as error:
        bank(write_contract, segments)
    assert message in str(error.value)


def test_a_protected_column_that_does_not_exist_is_refused(write_contract):
    content = BANK.replace("segments: SEGMENTS", "protected: [agge]")
    with pytest.raises(ContractError, match="protected' names 'agge'"):
        load_contract(write_contract(content))


def test_a_protected_column_is_named_in_any_spelling(write_contract):
    content = BANK.replace("segments: SEGMENTS", "protected: [job  TITLE]")
    contract = load_contract(write_contract(content))
    assert contract.column("job_title").protected


def test_one_outcome_cannot_have_segments_of_its_own(write_contract):
    content = BANK.replace("column: y", "column: y, decisions: {segments: []}")
    with pytest.raises(ContractError, match="'decisions': it holds for all"):
        load_contract(write_contract(content.replace("SEGMENTS", "[]")))
