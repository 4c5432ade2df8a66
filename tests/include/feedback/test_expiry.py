"""Leads are erased when their outcome is old, in a warehouse that works for real."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

from datetime import UTC, datetime

import pytest

from include.feedback.expiry import erase_expired

BEFORE = datetime(2025, 11, 30, tzinfo=UTC)
LEADS = {
    "old": ("1", "2025-11-29 00:00:00"),
    "recent": ("1", "2025-12-01 00:00:00"),
    "open": ("NULL", None),
}


@pytest.fixture
def warehouse(warehouse_with, contract):
    """Leads of three ages, all ingested years ago and said of then; and words on a lead that is not there."""
    made = warehouse_with("create_leads", "create_scores", "create_feedback")
    names = contract.names
    for key, (label, label_at) in LEADS.items():
        moment = f"TIMESTAMP '{label_at}'" if label_at else "NULL"
        made.execute(
            f"INSERT INTO public.{names.table} ({contract.key}, {contract.label}, ingested_at, label_at) "
            f"VALUES ('{key}', {label}, TIMESTAMP '2020-01-01 00:00:00', {moment})"
        )
    for number, key in enumerate((*LEADS, "unknown")):
        made.execute(
            f"INSERT INTO public.{names.feedback_table} (id, {contract.key}, rep, verdict, model_version, given_at, "
            f"stored_at, lead_known) VALUES ('{number}', '{key}', 'r', 'right', '7', "
            "TIMESTAMP '2020-01-02 00:00:00', TIMESTAMP '2020-01-02 00:00:00', TRUE)"
        )
        made.execute(
            f"INSERT INTO public.{names.scores_table} ({contract.key}, score, probability, prediction, tier, stage, "
            f"model_version, run_id, scored_at) VALUES ('{key}', 1, 0.01, 0, 'C', 'contact', '7', 'r', "
            "TIMESTAMP '2020-01-02 00:00:00')"
        )
    return made


def keys_in(warehouse, contract, table):
    rows = warehouse.query(f"SELECT {contract.key} AS key FROM public.{table}")
    return {row["key"] for row in rows}


def test_leads_go_with_all_that_was_said_of_them_when_their_outcome_is_old(
    warehouse, statements, contract
):
    result = erase_expired(statements, warehouse, BEFORE)
    names = contract.names
    assert keys_in(warehouse, contract, names.table) == {"recent", "open"}
    assert keys_in(warehouse, contract, names.feedback_table) == {
        "recent",
        "open",
    }
    assert "old" not in keys_in(warehouse, contract, names.scores_table)
    assert result["leads"] == 1
    assert any("snapshots" in line for line in result["stays"])
    again = erase_expired(statements, warehouse, BEFORE)
    assert again["leads"] == 0
