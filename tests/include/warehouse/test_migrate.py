"""Tables of an earlier version, brought up to date."""

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from include.contract.derived.ddl import leads_columns, staging_columns
from include.feedback.collect import collect
from include.feedback.verdicts import keep, said
from include.warehouse import migrate
from include.warehouse.errors import ColumnOrderError
from include.warehouse.migrate import add_missing_columns, read_create

CREATES = (
    "create_leads",
    "create_staging",
    "create_scores",
    "create_drift_metrics",
    "create_promotions",
)


@pytest.fixture
def old(statements, warehouse):
    """Makes a table as the file has it, less some columns."""

    def make(name: str, *without: str) -> str:
        table = read_create(statements.render(name))
        kept = [
            f"{column} {kind}"
            for column, kind in table.columns.items()
            if column not in without
        ]
        warehouse.execute(f"CREATE TABLE {table.name} ({', '.join(kept)})")
        return table.name

    return make


@pytest.fixture
def columns(statements, warehouse):
    """The columns that a file's table has in the warehouse."""
    return lambda name: migrate._present_columns(
        statements, warehouse, read_create(statements.render(name))
    )


def test_every_create_statement_is_read_column_by_column(
    statements, layout, contract
):
    names = [
        file.name[:-4]
        for file in files("include.warehouse").joinpath("sql").iterdir()
        if "create_" in file.name
    ]
    creates = {name: statements.render(name) for name in names}
    assert {
        name for name, sql in creates.items() if "VIEW" in sql.split("\n")[0]
    } == {"create_current_scores"}
    tables = {
        name: read_create(sql)
        for name, sql in creates.items()
        if name != "create_current_scores"
    }
    assert all(tables[name].columns for name in tables)
    assert list(tables["create_leads"].columns.items()) == list(
        leads_columns(contract)
    )
    assert list(tables["create_staging"].columns.items()) == list(
        staging_columns(contract)
    )
    assert tables["create_scores"].columns["probability"] == "DOUBLE PRECISION"
    assert tables["create_promotions"].columns["reason"] == "VARCHAR(4096)"


def test_a_statement_that_creates_no_table_is_refused(statements, layout):
    with pytest.raises(ValueError, match="one column a line"):
        read_create(statements.render("clear_staging"))


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("create_leads", "label_at"),
        ("create_scores", "scored_at"),
        ("create_drift_metrics", "confirmed"),
        ("create_promotions", "rule"),
        ("create_feedback", "stage"),
        ("create_feedback", "said_by"),
    ],
)
def test_a_column_that_the_table_lacks_is_added(
    statements, warehouse, old, columns, name, new
):
    table = old(name, new)
    (done,) = add_missing_columns(statements, warehouse, [name])
    assert done.startswith(f"ALTER TABLE {table} ADD COLUMN {new} ")
    assert sorted(columns(name)) == sorted(
        read_create(statements.render(name)).columns
    )


def test_rows_that_were_there_stay_with_the_new_column_empty(
    statements, warehouse, old, contract
):
    table = old("create_leads", "label_at")
    warehouse.execute(f"INSERT INTO {table} ({contract.key}) VALUES ('a')")  # noqa: S608
    add_missing_columns(statements, warehouse, ["create_leads"])
    assert warehouse.query(f"SELECT {contract.key}, label_at FROM {table}") == [
        {contract.key: "a", "label_at": None}
    ]


def test_a_second_migration_finds_nothing_to_do(statements, warehouse, old):
    old("create_drift_metrics", "triggers", "confirmed")
    assert (
        len(
            add_missing_columns(statements, warehouse, ["create_drift_metrics"])
        )
        == 2
    )
    assert (
        add_missing_columns(statements, warehouse, ["create_drift_metrics"])
        == []
    )


def test_tables_as_the_ddl_has_them_and_tables_that_are_not_there_are_left_alone(
    statements, warehouse, columns
):
    for name in CREATES[:2]:
        warehouse.execute(statements.render(name))
    assert add_missing_columns(statements, warehouse, CREATES) == []
    assert columns("create_scores") == []


def test_feedback_of_before_there_were_stages_stays_and_what_comes_after_it_has_one(
    statements, warehouse, layout, contract, old
):
    old("create_feedback", "stage")
    old("create_feedback_staging", "stage")
    names = f"id, {contract.key}, rep, verdict, model_version, given_at, stored_at, lead_known"
    moment = "TIMESTAMP '2026-02-01'"
    table = f"public.{contract.names.feedback_table}"
    warehouse.execute(
        f"INSERT INTO {table} ({names}) VALUES ('1', 'a', 'asha', 'right', '7', {moment}, {moment}, FALSE)"  # noqa: S608
    )
    add_missing_columns(
        statements, warehouse, ["create_feedback", "create_feedback_staging"]
    )
    word = {
        "lead": "b",
        "rep": "asha",
        "verdict": "right",
        "model_version": "7",
        "stage": "contact",
    }
    keep(said(word, datetime.now(UTC)), layout)
    collect(layout, statements, warehouse, "c")
    warehouse.transaction(
        [
            statements.render(name, run_id="c")
            for name in ("copy_feedback", "merge_feedback")
        ]
    )
    found = warehouse.query(
        f"SELECT {contract.key} AS lead, stage FROM {table} ORDER BY {contract.key}"
    )  # noqa: S608
    assert found == [
        {"lead": "a", "stage": None},
        {"lead": "b", "stage": "contact"},
    ]


def test_feedback_of_before_callers_were_kept_counts_by_its_rep(
    statements, warehouse, layout, contract, old
):
    old("create_feedback", "said_by")
    old("create_feedback_staging", "said_by")
    names = f"id, {contract.key}, rep, verdict, model_version, given_at, stored_at, lead_known"
    moment = "TIMESTAMP '2026-02-01'"
    table = f"public.{contract.names.feedback_table}"
    warehouse.execute(
        f"INSERT INTO {table} ({names}) VALUES ('1', 'a', 'asha', 'right', '7', {moment}, {moment}, FALSE)"  # noqa: S608
    )
    feedback = [
        "create_feedback",
        "create_feedback_staging",
        "create_feedback_withdrawals",
    ]
    warehouse.execute(statements.render(feedback[-1]))
    add_missing_columns(statements, warehouse, feedback)
    word = {
        "lead": "b",
        "rep": "asha",
        "verdict": "right",
        "model_version": "7",
    }
    keep(said(word, datetime.now(UTC), "crm"), layout)
    collect(layout, statements, warehouse, "c")
    warehouse.transaction(
        [
            statements.render(name, run_id="c")
            for name in ("copy_feedback", "merge_feedback")
        ]
    )
    rows = warehouse.query(statements.render("count_callers"))
    assert {row["caller"]: row["flags"] for row in rows} == {
        "rep:asha": 1,
        "crm": 1,
    }


def test_a_staging_table_that_differs_is_made_anew_in_the_order_of_a_load(
    statements, warehouse, old, columns, contract
):
    old("create_staging", "visits")
    add_missing_columns(statements, warehouse, ["create_staging"])
    assert columns("create_staging") == [
        name for name, _ in staging_columns(contract)
    ]


def test_a_new_column_in_the_middle_of_what_copy_fills_is_refused_and_nothing_is_changed(
    statements, warehouse, old, columns
):
    old("create_drift_metrics", "triggers")
    old("create_scores", "tier")
    with pytest.raises(
        ColumnOrderError,
        match="lacks tier.*at the end of include/warehouse/sql/create_scores.sql",
    ):
        add_missing_columns(
            statements, warehouse, ["create_drift_metrics", "create_scores"]
        )
    assert "triggers" not in columns("create_drift_metrics")
