"""The statements of `bootstrap_platform`, run as the role of MWAA: what it makes is its own, and readers read it."""

from collections.abc import Iterator

import pytest

from include.contract import load_contract
from include.settings import settings
from include.warehouse.templates import Statements
from infra.smoke.warehouse import TABLES, VIEWS
from localaws.redshift.access import Caller, caller_of
from localaws.redshift.engine import Engine
from localaws.redshift.errors import RedshiftError
from localaws.roles import API_ROLE, MWAA_ROLE

MWAA = caller_of(MWAA_ROLE)
READER = caller_of("studio", frozenset({settings().redshift.reader_role}))
CONTRACT = load_contract(settings().contract)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A warehouse after the DAG's second run, which makes the views anew."""
    roles = (settings().redshift.reader_role,)
    engine = Engine("dev", None, lambda: None, roles)
    statements = Statements(settings(), CONTRACT)
    with engine.session(MWAA) as session:
        for name in (*TABLES, *VIEWS, *VIEWS, "grant_reading"):
            session.run(statements.render(name))
    yield engine
    engine.close()


def count(engine: Engine, caller: Caller, table: str) -> int:
    with engine.session(caller) as session:
        return session.run(f"SELECT * FROM public.{table}").rows  # noqa: S608 - our own table


def test_readers_read_tables_and_views_but_not_what_copy_fills(engine):
    names = CONTRACT.names
    for table in (names.table, names.scores_table, f"{names.scores_table}_current"):  # fmt: skip
        assert count(engine, READER, table) == 0
    with pytest.raises(RedshiftError, match="permission denied for relation"):
        count(engine, READER, f"{names.table}_staging")


def test_no_other_role_reads_anything(engine):
    with pytest.raises(RedshiftError, match="permission denied for relation"):
        count(engine, caller_of(API_ROLE), CONTRACT.names.table)


def test_readers_change_nothing(engine):
    statement = f"DELETE FROM public.{CONTRACT.names.table}"  # noqa: S608 - our own table
    with (
        engine.session(READER) as session,
        pytest.raises(RedshiftError, match="permission denied for relation"),
    ):
        session.run(statement)
