"""Sessions of the Data API that live on between calls."""

# ruff: noqa: S608 - the tests name their own tables

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.redshift import kept_sessions
from localaws.redshift.access import ADMINISTRATOR
from localaws.redshift.engine import Engine
from localaws.redshift.errors import TooManySessionsError
from localaws.redshift.kept_sessions import KeptSessions
from tests.localaws.redshift.test_backend import MANY

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def session(data_api, warehouse) -> Iterator[str]:
    """A session that is kept for a minute."""
    answer = data_api.execute_statement(
        Sql="SELECT 1", SessionKeepAliveSeconds=60, **warehouse.target
    )
    warehouse.wait(answer["Id"])
    yield answer["SessionId"]
    data_api.execute_statement(
        Sql="ROLLBACK", SessionId=answer["SessionId"], SessionKeepAliveSeconds=0
    )


@pytest.fixture
def run(data_api, warehouse, session) -> Run:
    def in_session(sql: str, **members: Any) -> dict[str, Any]:
        answer = data_api.execute_statement(
            Sql=sql, SessionId=session, **members
        )
        return warehouse.wait(answer["Id"])

    return in_session


def test_temporary_tables_live_as_long_as_the_session(run, warehouse, session):
    described = run("CREATE TEMP TABLE scratch AS SELECT 5 AS a")
    assert described["SessionId"] == session
    assert run("SELECT a FROM scratch")["ResultRows"] == 1
    assert warehouse.run("SELECT a FROM scratch")["Status"] == "FAILED"


def test_a_transaction_goes_over_several_calls(run, warehouse, table):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER)")
    for sql in ("BEGIN", f"INSERT INTO {table} VALUES (1)"):
        assert run(sql)["Status"] == "FINISHED"
    assert warehouse.rows(f"SELECT COUNT(*) FROM {table}") == [[0]]
    assert run("SELECT * FROM nope")["Status"] == "FAILED"
    assert "transaction is aborted" in run("SELECT 1")["Error"]
    assert run("ROLLBACK")["Status"] == "FINISHED"
    for sql in ("BEGIN", f"INSERT INTO {table} VALUES (1)", "COMMIT"):
        run(sql)
    assert warehouse.rows(f"SELECT COUNT(*) FROM {table}") == [[1]]


def test_begin_alone_is_refused(warehouse):
    assert "BEGIN alone" in warehouse.run("BEGIN")["Error"]


def test_a_batch_runs_in_a_session_too(data_api, warehouse, run, session):
    run("CREATE TEMP TABLE scratch (a INTEGER)")
    answer = data_api.batch_execute_statement(
        Sqls=["INSERT INTO scratch VALUES (7)", "SELECT a FROM scratch"],
        SessionId=session,
    )
    described = warehouse.wait(answer["Id"])
    assert described["Status"] == "FINISHED"
    assert run("SELECT a FROM scratch")["ResultRows"] == 1


def test_a_session_runs_one_statement_at_a_time(data_api, warehouse, session):
    running = data_api.execute_statement(Sql=MANY, SessionId=session)["Id"]
    with pytest.raises(ClientError, match=r"ValidationException.*busy"):
        data_api.execute_statement(Sql="SELECT 1", SessionId=session)
    data_api.cancel_statement(Id=running)
    warehouse.wait(running)
    for _ in range(100):
        try:
            answer = data_api.execute_statement(
                Sql="SELECT 1", SessionId=session
            )
            break
        except ClientError:
            time.sleep(0.05)
    assert warehouse.wait(answer["Id"])["Status"] == "FINISHED"


def test_a_session_expires_when_nobody_uses_it(data_api, warehouse, table):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER)")
    answer = data_api.execute_statement(
        Sql="BEGIN", SessionKeepAliveSeconds=1, **warehouse.target
    )
    warehouse.wait(answer["Id"])
    insertion = data_api.execute_statement(
        Sql=f"INSERT INTO {table} VALUES (1)", SessionId=answer["SessionId"]
    )
    warehouse.wait(insertion["Id"])
    # This write waits for the one that the session has not committed, and which its end rolls back.
    warehouse.ok(f"INSERT INTO {table} VALUES (2)")
    assert warehouse.rows(f"SELECT a FROM {table}") == [[2]]
    with pytest.raises(ClientError, match=r"ValidationException.*expired"):
        data_api.execute_statement(
            Sql="SELECT 1", SessionId=answer["SessionId"]
        )


def test_an_unknown_session_and_one_of_another_role_are_refused(
    data_api, as_role, session
):
    with pytest.raises(ClientError, match="ValidationException"):
        data_api.execute_statement(Sql="SELECT 1", SessionId=str(uuid.uuid4()))
    with pytest.raises(ClientError, match="ValidationException"):
        as_role("stranger").api.execute_statement(
            Sql="SELECT 1", SessionId=session
        )


def test_a_call_without_keep_alive_has_no_session(data_api, warehouse):
    answer = data_api.execute_statement(
        Sql="SELECT 1", SessionKeepAliveSeconds=0, **warehouse.target
    )
    assert "SessionId" not in answer


def test_a_workgroup_keeps_so_many_sessions_and_no_more(monkeypatch):
    monkeypatch.setattr(kept_sessions, "MOST_SESSIONS", 1)
    engine = Engine("dev", None, lambda: None)
    sessions = KeptSessions(engine)
    sessions.open(ADMINISTRATOR, "dev", 60, "a")
    with pytest.raises(TooManySessionsError):
        sessions.open(ADMINISTRATOR, "dev", 60, "b")
    sessions.close()
    engine.close()
