"""What a caller has said is taken back, in a warehouse that executes for real."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

from datetime import UTC, datetime

import pytest

from include.feedback.errors import UnknownCallerError
from include.feedback.withdraw import callers, main, withdraw

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def warehouse(warehouse_with, layout, contract):
    """Words of callers `crm` (two reps) and `desk`, and of a rep of before callers were kept, at 11:00 each."""
    made = warehouse_with(
        "create_leads",
        "create_scores",
        "create_feedback",
        "create_feedback_withdrawals",
    )
    words = [("crm", "asha"), ("crm", "ben"), ("desk", "asha"), (None, "chen")]
    rows = ", ".join(word(number, *who) for number, who in enumerate(words))
    made.execute(insert(contract, rows))
    return made


def word(number, caller, rep, stored_at="2026-02-01 11:00:00"):
    said_by = "NULL" if caller is None else f"'{caller}'"
    return (
        f"('{number}', 'a-1', '{rep}', 'too_low', '7', 'contact', 1, TIMESTAMP '{stored_at}', "
        f"TIMESTAMP '{stored_at}', {said_by}, TRUE)"
    )


def insert(contract, rows):
    names = (
        f"id, {contract.key}, rep, verdict, model_version, stage, rep_outcome, given_at, stored_at, said_by, "
        "lead_known"
    )
    return f"INSERT INTO public.{contract.names.feedback_table} ({names}) VALUES {rows}"


def flags(statements, warehouse):
    return {
        row["caller"]: row["flags"] for row in callers(statements, warehouse)
    }


def test_what_a_caller_said_counts_no_more_whatever_rep_it_called_itself(
    statements, warehouse
):
    assert withdraw(statements, warehouse, "crm", "a test key", NOON) == 2
    assert flags(statements, warehouse) == {"desk": 1, "rep:chen": 1}
    (counts,) = warehouse.query(statements.render("count_feedback"))
    assert counts["flags"] == 2
    verdicts = warehouse.query(statements.render("count_verdicts"))
    assert {row["rep"]: row["flags"] for row in verdicts} == {
        "asha": 1,
        "chen": 1,
    }


def test_what_a_caller_says_afterwards_counts(statements, warehouse, contract):
    withdraw(statements, warehouse, "crm", "a test key", NOON)
    later = word(9, "crm", "asha", "2026-02-01 12:00:01")
    warehouse.execute(insert(contract, later))
    assert flags(statements, warehouse)["crm"] == 1
    withdraw(statements, warehouse, "crm", "again", NOON.replace(hour=13))
    assert "crm" not in flags(statements, warehouse)


def test_a_rep_of_before_callers_were_kept_can_be_withdrawn(
    statements, warehouse
):
    assert withdraw(statements, warehouse, "rep:chen", "left", NOON) == 1
    assert "rep:chen" not in flags(statements, warehouse)


def test_an_unknown_caller_is_refused_with_the_known_ones(
    statements, warehouse
):
    with pytest.raises(UnknownCallerError, match="crm, desk, rep:chen"):
        withdraw(statements, warehouse, "cmr", "a slip", NOON)
    assert len(flags(statements, warehouse)) == 3


def test_the_command_lists_callers_withdraws_one_and_refuses_another(
    warehouse, statements, capsys
):
    assert main([]) == 0
    assert "2     2  crm" in capsys.readouterr().out
    assert main(["crm", "--reason", "it's a test"]) == 0
    assert "2 words of crm" in capsys.readouterr().out
    assert flags(statements, warehouse) == {"desk": 1, "rep:chen": 1}
    assert main(["crm"]) == 1
    assert "said by 'crm'" in capsys.readouterr().err
