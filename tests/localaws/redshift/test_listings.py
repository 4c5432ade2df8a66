"""ListDatabases, ListSchemas, ListTables and DescribeTable."""

import pytest
from botocore.exceptions import ClientError

from localaws.redshift.listings import matches


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("leads", None, True),
        ("leads", "lea%", True),
        ("leads", "l_ads", True),
        ("leads", "l_d", False),
        ("leads", "leads.", False),
        ("a_b", r"a\_b", True),
        ("axb", r"a\_b", False),
    ],
)
def test_a_pattern_is_one_of_like(name, pattern, expected):
    assert matches(name, pattern) is expected


def test_databases_and_schemas_are_listed(data_api, warehouse):
    databases = data_api.list_databases(**warehouse.target)["Databases"]
    assert databases == ["dev"]
    schemas = data_api.list_schemas(**warehouse.target)["Schemas"]
    assert {"information_schema", "pg_catalog", "public"} <= set(schemas)
    matching = data_api.list_schemas(SchemaPattern="pub%", **warehouse.target)
    assert matching["Schemas"] == ["public"]


def test_tables_and_views_are_listed_by_pattern_in_pages(
    data_api, warehouse, table
):
    warehouse.ok(
        f"CREATE TABLE {table} (a INTEGER)",
        f"CREATE TABLE {table}_b (a INTEGER)",
        f"CREATE VIEW {table}_c AS SELECT a FROM {table}_b",
    )
    pages = data_api.get_paginator("list_tables").paginate(
        SchemaPattern="public",
        TablePattern=f"{table}%",
        PaginationConfig={"PageSize": 2},
        **warehouse.target,
    )
    tables = [entry for page in pages for entry in page["Tables"]]
    warehouse.ok(f"DROP TABLE {table}_b CASCADE")
    assert tables == [
        {"schema": "public", "name": table, "type": "TABLE"},
        {"schema": "public", "name": f"{table}_b", "type": "TABLE"},
        {"schema": "public", "name": f"{table}_c", "type": "VIEW"},
    ]


def test_a_table_is_described_column_by_column(data_api, warehouse, table):
    warehouse.ok(
        f"CREATE TABLE {table} (id BIGINT IDENTITY(1, 1), name VARCHAR(40) DEFAULT 'x' NOT NULL, price DECIMAL(9, 2))"
    )
    request = {"Schema": "public", "Table": table, **warehouse.target}
    answer = data_api.describe_table(**request)
    assert answer["TableName"] == table
    names = ("name", "typeName", "length", "precision", "scale", "nullable")
    described = [
        tuple(column[name] for name in names) for column in answer["ColumnList"]
    ]
    assert described == [
        ("id", "int8", 19, 19, 0, 1),
        ("name", "varchar", 40, 40, 0, 0),
        ("price", "numeric", 9, 9, 2, 1),
    ]
    assert answer["ColumnList"][1]["columnDefault"] == "'x'"
    first = data_api.describe_table(MaxResults=2, **request)
    rest = data_api.describe_table(NextToken=first["NextToken"], **request)
    assert first["ColumnList"] + rest["ColumnList"] == answer["ColumnList"]


def test_a_table_that_is_not_there_has_no_columns(data_api, warehouse):
    answer = data_api.describe_table(Table="nope", **warehouse.target)
    assert answer["ColumnList"] == []


@pytest.mark.parametrize("member", ["Database", "ConnectedDatabase"])
def test_another_database_cannot_be_connected_to(data_api, warehouse, member):
    target = warehouse.target | {member: "prod"}
    with pytest.raises(
        ClientError, match='ValidationException.*database "prod" does not exist'
    ):
        data_api.list_tables(**target)
