"""The Data API against plain boto3 calls."""

# ruff: noqa: S608 - the tests name their own tables

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

MANY = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)
SELECT COUNT(*) FROM numbers a, numbers b, numbers c, numbers d WHERE a.n + b.n + c.n + d.n < 0
"""


def test_a_select_gives_typed_cells_and_described_columns(warehouse, data_api):
    described = warehouse.run(
        "SELECT 1 AS whole, 1.5::float8 AS number, 'x' AS letter, true AS yes, NULL::int AS nothing, "
        "12.50::decimal(10,2) AS price, '2026-01-02 03:04:05.120'::timestamp AS moment, '2026-01-02'::date AS day"
    )
    answer = data_api.get_statement_result(Id=described["Id"])
    assert answer["Records"] == [
        [
            {"longValue": 1},
            {"doubleValue": 1.5},
            {"stringValue": "x"},
            {"booleanValue": True},
            {"isNull": True},
            {"stringValue": "12.50"},
            {"stringValue": "2026-01-02 03:04:05.12"},
            {"stringValue": "2026-01-02"},
        ]
    ]
    assert [column["name"] for column in answer["ColumnMetadata"]][:3] == [
        "whole",
        "number",
        "letter",
    ]
    assert [column["typeName"] for column in answer["ColumnMetadata"]] == [
        "int4", "float8", "varchar", "bool", "int4", "numeric", "timestamp", "date",
    ]  # fmt: skip
    assert answer["TotalNumRows"] == 1
    assert described["HasResultSet"] is True
    assert described["ResultRows"] == 1


def test_unnamed_columns_get_redshifts_names(warehouse, data_api):
    described = warehouse.run(
        "SELECT COUNT(*), SUM(x), MAX(x)::int, x + 1, GETDATE() FROM (SELECT 1 AS x) GROUP BY x"
    )
    columns = data_api.get_statement_result(Id=described["Id"])[
        "ColumnMetadata"
    ]
    assert [column["name"] for column in columns] == [
        "count",
        "sum",
        "max",
        "?column?",
        "getdate",
    ]


def test_long_results_come_in_pages(warehouse):
    assert warehouse.rows(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500) "
        "SELECT n FROM numbers ORDER BY 1"
    ) == [[n] for n in range(1, 2501)]


def test_named_parameters_are_values_never_sql(warehouse, table):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER, b VARCHAR(40))")
    warehouse.run(
        f"INSERT INTO {table} VALUES (:a, :b)", a="7", b="it's; DROP TABLE x --"
    )
    assert warehouse.rows(
        f"SELECT b FROM {table} WHERE a = :a LIMIT :n", a="7", n="1"
    ) == [["it's; DROP TABLE x --"]]


def test_a_parameter_that_the_sql_does_not_use_is_refused(warehouse):
    with pytest.raises(
        ClientError, match=r"ValidationException.*unused parameters.*nope"
    ):
        warehouse.run("SELECT 1", nope="1")


def test_rows_affected_are_reported_without_a_result_set(
    warehouse, data_api, table
):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER)")
    described = warehouse.run(f"INSERT INTO {table} VALUES (1), (2)")
    assert (described["ResultRows"], described["HasResultSet"]) == (2, False)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        data_api.get_statement_result(Id=described["Id"])


def test_a_failed_statement_carries_the_engines_message(warehouse):
    described = warehouse.run("SELECT * FROM no_such_table")
    assert described["Status"] == "FAILED"
    assert "no_such_table" in described["Error"]


@pytest.mark.parametrize(
    "source",
    [
        "read_text('/etc/hostname')",
        "read_csv('/etc/passwd')",
        "read_text('http://127.0.0.1:1/')",
    ],
)
def test_no_statement_reads_files_of_this_machine(warehouse, source):
    described = warehouse.run(f"SELECT * FROM {source}")
    assert described["Status"] == "FAILED"
    function = source.partition("(")[0]
    assert f"function {function}(" in described["Error"]
    assert "does not exist" in described["Error"]


def test_a_batch_is_one_transaction_and_rolls_back_as_a_whole(warehouse, table):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER NOT NULL)")
    described = warehouse.batch(
        f"INSERT INTO {table} VALUES (1)",
        f"INSERT INTO {table} VALUES (NULL)",
        f"INSERT INTO {table} VALUES (3)",
    )
    assert described["Status"] == "FAILED"
    assert [part["Status"] for part in described["SubStatements"]] == [
        "FINISHED",
        "FAILED",
        "ABORTED",
    ]
    assert "Cannot insert a NULL value into column a" in described["Error"]
    assert warehouse.rows(f"SELECT COUNT(*) FROM {table}") == [[0]]


def test_results_of_a_batch_are_read_by_sub_statement(
    warehouse, data_api, table
):
    described = warehouse.batch(
        f"CREATE TABLE {table} (a INTEGER)", "SELECT 5", f"DROP TABLE {table}"
    )
    assert described["Status"] == "FINISHED"
    assert [part["Id"] for part in described["SubStatements"]] == [
        f"{described['Id']}:{n}" for n in (1, 2, 3)
    ]
    assert [part["HasResultSet"] for part in described["SubStatements"]] == [
        False,
        True,
        False,
    ]
    assert data_api.get_statement_result(Id=f"{described['Id']}:2")[
        "Records"
    ] == [[{"longValue": 5}]]


def test_truncate_commits_the_transaction_it_is_in(warehouse, table):
    warehouse.ok(
        f"CREATE TABLE {table} (a INTEGER)", f"INSERT INTO {table} VALUES (1)"
    )
    warehouse.batch(f"TRUNCATE {table}", "SELECT * FROM no_such_table")
    assert warehouse.rows(f"SELECT COUNT(*) FROM {table}") == [[0]]


def test_writers_of_one_table_wait_for_each_other(warehouse, table):
    warehouse.ok(
        f"CREATE TABLE {table} (a INTEGER)", f"INSERT INTO {table} VALUES (0)"
    )
    with ThreadPoolExecutor(4) as pool:
        ended = list(
            pool.map(warehouse.run, [f"UPDATE {table} SET a = a + 1"] * 8)
        )
    assert {described["Status"] for described in ended} == {"FINISHED"}
    assert warehouse.rows(f"SELECT a FROM {table}") == [[8]]


def test_the_same_client_token_runs_once(data_api, warehouse, table):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER)")
    call = {
        "Sql": f"INSERT INTO {table} VALUES (1)",
        "ClientToken": f"token-{table}",
        **warehouse.target,
    }
    first, second = (data_api.execute_statement(**call)["Id"] for _ in range(2))
    assert first == second
    warehouse.wait(first)
    assert warehouse.rows(f"SELECT COUNT(*) FROM {table}") == [[1]]


def test_the_call_answers_at_once_and_a_running_query_can_be_cancelled(
    data_api, warehouse
):
    began = time.monotonic()
    statement_id = data_api.execute_statement(Sql=MANY, **warehouse.target)[
        "Id"
    ]
    assert time.monotonic() - began < 10
    assert data_api.describe_statement(Id=statement_id)["Status"] in (
        "SUBMITTED",
        "STARTED",
    )
    assert data_api.cancel_statement(Id=statement_id)["Status"] is True
    assert warehouse.wait(statement_id)["Status"] == "ABORTED"


def test_what_is_cancelled_at_any_moment_stays_undone(
    data_api, warehouse, table
):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER)")
    statuses = []
    for number in range(20):
        statement_id = data_api.execute_statement(
            Sql=f"INSERT INTO {table} VALUES ({number})", **warehouse.target
        )["Id"]
        time.sleep(number * 0.002)
        with suppress(ClientError):  # it may have finished already
            data_api.cancel_statement(Id=statement_id)
        statuses.append(warehouse.wait(statement_id)["Status"])
    done = [number for number in range(20) if statuses[number] == "FINISHED"]
    assert set(statuses) <= {"ABORTED", "FINISHED"}
    rows = warehouse.rows(f"SELECT a FROM {table} ORDER BY a")
    assert rows == [[number] for number in done]


def test_a_finished_statement_cannot_be_cancelled(data_api, warehouse):
    described = warehouse.run("SELECT 1")
    time.sleep(0.1)
    with pytest.raises(ClientError, match="already in FINISHED state"):
        data_api.cancel_statement(Id=described["Id"])


def test_statements_are_listed_by_name_newest_first(data_api, warehouse):
    ids = [
        data_api.execute_statement(
            Sql="SELECT 1", StatementName="nightly", **warehouse.target
        )["Id"]
        for _ in range(3)
    ]
    pages = data_api.get_paginator("list_statements").paginate(
        StatementName="night", Status="ALL", PaginationConfig={"PageSize": 2}
    )
    assert [item["Id"] for page in pages for item in page["Statements"]] == ids[
        ::-1
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"WorkgroupName": "other"}, "workgroup other"),
        ({"Sql": "SELECT 1; SELECT 2"}, "found 2"),
        ({"SessionKeepAliveSeconds": 86_401}, "less than or equal to 86400"),
    ],
)
def test_a_call_that_cannot_work_is_refused_with_the_reason(
    data_api, warehouse, change, message
):
    with pytest.raises(ClientError, match=rf"ValidationException.*{message}"):
        data_api.execute_statement(
            **({"Sql": "SELECT 1", **warehouse.target} | change)
        )


def test_another_database_is_a_failed_statement(data_api, warehouse):
    target = warehouse.target | {"Database": "prod"}
    described = warehouse.wait(
        data_api.execute_statement(Sql="SELECT 1", **target)["Id"]
    )
    assert (described["Status"], described["Error"]) == (
        "FAILED",
        'FATAL: database "prod" does not exist',
    )


def test_an_unknown_statement_is_not_found(data_api):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        data_api.describe_statement(Id="a0000000-0000-4000-8000-0000000000ab")
