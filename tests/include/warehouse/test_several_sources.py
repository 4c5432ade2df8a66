"""Loads of leads from several sources: the table follows withdrawn outcomes and merged leads."""

import numpy as np
import pandas as pd
import pytest

from include.contract import load_contract
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.settings import settings
from include.training.data.snapshot import final_leads
from include.warehouse.templates import Statements
from tests.include.contract.format.test_unification import STORY

DAYS = [pd.Timestamp(f"2026-01-0{day}T06:00:00") for day in (1, 2, 3)]


@pytest.fixture
def statements(warehouse):
    rendered = Statements(settings(), load_contract(str(STORY)))
    for name in ("create_leads", "create_staging"):
        warehouse.execute(rendered.render(name))
    table = f"public.{rendered.contract.names.table}"
    warehouse.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table, which all tests here share
    return rendered


@pytest.fixture
def load(statements, load_rows):
    """Loads rows as a run of a day writes them: `load(day, lead("a"), lead("b", converted=1))`."""

    def run(day, *leads):
        frame = pd.DataFrame(list(leads)).assign(source_changed_at=DAYS[day])
        load_rows(statements, frame, f"l{day}", f"2026-02-0{day + 1}T03:00:00")

    return run


@pytest.fixture
def rows(warehouse, statements):
    """All leads of the table by key."""
    table = f"public.{statements.contract.names.table}"

    def read():
        found = warehouse.query(f"SELECT * FROM {table}")  # noqa: S608 - our own table
        return {row["lead_id"]: row for row in found}

    return read


def lead(key, converted=np.nan, **columns):
    row = {"lead_id": key, "created_at": DAYS[0], "converted": converted}
    return row | columns


def test_an_outcome_that_is_withdrawn_after_it_was_loaded_leaves_the_table(
    load, rows
):
    load(0, lead("a", 1, approved=0), lead("b", 1))
    load(1, lead("a", label_withdrawn=1), lead("b", 1))
    row = rows()["a"]
    assert (row["converted"], row["approved"]) == (None, 0)
    assert row["label_at"] is None
    assert rows()["b"]["converted"] == 1
    load(2, lead("a", 0))
    assert rows()["a"]["converted"] == 0
    assert str(rows()["a"]["label_at"]).startswith("2026-02-03")


def test_an_outcome_that_a_load_does_not_bring_stays(load, rows):
    load(0, lead("a", 1))
    before = rows()["a"]
    load(1, lead("a", label_withdrawn=0))
    row = rows()["a"]
    assert (row["converted"], row["label_at"]) == (1, before["label_at"])


def test_a_withdrawal_that_is_older_than_the_outcome_changes_nothing(
    load, rows
):
    load(1, lead("a", 1))
    before = rows()
    load(0, lead("a", label_withdrawn=1))
    assert rows() == before


def test_each_outcome_is_withdrawn_by_itself(load, rows):
    load(0, lead("a", 1, approved=1))
    load(1, lead("a", 1, approved_label_withdrawn=1))
    row = rows()["a"]
    assert (row["converted"], row["approved"]) == (1, None)
    assert row["approved_label_at"] is None


def test_a_lead_that_becomes_another_one_after_both_were_loaded_is_counted_once(
    load, rows
):
    load(0, lead("a", employees=5), lead("b", 1, employees=7))
    load(1, lead("a", 1, employees=5), lead("b", lead_merged_into="a"))
    assert set(rows()) == {"a"}
    assert rows()["a"]["converted"] == 1
    load(2, lead("a", 1), lead("b", lead_merged_into="a"))
    assert set(rows()) == {"a"}


def test_the_table_of_leads_has_nothing_that_staging_alone_needs(load, rows):
    load(0, lead("a"))
    assert not {"lead_merged_into", "label_withdrawn"} & set(rows()["a"])


def test_a_lead_is_learnt_from_once_its_outcome_is_final(
    load, statements, warehouse
):
    for name in ("create_feedback", "create_feedback_withdrawals"):
        warehouse.execute(statements.render(name))
    young = DAYS[0] - pd.Timedelta(days=80)
    final = DAYS[0] - pd.Timedelta(days=81)
    load(
        0,
        lead("young and converted", 1, created_at=young),
        lead("young and lost", 0, created_at=young),
        lead("final", 1, created_at=final),
    )
    warehouse.execute(statements.render("unload_snapshot", run_id="final"))
    layout = Layout(statements.settings, statements.contract)
    learnt = read_parquet(layout.snapshot("final"))
    assert learnt["lead_id"].tolist() == ["final"]


def test_without_a_warehouse_the_same_leads_are_learnt_from(statements):
    final = DAYS[0] - pd.Timedelta(days=81)
    rows = [
        lead("young", 1, created_at=final + pd.Timedelta(seconds=1)),
        lead("open", created_at=final),
        lead("new", 1, created_at=final),
        lead("old", 0, created_at=final - pd.Timedelta(days=1)),
    ]
    leads = pd.DataFrame(rows).assign(source_changed_at=DAYS[0])
    learnt = final_leads(statements.contract, leads)
    assert learnt["lead_id"].tolist() == ["old", "new"]


def test_each_outcome_is_final_after_days_of_its_own(statements):
    approved = Statements(
        statements.settings, statements.contract.for_outcome("approved")
    )
    assert f"DATEADD(second, {81 * 86_400}, " in statements.render(
        "unload_snapshot", run_id="r"
    )
    assert f"DATEADD(second, {105 * 86_400}, " in approved.render(
        "unload_snapshot", run_id="r"
    )
