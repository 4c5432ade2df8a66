"""The Data API client, against a server that executes SQL for real."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

import pytest
from botocore.exceptions import ClientError

from include.settings import RedshiftSettings, Settings
from include.warehouse.client import Warehouse
from include.warehouse.errors import WarehouseError


def test_rows_come_back_typed_by_column_name(warehouse):
    rows = warehouse.query(
        "SELECT 1 AS n, 0.5::float8 AS rate, 'a' AS name, NULL::integer AS gap, true AS yes"
    )
    assert rows == [
        {"n": 1, "rate": 0.5, "name": "a", "gap": None, "yes": True}
    ]


def test_parameters_reach_the_statement(warehouse):
    sql = "SELECT CAST(:number AS INTEGER) AS n, CAST(:text AS VARCHAR) AS t"
    assert warehouse.query(sql, number=7, text="it's") == [
        {"n": 7, "t": "it's"}
    ]


def test_a_parameter_without_value_is_refused(warehouse):
    with pytest.raises(ValueError, match="parameter who is None"):
        warehouse.query("SELECT :who", who=None)


def test_a_result_of_many_pages_is_complete(warehouse, contract):
    table = f"public.{contract.names.table}"
    warehouse.execute(f"CREATE TABLE {table} (n INTEGER)")
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    tens = ", ".join(f"({digits}) AS t{place}" for place in range(4))
    warehouse.execute(
        f"INSERT INTO {table} SELECT t0.d + 10 * t1.d + 100 * t2.d + 1000 * t3.d FROM {tens}"
    )
    rows = warehouse.query(f"SELECT n FROM {table} ORDER BY n")
    assert [row["n"] for row in rows] == list(range(10_000))


def test_a_changing_statement_says_how_many_rows_it_changed(
    warehouse, contract
):
    table = f"public.{contract.names.table}"
    warehouse.execute(f"CREATE TABLE {table} (n INTEGER)")
    assert warehouse.execute(f"INSERT INTO {table} VALUES (1), (2), (3)") == 3
    assert (
        warehouse.query(f"CREATE TABLE IF NOT EXISTS {table} (n INTEGER)") == []
    )


def test_a_failed_statement_carries_its_id_and_the_engines_message(warehouse):
    with pytest.raises(WarehouseError, match="no_such_table") as caught:
        warehouse.query("SELECT * FROM no_such_table")
    assert caught.value.statement_id
    assert caught.value.statement_id in str(caught.value)


def test_a_transaction_takes_effect_as_a_whole(warehouse, contract):
    table = f"public.{contract.names.table}"
    warehouse.execute(f"CREATE TABLE {table} (n INTEGER)")
    with pytest.raises(WarehouseError, match="nonsense"):
        warehouse.transaction(
            [
                f"INSERT INTO {table} VALUES (1)",
                f"INSERT INTO {table} SELECT nonsense",
            ]
        )
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {table}") == [{"n": 0}]
    warehouse.transaction(
        [f"INSERT INTO {table} VALUES (1)", f"INSERT INTO {table} VALUES (2)"]
    )
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {table}") == [{"n": 2}]


def test_a_wrong_database_is_a_warehouse_error(warehouse):
    with pytest.raises(WarehouseError, match="(?i)nowhere|database"):
        Warehouse(
            Settings(redshift=RedshiftSettings(database="nowhere"))
        ).query("SELECT 1")


class Scripted:
    """Answers like the service for a script of statuses and errors, where the real one cannot be made to."""

    def __init__(self, statuses, busy=0):
        self.statuses, self.busy, self.cancelled = list(statuses), busy, []

    def execute_statement(self, **request):
        if self.busy:
            self.busy -= 1
            raise ClientError(
                {"Error": {"Code": "ActiveStatementsExceededException"}},
                "ExecuteStatement",
            )
        return {"Id": "statement-1"}

    def describe_statement(self, Id):  # noqa: N803 - boto3's name
        status = (
            self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        )
        return {
            "Id": Id,
            "Status": status,
            "HasResultSet": False,
            "ResultRows": 1,
        }

    def cancel_statement(self, Id):  # noqa: N803
        self.cancelled.append(Id)
        return {"Status": True}


def scripted(monkeypatch, service, **options):
    monkeypatch.setattr(
        "include.warehouse.client.aws_client",
        lambda service_name, region: service,
    )
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    return Warehouse(Settings(), **options)


def test_a_busy_service_is_asked_again(monkeypatch):
    service = Scripted(["SUBMITTED", "STARTED", "FINISHED"], busy=3)
    assert scripted(monkeypatch, service).execute("SELECT 1") == 1
    assert service.busy == 0


def test_a_service_that_stays_busy_is_a_warehouse_error(monkeypatch):
    with pytest.raises(WarehouseError, match="ActiveStatementsExceeded"):
        scripted(monkeypatch, Scripted(["FINISHED"], busy=99)).execute(
            "SELECT 1"
        )


def test_a_statement_that_runs_out_of_time_is_cancelled(monkeypatch):
    service = Scripted(["STARTED"])
    with pytest.raises(WarehouseError, match="not finished after 0.01 s"):
        scripted(monkeypatch, service, timeout=0.01).execute("SELECT 1")
    assert service.cancelled == ["statement-1"]


def test_an_aborted_statement_is_a_warehouse_error(monkeypatch):
    with pytest.raises(WarehouseError, match="statement statement-1: ABORTED"):
        scripted(monkeypatch, Scripted(["ABORTED"])).execute("SELECT 1")
