"""Requests that the pinned boto3 cannot send: newer members, and wrong ones."""

# ruff: noqa: S608 - the tests name their own tables

import pytest

from localaws.account import Account
from tests.localaws.redshift.test_backend import MANY

ARN = "arn:aws:redshift-serverless:ap-south-1:123456789012:workgroup"
ID = "0f0f0f0f-1111-4222-8333-444444444444"
TARGET = {
    "WorkgroupName": Account().workgroup,
    "Database": Account().database,
}
NO_DATABASE = {"WorkgroupName": Account().workgroup}
SECRET = "arn:aws:secretsmanager:ap-south-1:123456789012:secret:redshift"


def batch(call, *sqls, **members):
    body = {"Sqls": list(sqls), "WaitTimeSeconds": 20, **TARGET, **members}
    answer = call("BatchExecuteStatement", body)
    assert answer.status == 200, answer.body
    return call("DescribeStatement", {"Id": answer.body["Id"]}).body


def test_a_statement_can_be_waited_for(call):
    body = {"Sql": "SELECT 1", "WaitTimeSeconds": 20, **TARGET}
    answer = call("ExecuteStatement", body)
    assert answer.body["Status"] == "FINISHED"
    assert answer.body["HasResultSet"] is True


def test_waiting_ends_before_a_long_statement(call):
    body = {"Sql": MANY, "WaitTimeSeconds": 1, **TARGET}
    answer = call("ExecuteStatement", body).body
    assert answer["Status"] in ("SUBMITTED", "STARTED")
    call("CancelStatement", {"Id": answer["Id"]})
    waiting = {"Id": answer["Id"], "WaitTimeSeconds": 20}
    assert call("DescribeStatement", waiting).body["Status"] == "ABORTED"


def test_a_result_can_be_waited_for(call):
    identifier = call("ExecuteStatement", {"Sql": "SELECT 7", **TARGET}).body
    waiting = {"Id": identifier["Id"], "WaitTimeSeconds": 20}
    answer = call("GetStatementResult", waiting)
    assert answer.body["Records"] == [[{"longValue": 7}]]


def test_the_statements_of_a_batch_share_their_parameters(call):
    parameters = [{"name": "a", "value": "1"}, {"name": "b", "value": "x"}]
    described = batch(
        call,
        "SELECT :a::INT AS first",
        "SELECT :b AS second, :a AS third",
        Parameters=parameters,
    )
    assert described["Status"] == "FINISHED", described
    assert described["QueryParameters"] == parameters
    answer = call("GetStatementResult", {"Id": f"{described['Id']}:2"})
    assert answer.body["Records"] == [
        [{"stringValue": "x"}, {"stringValue": "1"}]
    ]


def test_a_parameter_that_no_statement_of_a_batch_uses_is_refused(call):
    body = {
        "Sqls": ["SELECT :a"],
        "Parameters": [
            {"name": "a", "value": "1"},
            {"name": "b", "value": "1"},
        ],
        **TARGET,
    }
    answer = call("BatchExecuteStatement", body)
    assert answer.status == 400
    assert "unused parameters" in answer.body["message"]


def test_a_batch_has_a_result_set_if_one_of_its_statements_has(call):
    assert batch(call, "SELECT 1", "COMMIT")["HasResultSet"] is True
    assert batch(call, "COMMIT")["HasResultSet"] is False


def test_a_result_of_a_batch_is_read_by_sub_statement_only(call):
    described = batch(call, "SELECT 1")
    answer = call("GetStatementResult", {"Id": described["Id"]})
    assert answer.status == 400
    assert answer.body["__type"] == "ResourceNotFoundException"


def test_with_auto_commit_a_statement_that_fails_takes_nothing_back(
    call, warehouse, table
):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER NOT NULL)")
    described = batch(
        call,
        f"INSERT INTO {table} VALUES (1)",
        f"INSERT INTO {table} VALUES (NULL)",
        f"INSERT INTO {table} VALUES (3)",
        ExecutionMode="AUTO_COMMIT",
    )
    statuses = [part["Status"] for part in described["SubStatements"]]
    assert statuses == ["FINISHED", "FAILED", "FINISHED"]
    assert warehouse.rows(f"SELECT a FROM {table} ORDER BY a") == [[1], [3]]


def test_transaction_is_the_default_mode_of_a_batch(call, warehouse, table):
    warehouse.ok(f"CREATE TABLE {table} (a INTEGER)")
    described = batch(
        call,
        f"INSERT INTO {table} VALUES (1)",
        "SELECT * FROM nope",
        ExecutionMode="TRANSACTION",
    )
    assert described["Status"] == "FAILED"
    assert warehouse.rows(f"SELECT COUNT(*) FROM {table}") == [[0]]


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("ExecuteStatement", TARGET, "'Sql' failed to satisfy"),
        ("ExecuteStatement", {"Sql": "\ud800", **TARGET}, "not valid UTF-8"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **TARGET, "WaitTimeSeconds": 31}, "between 0 and 30"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **TARGET, "WaitTimeSeconds": "1"}, "whole number"),
        ("ExecuteStatement", {"Sql": "SELECT :a", **TARGET, "Parameters": [{"name": "a"}]}, "1.member.value' failed"),
        ("ExecuteStatement", {"Sql": "SELECT :a", **TARGET, "Parameters": [{"name": "a", "value": ""}]}, "greater"),
        ("BatchExecuteStatement", {"Sqls": ["SELECT :a"], **TARGET, "Parameters": [{"name": "a"}]}, "a name and a"),
        ("BatchExecuteStatement", {"Sqls": ["SELECT 1"] * 41, **TARGET}, "less than or equal to 40"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **TARGET, "ClientToken": "x" * 65}, "less than or equal to 64"),
        ("ListStatements", {"Status": "DONE"}, "enum value set"),
        ("ListStatements", {"MaxResults": 101}, "less than or equal to 100"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **TARGET, "ResultFormat": "XML"}, "enum value set"),
        ("ExecuteStatement", {"Sql": "SELECT 1", "ClusterIdentifier": "c", "Database": "dev"}, "ClusterIdentifier"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **NO_DATABASE}, "Database is required"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **NO_DATABASE, "SecretArn": SECRET}, "Database is required"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **NO_DATABASE, "Database": None}, "Database is required"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **NO_DATABASE, "Database": ""}, "Database is required"),
        ("ExecuteStatement", {"Sql": "SELECT 1", **NO_DATABASE, "SessionKeepAliveSeconds": 60}, "Database is required"),
        ("BatchExecuteStatement", {"Sqls": ["SELECT 1"], **NO_DATABASE}, "Database is required"),
        ("ListDatabases", NO_DATABASE, "'Database' failed to satisfy"),
        ("ListSchemas", NO_DATABASE, "'Database' failed to satisfy"),
        ("ListTables", NO_DATABASE, "'Database' failed to satisfy"),
        ("DescribeTable", {**NO_DATABASE, "Table": "leads"}, "'Database' failed to satisfy"),
        ("BatchExecuteStatement", {"Sqls": [], **TARGET}, "greater than or equal to 1"),
        ("BatchExecuteStatement", {"Sqls": ["COMMIT"], **TARGET, "ExecutionMode": "X"}, "enum value set"),
        ("ListStatements", {"NextToken": "x"}, "NextToken"),
        ("ListTables", TARGET | {"MaxResults": 1001}, "less than or equal to 1000"),
        ("DescribeStatement", {"Id": "nope"}, "regular expression pattern"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_a_validation_exception(
    call, operation, body, message
):
    answer = call(operation, body)
    assert answer.status == 400
    assert answer.body["__type"] == "ValidationException"
    assert message in answer.body["message"]


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("ExecuteStatement", {"Sql": 5, **TARGET}, "can not be converted to string at 'Sql'"),
        ("BatchExecuteStatement", {"Sqls": "SELECT 1", **TARGET}, "can not be converted to list at 'Sqls'"),
        ("ListTables", TARGET | {"MaxResults": True}, "can not be converted to integer"),
        ("ExecuteStatement", "{", "no JSON object"),
        ("ExecuteStatement", "[]", "no JSON object"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_read_is_a_serialization_exception(
    call, operation, body, message
):
    answer = call(operation, body)
    assert (answer.status, answer.body["__type"]) == (
        400,
        "SerializationException",
    )
    assert message in answer.body["message"]


@pytest.mark.parametrize(
    "sql",
    ["SELECT 'a", "SELECT $$x", '"', "/* x", "\x00", "`", "SELECT \\", "", " ; ", "(" * 3000, "SELECT ?", "$1", "{"],
)  # fmt: skip
def test_text_that_is_no_sql_fails_and_is_never_a_500(call, sql):
    for operation, member in (
        ("ExecuteStatement", {"Sql": sql}),
        ("BatchExecuteStatement", {"Sqls": [sql]}),
    ):
        answer = call(operation, {**member, **TARGET, "WaitTimeSeconds": 20})
        assert answer.status in (200, 400), answer.body
        if answer.status == 200 and sql.strip(" ;"):
            assert answer.body["Status"] == "FAILED"
            assert "local AWS failed" not in answer.body["Error"]


def test_a_workgroup_may_be_named_by_its_arn(call):
    arn = f"{ARN}/{ID}"
    body = {
        "Sql": "SELECT 1",
        **TARGET,
        "WorkgroupName": arn,
        "WaitTimeSeconds": 20,
    }
    answer = call("ExecuteStatement", body).body
    assert answer["WorkgroupName"] == arn
    described = call("DescribeStatement", {"Id": answer["Id"]}).body
    assert described["WorkgroupName"] == arn
    listed = call("ListStatements", {"WorkgroupName": TARGET["WorkgroupName"]})
    assert answer["Id"] in [item["Id"] for item in listed.body["Statements"]]


@pytest.mark.parametrize(
    "arn",
    [
        ARN.replace("ap-south-1", "eu-west-1") + f"/{ID}",
        ARN.replace("123456789012", "210987654321") + f"/{ID}",
    ],
)
def test_the_arn_of_another_workgroup_is_refused(call, arn):
    body = {"Sql": "SELECT 1", **TARGET, "WorkgroupName": arn}
    answer = call("ExecuteStatement", body)
    assert answer.status == 400
    assert "endpoint doesn't exist" in answer.body["message"]
