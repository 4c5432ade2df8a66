"""Read the list of statements, and judge what the local Redshift makes of each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localaws.redshift.engine import Engine
from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError
from localaws.redshift.session import Outcome, Session

LIST = Path(__file__).with_name("statements.yaml")
PAGES = "https://docs.aws.amazon.com/redshift/latest/dg/"
EXPECTATIONS = ("right", "refused", "unsupported")


@dataclass(frozen=True)
class Case:
    """One statement, what Redshift makes of it, and the page that says so."""

    construct: str
    page: str
    sql: str
    expectation: str
    answer: Any
    """Rows of a `right` statement (None where none are compared), else a part of the message."""
    before: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what a test report shows."""
        return f"{self.construct}: {self.sql[:60]}"


class _RollBackError(Exception):
    """Ends a case's transaction, so that no case sees what another did."""


def load_cases() -> list[Case]:
    """Return every statement of the list."""
    content = yaml.safe_load(LIST.read_text())
    cases: list[Case] = []
    for entry in content["constructs"]:
        before = tuple(entry.get("before", ()))
        page = PAGES + entry["page"]
        for expectation in EXPECTATIONS:
            for sql, answer in entry.get(expectation, ()):
                case = Case(
                    entry["construct"], page, sql, expectation, answer, before
                )
                cases.append(case)
    return cases


@contextmanager
def prepared_engine() -> Iterator[Engine]:
    """Open an engine with the tables that the statements use."""
    engine = Engine("dev", None, lambda: None)
    try:
        with engine.session() as session:
            _set_up(session)
        yield engine
    finally:
        engine.close()


def _set_up(session: Session) -> None:
    content = yaml.safe_load(LIST.read_text())
    session.run("DROP TABLE IF EXISTS t")
    session.run("DROP TABLE IF EXISTS s")
    for sql in content["setup"]:
        session.run(sql)


def verdict(engine: Engine, case: Case) -> tuple[str, str]:
    """Return how the engine did (`right`, `refused_rightly`, `unsupported`, `wrong`, `false_green`) and its answer."""
    try:
        outcome = _run(engine, case)
    except UnsupportedFeatureError as error:
        return "unsupported", str(error)
    except RedshiftError as error:
        is_expected = case.expectation == "refused"
        is_worded = str(case.answer).lower() in str(error).lower()
        is_right = is_expected and is_worded
        return ("refused_rightly" if is_right else "wrong"), str(error)
    if case.expectation == "refused":
        return "false_green", repr(_rows(outcome))
    rows = _rows(outcome)
    if case.answer is not None and rows != case.answer:
        return "wrong", repr(rows)
    return "right", repr(rows)


_ALONE = ("VACUUM", "ALTER TABLE s ALTER COLUMN", "ALTER TABLE t ALTER COLUMN")
"""Beginnings of statements that run in no transaction with others."""


def _run(engine: Engine, case: Case) -> Outcome:
    outcome = Outcome(0)
    statements = (*case.before, case.sql)
    if any(sql.startswith(_ALONE) for sql in statements):
        return _run_alone(engine, statements)
    with engine.session() as session:
        try:
            with session.transaction():
                outcome = _run_all(session, case)
                raise _RollBackError
        except _RollBackError:
            pass
        if case.sql.startswith("TRUNCATE"):  # which commits
            _set_up(session)
    return outcome


def _run_alone(engine: Engine, statements: tuple[str, ...]) -> Outcome:
    """Run statements one by one, and make the tables anew afterwards."""
    with engine.session() as session:
        try:
            outcomes = [session.run(sql) for sql in statements]
        finally:
            _set_up(session)
    return outcomes[-1]


def _run_all(session: Session, case: Case) -> Outcome:
    for sql in case.before:
        session.run(sql, in_transaction=True)
    return session.run(case.sql, in_transaction=True)


def _rows(outcome: Outcome) -> list[list[Any]]:
    """Return the rows of a result as plain values."""
    records = outcome.result.records if outcome.result else ()
    return [[_value(cell) for cell in record] for record in records]


def _value(cell: dict[str, Any]) -> Any:
    return None if "isNull" in cell else next(iter(cell.values()))
