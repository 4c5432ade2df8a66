"""Transactions that a client begins and ends, on the engine."""

from collections.abc import Iterator

import pytest

from localaws.redshift.access import ADMINISTRATOR
from localaws.redshift.engine import Engine
from localaws.redshift.errors import RedshiftError
from localaws.redshift.session import Session
from localaws.redshift.transactions import TransactionCommand, read_transaction


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("dev", None, lambda: None)
    with engine.session() as session:
        session.run("CREATE TABLE t (a INT)")
    yield engine
    engine.close()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    session = engine.open(ADMINISTRATOR, is_kept=True)
    yield session
    session.close()


def count(engine: Engine) -> int:
    with engine.session() as session:
        result = session.run("SELECT COUNT(*) FROM t").result
    return int(result.records[0][0]["longValue"])


@pytest.mark.parametrize(
    ("sql", "action"),
    [
        ("BEGIN", "begin"),
        ("start transaction;", "begin"),
        ("BEGIN WORK ISOLATION LEVEL REPEATABLE READ", "begin"),
        ("begin read write", "begin"),
        ("COMMIT WORK", "commit"),
        ("END", "commit"),
        ("end transaction", "commit"),
        ("ROLLBACK", "rollback"),
        ("ABORT TRANSACTION", "rollback"),
    ],
)
def test_every_form_of_a_transactions_ends_is_read(sql, action):
    assert read_transaction(sql) == TransactionCommand(action)


def test_read_only_is_kept_and_other_statements_are_none_of_these():
    assert read_transaction("BEGIN READ ONLY") == TransactionCommand(
        "begin", is_read_only=True
    )
    assert read_transaction("SELECT 1") is None
    with pytest.raises(RedshiftError, match='near "faster"'):
        read_transaction("BEGIN faster")
    with pytest.raises(RedshiftError, match="syntax error"):
        read_transaction("START")


def test_nobody_sees_a_transaction_before_its_commit(engine, session):
    for sql in ("BEGIN", "INSERT INTO t VALUES (1)"):
        session.run(sql)
    assert count(engine) == 0
    session.run("COMMIT")
    assert count(engine) == 1


def test_rollback_takes_everything_back(engine, session):
    for sql in ("BEGIN", "INSERT INTO t VALUES (1)", "ROLLBACK"):
        session.run(sql)
    assert count(engine) == 0
    session.run("INSERT INTO t VALUES (1)")
    assert count(engine) == 1


def test_after_an_error_only_the_end_of_the_transaction_is_taken(
    engine, session
):
    for sql in ("BEGIN", "INSERT INTO t VALUES (1)"):
        session.run(sql)
    with pytest.raises(RedshiftError, match="nope"):
        session.run("SELECT * FROM nope")
    with pytest.raises(RedshiftError, match="current transaction is aborted"):
        session.run("SELECT 1")
    session.run("COMMIT")
    assert count(engine) == 0
    assert session.run("SELECT 1").rows == 1


def test_a_read_only_transaction_changes_nothing(session):
    session.run("BEGIN READ ONLY")
    session.run("SELECT a FROM t WHERE 'update' <> 'delete'")
    with pytest.raises(RedshiftError, match="transaction is read-only"):
        session.run("INSERT INTO t VALUES (1)")
    session.run("END")
    session.run("INSERT INTO t VALUES (1)")


def test_commit_and_rollback_outside_a_transaction_do_nothing(session):
    assert session.run("COMMIT").rows == 0
    assert session.run("ROLLBACK").rows == 0


@pytest.mark.parametrize("sql", ["BEGIN", "COMMIT", "ROLLBACK"])
def test_a_statement_alone_has_no_transaction_to_begin_or_end(engine, sql):
    with (
        engine.session() as session,
        pytest.raises(RedshiftError, match=f"{sql} alone"),
    ):
        session.run(sql)


def run_batch(session: Session, *sqls: str) -> None:
    with session.transaction():
        for sql in sqls:
            session.run(sql, in_transaction=True)


def test_a_batch_may_commit_before_its_end(engine):
    sqls = (
        "BEGIN",
        "INSERT INTO t VALUES (1)",
        "COMMIT",
        "INSERT INTO t VALUES (2)",
        "SELECT * FROM nope",
    )
    with engine.session() as session, pytest.raises(RedshiftError):
        run_batch(session, *sqls)
    assert count(engine) == 1


def test_truncate_ends_the_clients_transaction(engine, session):
    session.run("INSERT INTO t VALUES (1)")
    for sql in ("BEGIN", "TRUNCATE t", "ROLLBACK"):
        session.run(sql)
    assert count(engine) == 0


def test_an_open_transaction_lets_others_write_once_its_session_ends(engine):
    session = engine.open(ADMINISTRATOR, is_kept=True)
    for sql in ("BEGIN", "INSERT INTO t VALUES (1)"):
        session.run(sql)
    session.close()
    with engine.session() as other:
        other.run("INSERT INTO t VALUES (2)")
    assert count(engine) == 1


def test_a_lost_update_is_a_serializable_isolation_violation(engine, session):
    with engine.session() as other:
        other.run("INSERT INTO t VALUES (1)")
        session.run("BEGIN")
        session.run("SELECT * FROM t")
        other.run("UPDATE t SET a = 2")
    with pytest.raises(RedshiftError, match="Serializable isolation"):
        session.run("UPDATE t SET a = 3")
