"""Users, roles, owners and grants of Redshift, on the engine."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localaws.redshift.access import caller_of
from localaws.redshift.engine import Engine
from localaws.redshift.errors import RedshiftError
from localaws.redshift.session import Session

MAKER, READER = "maker", "reader"
Run = Callable[..., list[list[Any]]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Run statements as a role, each in a session of its own; the rows of the last one are returned."""
    engine = Engine("dev", None, lambda: None)

    def as_role(role: str, *sqls: str, roles: tuple[str, ...] = ()) -> Any:
        outcome = None
        with engine.session(caller_of(role, frozenset(roles))) as session:
            for sql in sqls:
                outcome = session.run(sql)
        records = outcome.result.records if outcome and outcome.result else ()
        return [[next(iter(cell.values())) for cell in row] for row in records]

    as_role(MAKER, "SELECT 1")  # a role's user is there once it has connected
    as_role(READER, "SELECT 1")
    as_role(MAKER, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (5)")
    yield as_role
    engine.close()


def refused(run: Run, role: str, sql: str) -> str:
    with pytest.raises(RedshiftError) as error:
        run(role, sql)
    return str(error.value)


def test_each_role_is_a_database_user_of_its_own(run):
    query = "SELECT current_user, user, session_user"
    assert run(MAKER, query) == [["IAMR:maker"] * 3]
    assert run("local", query) == [["IAM:local"] * 3]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "SELECT x.a FROM (SELECT a FROM public.t) x",
        "WITH c AS (SELECT * FROM t) SELECT * FROM c",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM t)",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "CREATE TABLE n AS SELECT * FROM t",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE n (LIKE t)",
        "GRANT SELECT ON t TO PUBLIC",
        "COPY t FROM 's3://b/x' IAM_ROLE default FORMAT PARQUET",
        "UNLOAD ('SELECT a FROM t') TO 's3://b/x' IAM_ROLE default FORMAT PARQUET",
    ],
)
def test_another_role_may_not_use_a_table(run, sql):
    assert refused(run, READER, sql) == (
        "ERROR: permission denied for relation t"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE t",
        "TRUNCATE t",
        "ALTER TABLE t ADD COLUMN b INT",
        "ALTER TABLE t RENAME TO n",
        'ALTER TABLE t OWNER TO "IAMR:reader"',
    ],
)
def test_only_the_owner_changes_a_table(run, sql):
    assert refused(run, READER, sql) == "ERROR: must be owner of relation t"


def test_the_accounts_owner_is_a_superuser(run):
    run("local", "INSERT INTO t VALUES (6)", "ALTER TABLE t ADD COLUMN b INT")
    assert run("local", "SELECT COUNT(*) FROM t") == [[2]]
    run("local", "DROP TABLE t")


def test_a_grant_gives_one_privilege_and_a_revoke_takes_it(run):
    run(MAKER, 'GRANT SELECT ON TABLE t TO "IAMR:reader"')
    assert run(READER, "SELECT * FROM t") == [[5]]
    assert "denied" in refused(run, READER, "INSERT INTO t VALUES (1)")
    run(MAKER, 'GRANT INSERT, UPDATE ON t TO "IAMR:reader"')
    run(READER, "INSERT INTO t VALUES (1)", "UPDATE t SET a = 2")
    assert "denied" in refused(run, READER, "DELETE FROM t")
    run(MAKER, 'REVOKE ALL PRIVILEGES ON t FROM "IAMR:reader"')
    assert "denied" in refused(run, READER, "SELECT * FROM t")


def test_a_role_carries_grants_to_its_members_and_to_their_roles(run):
    run("local", "CREATE ROLE inner_role", "CREATE ROLE outer_role")
    run(MAKER, "GRANT SELECT ON t TO ROLE inner_role")
    run("local", "GRANT ROLE inner_role TO ROLE outer_role")
    run("local", 'GRANT ROLE outer_role TO "IAMR:reader"')
    assert run(READER, "SELECT * FROM t") == [[5]]
    run("local", 'REVOKE ROLE outer_role FROM "IAMR:reader"')
    assert "denied" in refused(run, READER, "SELECT * FROM t")


def test_the_tag_of_an_iam_role_gives_it_database_roles(run):
    run("local", "CREATE ROLE readers")
    run(MAKER, "GRANT SELECT ON t TO ROLE readers")
    assert run(READER, "SELECT * FROM t", roles=("readers", "x")) == [[5]]


def test_public_means_everybody(run):
    run(MAKER, "GRANT SELECT ON t TO PUBLIC")
    assert run("somebody", "SELECT * FROM t") == [[5]]


def test_a_grant_with_grant_option_may_be_given_on(run):
    run("third", "SELECT 1")
    run(MAKER, 'GRANT SELECT ON t TO "IAMR:reader" WITH GRANT OPTION')
    run(READER, 'GRANT SELECT ON t TO "IAMR:third"')
    assert run("third", "SELECT * FROM t") == [[5]]
    run(MAKER, 'REVOKE GRANT OPTION FOR SELECT ON t FROM "IAMR:reader"')
    assert run(READER, "SELECT * FROM t") == [[5]]
    assert "denied" in refused(run, READER, "GRANT SELECT ON t TO PUBLIC")


def test_a_grant_on_all_tables_of_a_schema_is_on_those_that_are_there(run):
    run(MAKER, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC")
    run(MAKER, "CREATE TABLE later (a INT)")
    assert run(READER, "SELECT * FROM t") == [[5]]
    assert "denied" in refused(run, READER, "SELECT * FROM later")


def test_a_new_owner_has_all_rights_and_the_old_one_none(run):
    run(MAKER, 'ALTER TABLE t OWNER TO "IAMR:reader"')
    run(READER, "DROP TABLE t", "CREATE TABLE t (a INT)")
    assert "denied" in refused(run, MAKER, "SELECT * FROM t")


def test_a_view_is_read_with_its_owners_rights(run):
    run(
        MAKER, "CREATE VIEW v AS SELECT a FROM t", "GRANT SELECT ON v TO PUBLIC"
    )
    assert run(READER, "SELECT * FROM v") == [[5]]
    run("local", 'ALTER TABLE t OWNER TO "IAMR:reader"')
    assert refused(run, MAKER, "SELECT * FROM v") == (
        "ERROR: permission denied for relation t"
    )


def test_a_view_that_is_replaced_keeps_owner_and_grants(run):
    run(
        MAKER, "CREATE VIEW v AS SELECT a FROM t", "GRANT SELECT ON v TO PUBLIC"
    )
    run(MAKER, "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 0")
    assert run(READER, "SELECT * FROM v") == [[5]]
    assert "must be owner" in refused(
        run, READER, "CREATE OR REPLACE VIEW v AS SELECT 1 AS a"
    )


def test_a_table_that_is_made_again_has_no_grants_and_a_renamed_one_keeps_them(
    run,
):
    run(MAKER, "GRANT SELECT ON t TO PUBLIC", "ALTER TABLE t RENAME TO n")
    assert run(READER, "SELECT * FROM n") == [[5]]
    run(MAKER, "DROP TABLE n", "CREATE TABLE n (a INT)")
    assert "denied" in refused(run, READER, "SELECT * FROM n")


def test_temporary_tables_need_no_grant(run):
    made = ("CREATE TEMP TABLE n AS SELECT 1 AS a", "SELECT a FROM n")
    assert run(READER, *made) == [[1]]


def test_a_schema_belongs_to_who_made_it_and_asks_for_usage(run):
    assert "permission denied for database" in refused(
        run, MAKER, "CREATE SCHEMA mart"
    )
    run("local", 'GRANT CREATE ON DATABASE dev TO "IAMR:maker"')
    run(MAKER, "CREATE SCHEMA mart", "CREATE TABLE mart.t (a INT)")
    run(MAKER, "GRANT SELECT ON mart.t TO PUBLIC")
    for sql in ("SELECT * FROM mart.t", "CREATE TABLE mart.n (a INT)"):
        assert "permission denied for schema mart" in refused(run, READER, sql)
    run(MAKER, "GRANT USAGE ON SCHEMA mart TO PUBLIC")
    assert run(READER, "SELECT * FROM mart.t") == []


def test_create_on_public_can_be_revoked(run):
    run("local", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    assert "permission denied for schema public" in refused(
        run, READER, "CREATE TABLE n (a INT)"
    )


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("GRANT SELECT ON nope TO PUBLIC", 'relation "nope" does not exist'),
        ("GRANT SELECT ON t TO ROLE nope", 'role "nope" does not exist'),
        ("GRANT ROLE nope TO ROLE nope", 'role "nope" does not exist'),
        ("GRANT SELECT ON t TO nope", 'user "nope" does not exist'),
        ('ALTER TABLE t OWNER TO "IAMR:x"', 'user "IAMR:x" does not exist'),
        ("GRANT USAGE ON TABLE t TO PUBLIC", "invalid privilege type USAGE"),
        ("GRANT SELECT ON SCHEMA public TO PUBLIC", "invalid privilege"),
        ("GRANT USAGE ON SCHEMA nope TO PUBLIC", "does not exist"),
        ("GRANT SELECT ON t PUBLIC", 'syntax error at or near "public"'),
        ("GRANT SELECT ON t TO PUBLIC x", 'syntax error at or near "x"'),
        ("GRANT SELECT t TO PUBLIC", 'syntax error at or near "t"'),
        ("GRANT SELECT (a) ON t TO PUBLIC", "GRANT on columns is not supp"),
        ("GRANT SELECT ON t TO GROUP g", "GRANT to a group is not supported"),
        ("GRANT EXECUTE ON FUNCTION f() TO PUBLIC", "GRANT EXECUTE … is not"),
        ("GRANT SELECT ON t TO PUBLIC WITH GRANT OPTION", "to a user only"),
        ("DROP ROLE nope", 'role "nope" does not exist'),
        ("CREATE ROLE", 'syntax error at or near "end of input"'),
    ],
)
def test_a_grant_of_what_is_not_there_is_refused(run, sql, message):
    assert message in refused(run, "local", sql)


def test_only_an_administrator_makes_roles_and_each_once(run):
    assert "permission denied to create role" in refused(
        run, MAKER, "CREATE ROLE mine"
    )
    run("local", "CREATE ROLE mine")
    assert 'role "mine" already exists' in refused(
        run, "local", "CREATE ROLE mine"
    )
    run("local", "DROP ROLE mine")


def test_a_role_that_is_granted_is_dropped_by_force_only(run):
    run("local", "CREATE ROLE r", 'GRANT ROLE r TO "IAMR:reader"')
    assert "cannot be dropped" in refused(run, "local", "DROP ROLE r")
    run("local", "DROP ROLE r FORCE", "CREATE ROLE r")
    run(MAKER, "GRANT SELECT ON t TO ROLE r")
    assert "denied" in refused(run, READER, "SELECT * FROM t")


def grant_and_fail(session: Session) -> None:
    with session.transaction():
        session.run("CREATE ROLE r", in_transaction=True)
        session.run("GRANT SELECT ON t TO ROLE r", in_transaction=True)
        session.run("SELECT * FROM nope", in_transaction=True)


def test_what_a_transaction_grants_is_rolled_back_with_it():
    engine = Engine("dev", None, lambda: None)
    with engine.session() as session:
        session.run("CREATE TABLE t (a INT)")
        with pytest.raises(RedshiftError, match="nope"):
            grant_and_fail(session)
        session.run("CREATE ROLE r")
    reader = caller_of(READER, frozenset({"r"}))
    with (
        engine.session(reader) as session,
        pytest.raises(RedshiftError, match="denied"),
    ):
        session.run("SELECT * FROM t")
    engine.close()
