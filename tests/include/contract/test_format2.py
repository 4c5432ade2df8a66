"""Contracts of format 2: what a person may leave out, and what each mistake is called."""

import pytest

from include.contract import ContractError, KnownAt, load_contract
from include.contract.cells import cell_rules, read_cell
from include.contract.derived.dictionary import dictionary_page
from include.contract.format.compile import field_of_heading
from include.contract.reserved import RESERVED

BANK = """
format: 2
contract: bank_deposits
files: {delimiter: semicolon, decimal: ",", thousands: ".", null_tokens: ["", unknown]}
key: {row: true}
clock: {row: true}
outcomes:
  - {name: subscribed, column: y, positive: ["yes"], negative: ["no"], within_days: 90}
decisions:
  floors: {contact: {roc_auc: 0.7}}
  policy: {name: cost, missed_lead_hours: 3}
  drift: {share: 0.4, debounce_n: 2}
  max_superseded_share: 0.2
  protected: [age]
columns:
  - {name: age, type: integer}
  - {name: default, type: category, known_at: capture}
  - {name: Housing loan, type: boolean, positive: ["yes"], negative: ["no"]}
  - {name: emp.var.rate, type: number, symbols: ["%"]}
  - {name: duration, type: integer, known_at: outcome}
  - {name: called on, type: date, aliases: [call date]}
"""


@pytest.fixture
def bank(write_contract):
    return load_contract(write_contract(BANK))


def test_what_is_left_out_follows_from_what_is_there(bank):
    assert bank.names.table == "bank_deposits_leads"
    assert bank.names.prefix == "bank-deposits/"
    assert bank.names.model == "bank-deposits-classifier"
    assert bank.column("housing_loan").label == "Housing loan"
    assert bank.column("default_value").name == "default"
    assert bank.column("emp_var_rate").known_at is KnownAt.CONTACT
    assert bank.files.delimiter == ";"


def test_a_key_and_a_clock_that_no_file_has_become_columns(bank):
    assert bank.column(bank.key).derived == "row_key"
    assert bank.column(bank.clock).derived == "row_number"
    assert bank.fields[0] == "lead_key"
    assert bank.fields[-2:] == ("subscribed", "row_number")


def test_models_see_neither_roles_nor_what_comes_later_nor_protected_columns(
    bank,
):
    features = [column.field for column in bank.features()]
    assert features == ["default_value", "housing_loan", "emp_var_rate"]


def test_the_outcome_is_read_by_its_words(bank):
    rule = cell_rules(bank)["subscribed"]
    assert read_cell(rule, "yes") == 1
    assert read_cell(rule, " No ") == 0
    assert read_cell(rule, "unknown") is None
    with pytest.raises(ValueError, match="must be yes or no"):
        read_cell(rule, "maybe")


def test_a_boolean_is_stored_as_yes_and_no(bank):
    rule = cell_rules(bank)["housing_loan"]
    assert read_cell(rule, "YES") == "Yes"
    assert read_cell(rule, "no") == "No"


def test_nested_decisions_set_the_same_fields_as_flat_ones(bank):
    decisions = bank.decisions
    assert decisions.floors_contact == {"roc_auc": 0.7}
    assert decisions.threshold_policy == "cost"
    assert decisions.missed_lead_hours == 3
    assert decisions.drift_share_threshold == 0.4
    assert decisions.drift_debounce_n == 2
    assert decisions.max_superseded_share == 0.2
    assert decisions.label_maturity_days == 90


def test_a_key_of_several_columns_is_made_of_their_texts(write_contract):
    path = write_contract(
        BANK.replace("key: {row: true}", "key: {columns: [age, called on]}")
    )
    contract = load_contract(path)
    assert contract.column(contract.key).derived == "joined_key"
    assert contract.key_columns == ("age", "called_on")
    assert not {"age", "called_on"} & {
        column.field for column in contract.features()
    }


def test_an_outcome_that_a_column_describes_stays_at_its_place(write_contract):
    path = write_contract(
        BANK.replace(
            "  - {name: duration",
            "  - {name: y, type: boolean, label: Deposit}\n  - {name: duration",
        )
    )
    contract = load_contract(path)
    place = contract.fields.index("subscribed")
    assert contract.fields[place + 1] == "duration"
    assert contract.column("subscribed").label == "Deposit"


def test_a_final_outcome_needs_no_time_to_mature(write_contract):
    path = write_contract(BANK.replace("within_days: 90", "final: true"))
    assert load_contract(path).decisions.label_maturity_days == 0


def test_the_data_dictionary_describes_such_a_contract(bank):
    page = dictionary_page(bank)
    assert "| 7 | called on | `called_on` | date | DATE |" in page


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('["yes"], negative: ["no"], within', "[yes], negative: [no], within", "truth value; put it in quotes"),
        ("known_at: outcome", "known_att: outcome", "did you mean 'known_at'?"),
        ("delimiter: semicolon", "delimeter: semicolon", "did you mean 'delimiter'?"),
        ("key: {row: true}", "key: customer", "'key' names 'customer', which is not a column"),
        ("key: {row: true}", "key: {}", "write either 'columns: [...]' or 'row: true'"),
        ("clock: {row: true}", "clock: default", "must be a column of numbers, dates or moments"),
        ('negative: ["no"], within', 'negative: ["yes"], within', "yes stands in 'positive' and in 'negative'"),
        ('["", unknown]', '["", "yes"]', "'null_tokens' has yes, which is a level of"),
        ("aliases: [call date]", "aliases: [age]", "the header 'age' means the columns age and called_on"),
        ("drift: {share: 0.4", "drift: {shares: 0.4", "'decisions.drift' has no key 'shares'; it has share"),
        ("max_superseded_share: 0.2", "missed_lead_hours: 2", "'decisions' says missed_lead_hours twice"),
        ('thousands: "."', 'thousands: ","', "'decimal' and 'thousands' are both ','"),
        ("delimiter: semicolon", "encoding: utf-7b", "Python does not know"),
        ("format: 2", "format: 3", "format 3 is not known"),
        ("{name: age, type: integer}", "{name: 2026-01-31, type: integer}", "YAML reads this as a date"),
        ("{name: age, type: integer}", "{name: age, type: integer}\n\t- {}", "not readable as YAML"),
        ("within_days: 90", "within_days: 90, final: true", "write 'final' or 'within_days'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_what_to_write(write_contract, old, new, says):
    assert old in BANK
    path = write_contract(BANK.replace(old, new))
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    assert path in str(caught.value)
    assert says in str(caught.value)


def test_a_contract_of_format_1_is_read_with_a_warning(
    write_contract, small_yaml, caplog
):
    path = write_contract(small_yaml)
    load_contract(path)
    assert f"make contract UPGRADE={path}" in caplog.text


def test_two_headers_of_one_field_get_a_number(write_contract):
    path = write_contract(
        BANK
        + "  - {name: 日付, type: string}\n  - {name: 名前, type: string}\n"
    )
    assert load_contract(path).fields[-4:-2] == ("field", "field_2")


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Total Visits", "total_visits"),
        ("emp.var.rate", "emp_var_rate"),
        ("2nd call", "field_2nd_call"),
        ("Größe (cm)", "grosse_cm"),
        ("???", "field"),
        ("Default", "default_value"),
        ("日付", "field"),
    ],
)
def test_a_field_is_made_of_any_header(heading, field):
    assert field_of_heading(heading) == field
    assert field not in RESERVED
