"""The append-only table of promotions, in a warehouse that executes SQL for real."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

from datetime import UTC, datetime

import pytest

from include.promotion.ledger import enter
from include.promotion.record import DecisionSummary
from include.settings import settings
from include.warehouse.client import Warehouse

WHEN = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)
RECORD = {
    "decision_id": "run/contact", "model": "m", "stage": "contact", "version": "4", "champion_version": "3",
    "files_sha256": "0a1b", "verdict": "promote", "rule": "superiority", "mode": "approval",
    "report_uri": "s3://b/reports/gate/run/contact.json",
}  # fmt: skip
DECISION = DecisionSummary(**RECORD, reasons=("it is better",))


@pytest.fixture
def warehouse(statements, layout):
    made = Warehouse(settings(), timeout=60)
    made.execute(statements.render("create_promotions"))
    return made


@pytest.fixture
def rows(warehouse, contract):
    return lambda: warehouse.query(
        f"SELECT * FROM public.{contract.names.promotions_table} ORDER BY happened_at, act"
    )


def test_an_act_is_a_row_that_says_who_when_and_why(
    statements, warehouse, rows
):
    assert (
        enter(
            statements,
            warehouse,
            DECISION,
            "approved",
            "Asha",
            "looks right",
            WHEN,
        )
        == 1
    )
    (row,) = rows()
    assert str(row.pop("happened_at")).startswith("2026-03-01 05:30:00")
    uri = {"record_uri": RECORD["report_uri"]}
    known = {
        name: value for name, value in RECORD.items() if name != "report_uri"
    }
    assert row == known | uri | {
        "act": "approved",
        "actor": "Asha",
        "reason": "looks right",
    }


def test_a_decision_has_a_row_for_each_act(statements, warehouse, rows):
    for act in ("decided", "approved", "promoted"):
        enter(statements, warehouse, DECISION, act, "someone", "because", WHEN)
    assert [row["act"] for row in rows()] == ["approved", "decided", "promoted"]


def test_a_repeated_task_adds_no_row_and_changes_none(
    statements, warehouse, rows
):
    enter(
        statements,
        warehouse,
        DECISION,
        "promoted",
        "scheduled",
        "first try",
        WHEN,
    )
    before = rows()
    assert (
        enter(
            statements,
            warehouse,
            DECISION,
            "promoted",
            "someone else",
            "second try",
            WHEN.replace(hour=9),
        )
        == 0
    )
    assert rows() == before


def test_the_first_model_and_a_rollback_leave_empty_what_they_do_not_have(
    statements, warehouse, rows
):
    rollback = DECISION.model_copy(
        update={"champion_version": None, "rule": None, "mode": None}
    )
    enter(
        statements,
        warehouse,
        rollback,
        "rolled_back",
        "Asha",
        "calls in vain",
        WHEN,
    )
    (row,) = rows()
    assert (row["champion_version"], row["rule"], row["mode"]) == (
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    "reason",
    ["it's", r"back\slash", r"\'; DROP TABLE x", "100 % of :act", "≥ ü"],
)
def test_a_reason_is_free_text(statements, warehouse, rows, reason):
    enter(statements, warehouse, DECISION, "promoted", "Asha", reason, WHEN)
    assert [row["reason"] for row in rows()] == [reason]


def test_a_long_reason_is_cut_to_the_columns_bytes(statements, warehouse, rows):
    enter(statements, warehouse, DECISION, "promoted", "Asha", "≥" * 3000, WHEN)
    assert rows()[0]["reason"] == "≥" * 1365
