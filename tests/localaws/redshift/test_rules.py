"""Rules of Redshift that one statement of bench/conformance cannot show: several statements, or parts of the engine."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from bench.conformance.cases import prepared_engine
from localaws.redshift.dialect import is_read_only
from localaws.redshift.engine import Session
from localaws.redshift.errors import RedshiftError
from localaws.redshift.meaning.formats import format_moment, format_number


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with prepared_engine() as engine, engine.session() as session:
        yield session


@pytest.fixture
def run(session):
    """Runs statements in a transaction that is rolled back at the end of the test; returns the last one's rows."""

    class _EndOfTestError(Exception):
        pass

    def run_all(*statements: str) -> list[list[Any]]:
        return _rows(session, statements, in_transaction=True)

    try:
        with session.transaction():
            yield run_all
            raise _EndOfTestError
    except _EndOfTestError:
        pass


@pytest.fixture
def run_alone():
    """Runs each statement in a transaction of its own, in an engine of its own; returns the last one's rows."""
    with prepared_engine() as engine, engine.session() as own:
        yield lambda *statements: _rows(own, statements, in_transaction=False)


def _rows(
    session: Session, statements: tuple[str, ...], in_transaction: bool
) -> list[list[Any]]:
    """Return the rows of the last statement."""
    for sql in statements:
        outcome = session.run(sql, in_transaction=in_transaction)
    records = outcome.result.records if outcome.result else ()
    return [
        [
            None if "isNull" in cell else next(iter(cell.values()))
            for cell in row
        ]
        for row in records
    ]


def test_a_longer_column_keeps_identity_defaults_and_rows(run_alone):
    rows = run_alone(
        "CREATE TABLE n (id INT IDENTITY(1, 1), b VARCHAR(3), c INT DEFAULT 7)",
        "INSERT INTO n (b) VALUES ('a')",
        "ALTER TABLE n ALTER COLUMN b TYPE VARCHAR(6)",
        "INSERT INTO n (b) VALUES ('abcdef')",
        "SELECT id, b, c FROM n ORDER BY id",
    )
    assert rows == [[1, "a", 7], [2, "abcdef", 7]]


@pytest.mark.parametrize(
    "alteration",
    [
        "ALTER TABLE t ADD COLUMN z VARCHAR(3)",
        "ALTER TABLE t ADD COLUMN z VARCHAR(9); ALTER TABLE t ALTER COLUMN z TYPE VARCHAR(3)",
    ],
)
def test_a_length_that_alter_table_gives_is_kept(run_alone, alteration):
    run_alone(*alteration.split("; "))
    with pytest.raises(RedshiftError, match="column z, length limit 3 bytes"):
        run_alone("UPDATE t SET z = 'abcd'")


def test_a_column_shorter_than_its_values_is_refused(run_alone):
    with pytest.raises(RedshiftError, match="length limit 2 bytes"):
        run_alone("ALTER TABLE s ALTER COLUMN b TYPE VARCHAR(2)")


def test_merge_that_removes_duplicates_refuses_two_source_rows_for_one(run):
    with pytest.raises(RedshiftError, match="multiple matches"):
        run(
            "CREATE TABLE n AS SELECT a, b FROM t",
            "INSERT INTO s VALUES (2, 'again')",
            "MERGE INTO n USING s ON n.a = s.a REMOVE DUPLICATES",
        )


def test_char_values_are_padded_for_a_client_only(run):
    rows = run(
        "CREATE TABLE n (b CHAR(4), k INT)",
        "INSERT INTO n SELECT b, a FROM t",
        "UPDATE n SET b = 'zz  ' WHERE k = 2",
        "SELECT b, LEN(b), b || '!' FROM n ORDER BY k",
    )
    assert rows == [["x   ", 1, "x!"], ["zz  ", 2, "zz!"]]


@pytest.mark.parametrize(
    ("number", "pattern", "text"),
    [
        ("125.8", "999D99", " 125.80"),
        ("-125.8", "999D99S", "125.80-"),
        ("-12", "999", " -12"),
        ("0", "9", " 0"),
        ("0.5", "9D9", "  .5"),
        ("0.5", "0.99", " 0.50"),
        ("1234.5", "9,999.9", " 1,234.5"),
        ("12", "9,999", "    12"),
        ("485", "S999", "+485"),
        ("-485", "999MI", "485-"),
        ("-485", "999PR", "<485>"),
        ("5", "FM000", "005"),
        ("12345", "999", " ###"),
    ],
)
def test_a_number_is_formatted_as_to_char_does(number, pattern, text):
    assert format_number(number, pattern) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("YYYY-MM-DD HH24:MI:SS.MS", "2009-12-31 23:15:59.120"),
        ("MONTH-DY-DD-YYYY HH12:MIPM", "DECEMBER -THU-31-2009 11:15PM"),
        ('D DDD WW IW Q "day"', "5 365 53 53 4 day"),
    ],
)
def test_a_date_is_formatted_as_to_char_does(pattern, text):
    moment = datetime(2009, 12, 31, 23, 15, 59, 120000)
    assert format_moment(moment, pattern) == text


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT '99999999999'::INT", "integer"),
        ("SELECT a FROM t WHERE SUM(a) > 1", "aggregates not allowed in WHERE"),
        ("SELECT COALESCE(a, ts) FROM t", "cannot be matched"),
        ("ALTER TABLE t RENAME TO s", '"s" already exists'),
        ("SELECT '2020-02-30'::DATE", "out of range"),
    ],
)
def test_faults_that_the_engine_finds_are_told_in_redshifts_words(
    run, sql, message
):
    with pytest.raises(RedshiftError, match=message) as error:
        run(sql)
    assert "LINE 1" not in str(error.value)
    assert "Error:" not in str(error.value)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT 1.0 * COUNT(*) / NULLIF(SUM(a), 0) FROM t", "0.66666666666666666"),
        ("SELECT SUM(CASE WHEN d THEN 1.0 ELSE 0 END) / COUNT(*) FROM t", "0.5000"),
        ("SELECT AVG(ROUND(c::DECIMAL(8, 3), 1)) FROM t", "2.000"),
        ("SELECT x / n FROM (SELECT SUM(a * 1.0) AS x, COUNT(*) AS n FROM t)", "1.5000"),
        ("SELECT AVG(a::DECIMAL(5, 2)) OVER () FROM t LIMIT 1", "1.50"),
        ("SELECT -7.5::DECIMAL(5, 1) / 2::SMALLINT", "-3.7500000"),
        ("SELECT 5.7::DECIMAL", "6"),
        ("SELECT DATEDIFF(day, MIN(ts), MAX(ts)) / 2.0 FROM t", "16.5000"),
    ],
)  # fmt: skip
def test_decimals_are_divided_as_decimals(run, sql, value):
    assert run(sql) == [[value]]


def test_decimals_are_not_divided_by_zero(run):
    with pytest.raises(RedshiftError, match="Divide by zero"):
        run("SELECT 1.5 / (a - a) FROM t")


@pytest.mark.parametrize(
    "sql",
    [
        "WITH data AS (SELECT a FROM t) SELECT a FROM data ORDER BY a",
        "WITH ties (k) AS (SELECT a FROM t) SELECT k FROM ties ORDER BY k",
        "SELECT value FROM (SELECT a AS value FROM t) AS q ORDER BY value",
    ],
)
def test_names_that_are_clauses_of_other_engines_are_names(run, sql):
    assert run(sql) == [[1], [2]]


def test_added_columns_may_have_names_of_places(run):
    run("ALTER TABLE t ADD COLUMN first INT", "ALTER TABLE t ADD after INT")
    assert run("SELECT first, after FROM t LIMIT 1") == [[None, None]]


@pytest.mark.parametrize(
    ("sql", "is_reading"),
    [
        ("SELECT a FROM t", True),
        ("WITH q AS (SELECT 1 AS a) SELECT a FROM q", True),
        ("SELECT a INTO n FROM t", False),
        ("WITH q AS (SELECT 1 AS a) DELETE FROM t USING q", False),
    ],
)
def test_a_statement_that_changes_tables_does_not_run_beside_others(
    sql, is_reading
):
    assert is_read_only(sql) is is_reading
