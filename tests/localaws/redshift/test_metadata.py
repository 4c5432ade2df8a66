"""What a result says of its columns, on the engine."""

from collections.abc import Iterator
from typing import Any

import pytest

from localaws.redshift.cells import csv_lines
from localaws.redshift.engine import Engine

TABLE = """
CREATE TABLE t (
    id BIGINT NOT NULL, code CHAR(3), name VARCHAR(40), note VARCHAR, huge VARCHAR(MAX), price DECIMAL(10, 2),
    number INTEGER, small SMALLINT, share DOUBLE PRECISION, part REAL, is_open BOOLEAN, day DATE, moment TIMESTAMP,
    instant TIMESTAMPTZ, details SUPER
)
"""
EXPECTED = {
    # name: type, length, precision, scale, nullable
    "id": ("int8", 0, 19, 0, 0),
    "code": ("bpchar", 3, 3, 0, 1),
    "name": ("varchar", 40, 40, 0, 1),
    "note": ("varchar", 256, 256, 0, 1),
    "huge": ("varchar", 65535, 65535, 0, 1),
    "price": ("numeric", 0, 10, 2, 1),
    "number": ("int4", 0, 10, 0, 1),
    "small": ("int2", 0, 5, 0, 1),
    "share": ("float8", 0, 17, 17, 1),
    "part": ("float4", 0, 8, 8, 1),
    "is_open": ("bool", 0, 1, 0, 1),
    "day": ("date", 0, 13, 0, 1),
    "moment": ("timestamp", 0, 29, 6, 1),
    "instant": ("timestamptz", 0, 35, 6, 1),
    "details": ("super", 0, 0, 0, 1),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine("dev", None, lambda: None)
    with engine.session() as session:
        session.run(TABLE)
        session.run("CREATE VIEW v AS SELECT id, name FROM t")
    yield engine
    engine.close()


def columns(engine: Engine, sql: str) -> list[dict[str, Any]]:
    with engine.session() as session:
        result = session.run(sql).result
    return list(result.columns) if result else []


def measures(column: dict[str, Any]) -> tuple[Any, ...]:
    names = ("typeName", "length", "precision", "scale", "nullable")
    return tuple(column[name] for name in names)


def test_columns_of_a_table_have_their_declared_measures(engine):
    described = columns(engine, "SELECT * FROM t")
    assert {item["name"]: measures(item) for item in described} == EXPECTED
    assert {(item["schemaName"], item["tableName"]) for item in described} == {
        ("public", "t")
    }


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT x.name AS n FROM t x", ("varchar", 40, 40, 0, 1)),
        ("SELECT n FROM (SELECT name FROM t) s (n)", ("varchar", 40, 40, 0, 1)),
        ("WITH c AS (SELECT * FROM t) SELECT code FROM c", ("bpchar", 3, 3, 0, 1)),
        ("SELECT v.* FROM v JOIN t ON v.id = t.id", ("int8", 0, 19, 0, 1)),
        ("SELECT MAX(name) FROM t", ("varchar", 40, 40, 0, 1)),
        ("SELECT id::VARCHAR(7) FROM t", ("varchar", 7, 7, 0, 1)),
        ("SELECT price::DECIMAL(5, 1) FROM t", ("numeric", 0, 5, 1, 1)),
        ("SELECT 'four'", ("varchar", 4, 4, 0, 1)),
        ("SELECT name || code FROM t", ("varchar", 65535, 65535, 0, 1)),
        ("SELECT code FROM t UNION ALL SELECT code FROM t", ("bpchar", 3, 3, 0, 1)),
        ("SELECT code FROM t UNION ALL SELECT name FROM t", ("varchar", 65535, 65535, 0, 1)),
    ],
)  # fmt: skip
def test_a_computed_column_has_the_measures_that_are_known(
    engine, sql, expected
):
    assert measures(columns(engine, sql)[0]) == expected


@pytest.mark.timeout(20)
def test_queries_in_queries_are_described_once_and_not_once_a_column(engine):
    names = [f"c{number}" for number in range(8)]
    listed = ", ".join(names)
    query = ", ".join(f"name AS {name}" for name in names)
    query = f"SELECT {query} FROM t"
    for _ in range(8):
        query = f"SELECT {listed} FROM ({query}) inner_query"
    described = columns(engine, query)
    assert {measures(item) for item in described} == {("varchar", 40, 40, 0, 1)}


def test_records_are_csv_without_a_header():
    records = [
        [{"longValue": 1}, {"stringValue": 'a "b", c'}, {"isNull": True}],
        [{"doubleValue": 1.5}, {"stringValue": ""}, {"booleanValue": True}],
    ]
    assert csv_lines(records) == '1,"a ""b"", c",\r\n1.5,,true\r\n'
