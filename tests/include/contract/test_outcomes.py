"""Contracts of several outcomes: one contract, a view for each outcome, and what each mistake is called."""

import json

import pytest

from include.contract import Contract, ContractError, KnownAt, load_contract
from include.contract.derived.ddl import leads_columns, staging_columns
from include.contract.derived.shown import outcome_columns
from include.contract.format.document import ContractDocument
from include.contract.in_force import check_apart, tables_of
from include.glue.job_contract import parse_contract as parse_job_contract
from include.settings import S3Settings

ONE = """
format: 2
contract: loans
key: {row: true}
clock: asked_on
outcomes:
  - {name: applied, column: applied, within_days: 60}
decisions:
  floors: {contact: {roc_auc: 0.7}}
  policy: {name: cost, missed_lead_hours: 3}
columns:
  - {name: asked on, type: date}
  - {name: amount, type: number, known_at: capture}
  - {name: calls, type: integer}
"""
SECOND = (
    "  - {name: paid_back, column: paid back, given: applied, within_days: 365, "
    "decisions: {floors: {contact: {roc_auc: 0.6}}}}\n"
)
TWO = ONE.replace("decisions:\n", f"{SECOND}decisions:\n", 1)


@pytest.fixture
def one(write_contract):
    return load_contract(write_contract(ONE))


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "loans.yaml"
    path.write_text(TWO)
    return load_contract(str(path))


@pytest.fixture
def paid_back(two):
    return two.for_outcome("paid_back")


def test_a_contract_of_one_outcome_is_its_only_view(one):
    assert one.outcomes == ()
    assert one.labels == ("applied",)
    assert one.outcome == ""
    assert one.views == (one,)
    assert one.for_outcome() is one
    assert one.for_outcome("applied") is one


def test_the_first_outcome_keeps_every_name_and_decision(one, two):
    assert two.label == one.label
    assert two.outcome == ""
    assert two.names == one.names
    assert two.decisions == one.decisions
    assert two.model_name(KnownAt.CAPTURE) == one.model_name(KnownAt.CAPTURE)
    names = dict(leads_columns(two))
    assert list(names)[-4:-2] == ["label_at", "label_source_changed_at"]


def test_another_outcome_has_models_and_tables_of_its_own(two, paid_back):
    assert paid_back.label == paid_back.outcome == "paid_back"
    assert paid_back.given == "applied"
    assert paid_back.model_name() == "loans-classifier-paid-back"
    early = paid_back.model_name(KnownAt.CAPTURE)
    assert early == "loans-classifier-paid-back-capture"
    assert paid_back.names.experiment == "Loans leads paid_back"
    assert paid_back.names.scores_table == "loans_scores_paid_back"
    assert paid_back.names.table == two.names.table
    assert paid_back.names.prefix == two.names.prefix
    tables = tables_of(two)
    assert len(tables) == len(set(tables))
    assert "loans_scores_paid_back" in tables


def test_an_outcome_decides_for_itself_where_it_says_so(two, paid_back):
    assert two.decisions.floors_contact == {"roc_auc": 0.7}
    assert paid_back.decisions.floors_contact == {"roc_auc": 0.6}
    assert paid_back.decisions.missed_lead_hours == 3
    assert two.decisions.label_maturity_days == 60
    assert paid_back.decisions.label_maturity_days == 365


def test_no_outcome_helps_to_predict_another(two, paid_back):
    for view in (two, paid_back):
        fields = [column.field for column in view.features()]
        assert fields == ["amount", "calls"]
        assert {"applied", "paid_back"} < view.roles


def test_all_views_have_one_table_of_leads(two, paid_back):
    assert leads_columns(paid_back) == leads_columns(two)
    assert staging_columns(paid_back) == staging_columns(two)
    names = [name for name, _ in leads_columns(two)]
    assert names[-2:] == [
        "paid_back_label_at",
        "paid_back_label_source_changed_at",
    ]


def test_a_view_travels_as_json_and_leads_back_to_the_main_one(two, paid_back):
    copy = Contract.model_validate(json.loads(paid_back.model_dump_json()))
    assert copy == paid_back
    assert copy.for_outcome() == two


def test_a_late_outcome_does_not_make_a_row_another_lead(two):
    contract = parse_job_contract(two.model_dump_json())
    fields = [contract.fields[place] for place in contract.digested_positions]
    assert fields == ["asked_on", "amount", "calls"]


def test_an_outcome_that_is_not_there_is_named_with_those_that_are(two):
    with pytest.raises(ContractError, match="'won'; there are applied, paid_b"):
        two.for_outcome("won")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: paid_back", "name: applied", "two 'outcomes' have the name"),
        ("column: paid back", "column: Applied", "both read from the column"),
        ("given: applied", "given: won", "no outcome listed before it"),
        ("given: applied", "given: paid_back", "no outcome listed before it"),
        ("name: paid_back", "name: capture", "a moment of a lead's life"),
        ("{floors: {c", "{floor: {c", "outcomes.1.decisions.floor"),
        ("given: applied", "given: applied, source: crm", "no 'sources'"),
        ("name: amount", "name: paid_back_label_at", "share the name"),
    ],
)
def test_a_mistake_is_named(write_contract, old, new, says):
    assert old in TWO
    with pytest.raises(ContractError, match=says):
        load_contract(write_contract(TWO.replace(old, new)))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("calls", "'value' must be a column of numbers that is known before"),
        ("paid back", "'value' must be a column of numbers that is known"),
        ("price", "'value' names 'price'"),
    ],
)
def test_a_value_is_a_number_that_is_known_before(write_contract, value, says):
    late = TWO.replace(
        "name: calls, type: integer", "name: calls, type: category"
    )
    with pytest.raises(ContractError, match=says):
        load_contract(write_contract(f"{late}value: {value}\n"))


def test_probabilities_are_multiplied_of_outcomes_that_follow_one_another(
    write_contract,
):
    valued = f"{TWO}value: amount\n"
    independent = valued.replace("given: applied, ", "")
    with pytest.raises(ContractError, match="write 'given: applied'"):
        load_contract(write_contract(independent))


def test_a_value_stands_beside_outcomes_that_follow_one_another(write_contract):
    contract = load_contract(write_contract(f"{TWO}value: amount\n"))
    assert contract.value == contract.for_outcome("paid_back").value == "amount"


def test_the_list_of_leads_shows_each_outcome_and_the_expected_value(
    two, write_contract
):
    assert outcome_columns(two) == (
        "paid_back_score",
        "paid_back_reasons",
        "paid_back_stage",
        "paid_back_model_version",
    )
    valued = load_contract(write_contract(f"{ONE}value: Amount\n"))
    assert valued.value == "amount"
    assert outcome_columns(valued) == ("expected_value",)


def test_an_outcome_that_the_file_describes_keeps_its_place(write_contract):
    described = TWO + "  - {name: paid back, type: boolean, label: Repaid}\n"
    column = load_contract(write_contract(described)).column("paid_back")
    assert column.label == "Repaid"
    assert column.type == "integer"
    assert column.known_at is KnownAt.OUTCOME


def test_two_contracts_never_share_what_belongs_to_an_outcome(two):
    taken = two.names.model_copy(
        update={
            "table": "others",
            "scores_table": "loans_scores_paid_back",
            "prefix": "others/",
        }
    )
    other = two.model_copy(
        update={"contract": "others", "names": taken, "outcomes": ()}
    )
    with pytest.raises(ContractError, match="'loans_scores_paid_back'"):
        check_apart([two, other], S3Settings())


def test_the_document_says_what_an_outcome_may_have():
    fields = ContractDocument.model_fields["outcomes"]
    assert "main outcome first" in str(fields.description)
