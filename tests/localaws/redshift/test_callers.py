"""Who a call of the Data API acts as, and CSV results, through the API."""

# ruff: noqa: S608 - the tests name their own tables

import json

import pytest
from botocore.exceptions import ClientError


def test_a_call_acts_as_the_user_of_its_role(as_role, warehouse, table):
    owner = as_role("owner-role")
    owner.ok(f"CREATE TABLE {table} (a INTEGER)")
    described = owner.run("SELECT current_user")
    assert described["DbUser"] == "IAMR:owner-role"
    assert owner.rows("SELECT current_user") == [["IAMR:owner-role"]]
    refused = as_role("other-role").run(f"SELECT * FROM {table}")
    assert (refused["Status"], refused["Error"]) == (
        "FAILED",
        f"ERROR: permission denied for relation {table}",
    )
    assert warehouse.rows(f"SELECT * FROM {table}") == []


def test_a_call_with_a_secret_acts_as_the_administrator(as_role, warehouse):
    api = as_role("owner-role").api
    secret = "arn:aws:secretsmanager:ap-south-1:123456789012:secret:admin-x"  # noqa: S105
    answer = api.execute_statement(
        Sql="CREATE ROLE made_by_secret", SecretArn=secret, **warehouse.target
    )
    assert warehouse.wait(answer["Id"])["Status"] == "FINISHED"
    warehouse.ok("DROP ROLE made_by_secret")


def test_whoever_assumes_a_role_is_its_user_with_the_roles_of_its_tag(
    client, as_role, warehouse, table
):
    name = "analyst-role"
    client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Statement": []}),
        Tags=[{"Key": "RedshiftDbRoles", "Value": "leads_reader:nobody"}],
    )
    arn = f"arn:aws:iam::123456789012:role/{name}"
    credentials = client("sts").assume_role(RoleArn=arn, RoleSessionName="me")[
        "Credentials"
    ]
    analyst = as_role(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
    )
    assert analyst.rows("SELECT current_user") == [[f"IAMR:{name}"]]
    as_role("owner-role").ok(f"CREATE TABLE {table} (a INTEGER)")
    assert "denied" in analyst.run(f"SELECT * FROM {table}")["Error"]
    # The seeded account has this role, as the administrator makes it in a real one.
    as_role("owner-role").ok(f"GRANT SELECT ON {table} TO ROLE leads_reader")
    assert analyst.rows(f"SELECT * FROM {table}") == []
    client("iam").delete_role(RoleName=name)


def test_results_come_as_csv_where_the_call_asks_for_it(data_api, warehouse):
    answer = data_api.execute_statement(
        Sql="SELECT 1 AS a, 'x,y' AS b, NULL AS c UNION ALL SELECT 2, 'z', 'w' ORDER BY 1",
        ResultFormat="CSV",
        **warehouse.target,
    )
    described = warehouse.wait(answer["Id"])
    assert described["ResultFormat"] == "CSV"
    result = data_api.get_statement_result_v2(Id=answer["Id"])
    assert result["Records"] == [{"CSVRecords": '1,"x,y",\r\n2,z,w\r\n'}]
    assert (result["TotalNumRows"], result["ResultFormat"]) == (2, "CSV")
    with pytest.raises(ClientError, match=r"ValidationException.*V2"):
        data_api.get_statement_result(Id=answer["Id"])


def test_a_json_result_is_not_read_as_csv(data_api, warehouse):
    described = warehouse.run("SELECT 1")
    with pytest.raises(ClientError, match="ValidationException"):
        data_api.get_statement_result_v2(Id=described["Id"])


def test_a_role_lists_its_own_statements(as_role, warehouse):
    described = as_role("owner-role").run("SELECT 1")
    for role, is_listed in (("owner-role", True), ("other-role", False)):
        statements = as_role(role).api.list_statements()["Statements"]
        ids = [statement["Id"] for statement in statements]
        assert (described["Id"] in ids) is is_listed


def test_copy_into_no_table_is_not_a_matter_of_permission(as_role):
    sql = "COPY nope FROM 's3://b/x' IAM_ROLE default FORMAT PARQUET"
    described = as_role("other-role").run(sql)
    assert described["Status"] == "FAILED"
    assert "permission denied" not in described["Error"]
