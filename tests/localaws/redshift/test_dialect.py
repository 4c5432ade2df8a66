"""Redshift SQL on the engine, through the Data API."""

# ruff: noqa: S608 - the tests name their own tables

import pytest

CREATE = """
CREATE TABLE IF NOT EXISTS public.{table} (
    Id INTEGER ENCODE az64 NOT NULL DISTKEY,
    "Name" VARCHAR(5) ENCODE lzo,
    details SUPER,
    number BIGINT IDENTITY(1, 1),
    made_at TIMESTAMP DEFAULT GETDATE(),
    share DOUBLE PRECISION,
    PRIMARY KEY (id)
) DISTSTYLE KEY COMPOUND SORTKEY (id);
"""
MERGE = """
MERGE INTO public.{table} USING source_{table} ON {table}.id = source_{table}.id
WHEN MATCHED THEN UPDATE SET name = COALESCE(source_{table}.name, {table}.name)
WHEN NOT MATCHED THEN INSERT (id, name) VALUES (source_{table}.id, source_{table}.name)
"""


@pytest.fixture
def leads(warehouse, table):
    warehouse.ok(
        CREATE.format(table=table),
        f"CREATE TABLE source_{table} (id INTEGER, name VARCHAR(9))",
    )
    yield table
    warehouse.ok(f"DROP TABLE source_{table}")


def test_a_redshift_table_with_all_its_hints_is_created_twice_without_harm(
    warehouse, leads
):
    warehouse.ok(
        CREATE.format(table=leads),
        f"INSERT INTO {leads} (id, name) VALUES (1, 'a'), (2, 'b')",
    )
    assert warehouse.rows(
        f"SELECT id, NAME, number FROM dev.public.{leads} ORDER BY id"
    ) == [[1, "a", 1], [2, "b", 2]]
    assert warehouse.rows(
        f"SELECT COUNT(*) FROM {leads} WHERE made_at <= GETDATE()"
    ) == [[2]]


def test_a_primary_key_is_not_enforced_as_on_redshift(warehouse, leads):
    warehouse.ok(f"INSERT INTO {leads} (id) VALUES (1), (1)")
    assert warehouse.rows(f"SELECT COUNT(*) FROM {leads}") == [[2]]


def test_text_longer_than_its_column_in_bytes_is_an_error(warehouse, leads):
    warehouse.ok(f"INSERT INTO {leads} (id, name) VALUES (1, '12345')")
    described = warehouse.run(
        f"INSERT INTO {leads} (id, name) VALUES (2, 'éèàù')"
    )
    assert described["Status"] == "FAILED"
    assert described["Error"].startswith(
        "ERROR: Value too long for character type"
    )
    assert "column name" in described["Error"]


def test_merge_updates_and_inserts(warehouse, leads):
    warehouse.ok(
        f"INSERT INTO {leads} (id, name) VALUES (1, 'old'), (2, 'kept')",
        f"INSERT INTO source_{leads} VALUES (1, 'new'), (2, NULL), (3, 'more')",
        MERGE.format(table=leads),
    )
    assert warehouse.rows(f"SELECT id, name FROM {leads} ORDER BY 1") == [
        [1, "new"],
        [2, "kept"],
        [3, "more"],
    ]


def test_merge_with_two_source_rows_for_one_target_fails(warehouse, leads):
    warehouse.ok(
        f"INSERT INTO {leads} (id) VALUES (1)",
        f"INSERT INTO source_{leads} VALUES (1, 'a'), (1, 'b')",
    )
    assert "more than" in warehouse.run(MERGE.format(table=leads))["Error"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "MERGE INTO public.{table} USING",
            "MERGE INTO public.{table} target USING",
            "takes no alias",
        ),
        (
            "WHEN MATCHED THEN",
            "WHEN MATCHED AND source_{table}.id > 1 THEN",
            "no condition",
        ),
        ("(id, name) VALUES", "VALUES", "without a column list"),
    ],
)
def test_merge_forms_that_redshift_refuses_fail_here_too(
    warehouse, leads, before, after, message
):
    sql = MERGE.replace(before, after).format(table=leads)
    described = warehouse.run(sql)
    assert described["Status"] == "FAILED"
    assert message in described["Error"]


def test_delete_using_and_update_from(warehouse, leads):
    warehouse.ok(
        f"INSERT INTO {leads} (id, name) VALUES (1, 'a'), (2, 'b')",
        f"INSERT INTO source_{leads} VALUES (1, 'x'), (2, 'y')",
        f"UPDATE {leads} SET name = source_{leads}.name FROM source_{leads} WHERE {leads}.id = source_{leads}.id",
        f"DELETE FROM {leads} USING source_{leads} s WHERE {leads}.id = s.id AND s.name = 'x'",
    )
    assert warehouse.rows(f"SELECT id, name FROM {leads}") == [[2, "y"]]


def test_integers_divide_to_integers(warehouse):
    assert warehouse.rows(
        "SELECT 7 / 2, SUM(x) / COUNT(*) FROM (SELECT 3 AS x UNION ALL SELECT 4)"
    ) == [[3, 3]]


def test_redshifts_functions_work(warehouse):
    sql = "SELECT NVL(NULL, 'x'), DATEDIFF(day, '2026-01-01'::date, DATEADD(day, 3, '2026-01-01'::date)), LEN('abc')"
    assert warehouse.rows(sql) == [["x", 3, 3]]


def test_a_temporary_table_like_another_lives_as_long_as_its_batch(
    warehouse, leads
):
    described = warehouse.batch(
        f"CREATE TEMP TABLE scratch (LIKE {leads})",
        "INSERT INTO scratch (id) VALUES (1)",
        f"INSERT INTO {leads} (id) SELECT id FROM scratch",
    )
    assert described["Status"] == "FINISHED", described
    assert warehouse.run("SELECT * FROM scratch")["Status"] == "FAILED"


@pytest.mark.parametrize(
    ("sql", "feature"),
    [
        ("GRANT SELECT ON t TO GROUP g", "GRANT to a group"),
        ("DECLARE c CURSOR FOR SELECT 1", "DECLARE"),
        ("ALTER TABLE a APPEND FROM b", "ALTER TABLE"),
        ("CREATE USER someone PASSWORD 'x'", "CREATE USER"),
        ("COPY t FROM 's3://b/x' IAM_ROLE default CSV", "CSV"),
        (
            "UNLOAD ('SELECT 1') TO 's3://b/x' IAM_ROLE default FORMAT PARQUET PARTITION BY (a)",
            "PARTITION BY",
        ),
    ],
)
def test_an_unsupported_feature_is_named(warehouse, sql, feature):
    error = warehouse.run(sql)["Error"]
    assert feature in error
    assert "not supported by local AWS" in error


def test_a_syntax_error_fails_the_statement(warehouse):
    assert warehouse.run("SELECT FROM WHERE")["Error"].startswith(
        "ERROR: syntax error"
    )
