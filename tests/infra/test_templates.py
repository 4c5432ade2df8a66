"""What MWAA.md and the issue ask of every template, held against all of them at once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.environments import LAYERS, STAGES, load_environment, template

RESOURCES = {
    (layer, name): item
    for layer in LAYERS
    for name, item in template(layer)["Resources"].items()
}
KEY = ({"Ref": "KeyArn"}, {"GetAtt": "Key.Arn"})
RULE = "BucketEncryption.ServerSideEncryptionConfiguration.0"
KEY_OF = {
    "AWS::EC2::Volume": "KmsKeyId",
    "AWS::ECR::Repository": "EncryptionConfiguration.KmsKey",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::MWAA::Environment": "KmsKey",
    "AWS::RedshiftServerless::Namespace": "KmsKeyId",
    "AWS::S3::Bucket": f"{RULE}.ServerSideEncryptionByDefault.KMSMasterKeyID",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SageMaker::Domain": "KmsKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}
"""Where each type that keeps data at rest names its key."""


def of_type(kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        key: item["Properties"]
        for key, item in RESOURCES.items()
        if item["Type"] == kind
    }


def at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = (
            value[int(step)] if isinstance(value, list) else value.get(step, {})
        )
    return value


def everything(value: Any) -> Iterator[Any]:
    yield value
    inner = (
        value.values()
        if isinstance(value, dict)
        else value
        if isinstance(value, list)
        else ()
    )
    for one in inner:
        yield from everything(one)


@pytest.mark.parametrize("kind", sorted(KEY_OF))
def test_what_keeps_data_is_encrypted_with_the_stages_own_key(
    kind: str,
) -> None:
    found = of_type(kind)
    assert found, "no template has one: take it out of the table"
    assert {
        key
        for key, properties in found.items()
        if at(properties, KEY_OF[kind]) not in KEY
    } == set()


def test_every_type_that_could_name_a_key_is_in_the_table() -> None:
    """Of the types in the templates; a new one that speaks of KMS has to be thought about."""
    speaks = {
        item["Type"]
        for item in RESOURCES.values()
        if "KeyArn" in json.dumps(item.get("Properties", {}))
    }
    policies = {"AWS::IAM::Role"}
    assert speaks - policies - set(KEY_OF) == {"AWS::EC2::Instance"}
    (server,) = of_type("AWS::EC2::Instance").values()
    assert [
        disk["Ebs"]["KmsKeyId"] for disk in server["BlockDeviceMappings"]
    ] == [{"Ref": "KeyArn"}]


def test_the_key_turns_and_lets_logs_of_this_account_use_it() -> None:
    ((_, key),) = of_type("AWS::KMS::Key").items()
    assert key["EnableKeyRotation"] is True
    (logs,) = [
        one for one in key["KeyPolicy"]["Statement"] if one["Sid"] == "Logs"
    ]
    assert (
        "${AWS::AccountId}"
        in logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"][
            "Sub"
        ]
    )


@pytest.mark.parametrize("bucket", ["DataBucket", "CodeBucket"])
def test_a_bucket_is_closed_versioned_tidied_and_takes_no_plain_http(
    bucket: str,
) -> None:
    properties = of_type("AWS::S3::Bucket")["storage", bucket]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = properties["LifecycleConfiguration"]["Rules"]
    assert [
        rule["NoncurrentVersionExpiration"]
        for rule in rules
        if rule["Id"] == "old-versions"
    ]
    (policy,) = [
        one
        for one in of_type("AWS::S3::BucketPolicy").values()
        if one["Bucket"] == {"Ref": bucket}
    ]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (
        statement["Effect"],
        statement["Principal"],
        statement["Action"],
    ) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [
        {"GetAtt": f"{bucket}.Arn"},
        {"Sub": f"${{{bucket}.Arn}}/*"},
    ]


def test_there_are_no_other_buckets() -> None:
    assert {name for _, name in of_type("AWS::S3::Bucket")} == {
        "DataBucket",
        "CodeBucket",
    }


@pytest.mark.parametrize(
    "stage", sorted(path.stem for path in STAGES.glob("*.yaml"))
)
def test_airflows_web_server_is_private_unless_a_stage_says_otherwise(
    stage: str,
) -> None:
    parameter = template("airflow")["Parameters"]["WebserverAccessMode"]
    assert parameter["Default"] == "PRIVATE_ONLY"
    assert "WebserverAccessMode" not in load_environment(stage, "0" * 12).values
    ((_, environment),) = of_type("AWS::MWAA::Environment").items()
    assert environment["WebserverAccessMode"] == {"Ref": "WebserverAccessMode"}


def test_every_log_of_airflow_is_on_at_info() -> None:
    ((_, environment),) = of_type("AWS::MWAA::Environment").items()
    logs = environment["LoggingConfiguration"]
    assert set(logs) == {
        "DagProcessingLogs",
        "SchedulerLogs",
        "TaskLogs",
        "WebserverLogs",
        "WorkerLogs",
    }
    assert {(one["Enabled"], one["LogLevel"]) for one in logs.values()} == {
        (True, "INFO")
    }


def ingress() -> Iterator[tuple[str, dict[str, Any]]]:
    for (_, name), properties in of_type("AWS::EC2::SecurityGroup").items():
        yield from (
            (name, rule) for rule in properties.get("SecurityGroupIngress", [])
        )
    yield from (
        (name, rule)
        for (_, name), rule in of_type("AWS::EC2::SecurityGroupIngress").items()
    )


def test_nothing_is_let_in_but_other_groups_and_the_apis_clients() -> None:
    by_address = {
        (name, json.dumps(rule["CidrIp"]))
        for name, rule in ingress()
        if "CidrIp" in rule
    }
    assert by_address == {("BalancerGroup", '{"Ref": "ApiClients"}')}
    assert [
        rule
        for _, rule in ingress()
        if not {"CidrIp", "SourceSecurityGroupId"} & set(rule)
    ] == []
    assert not [
        rule
        for _, rule in ingress()
        if {"CidrIpv6", "SourcePrefixListId"} & set(rule)
    ]


def test_nothing_has_a_public_address_but_the_nat_gateways() -> None:
    flags = {"MapPublicIpOnLaunch", "AssociatePublicIpAddress"}
    public = {
        one
        for value in RESOURCES.values()
        for part in everything(value)
        if isinstance(part, dict)
        for one in part
    }
    assert not flags & public
    assert (
        of_type("AWS::RedshiftServerless::Workgroup")["warehouse", "Workgroup"][
            "PubliclyAccessible"
        ]
        is False
    )
    service = of_type("AWS::ECS::Service")["api", "Service"][
        "NetworkConfiguration"
    ]["AwsvpcConfiguration"]
    assert service["AssignPublicIp"] == "DISABLED"
    assert (
        of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")["api", "Balancer"][
            "Scheme"
        ]
        == "internal"
    )
    assert {name for _, name in of_type("AWS::EC2::EIP")} == {
        "NatAddressA",
        "NatAddressB",
    }


def test_what_holds_data_is_never_replaced_by_an_update() -> None:
    data = {
        ("storage", "Key"),
        ("storage", "DataBucket"),
        ("storage", "CodeBucket"),
        ("tracking", "Runs"),
    }
    assert {
        key: RESOURCES[key].get("UpdateReplacePolicy") for key in data
    } == dict.fromkeys(data, "Retain")


def test_a_layer_whose_deletion_follows_a_parameter_asks_for_the_transform_that_reads_it() -> (
    None
):
    following = {
        layer
        for (layer, _), item in RESOURCES.items()
        if isinstance(item.get("DeletionPolicy"), dict)
    }
    assert following == {
        layer
        for layer in LAYERS
        if template(layer).get("Transform") == "AWS::LanguageExtensions"
    }


def test_redshifts_role_is_for_database_users_of_this_accounts_serverless_warehouses() -> (
    None
):
    """The form that AWS documents for Serverless: serverless-<account>-<workgroup id>/<user>."""
    (trust,) = RESOURCES["warehouse", "Role"]["Properties"][
        "AssumeRolePolicyDocument"
    ]["Statement"]
    (who,) = trust["Condition"]["StringLike"].values()
    assert who["Sub"].endswith(":dbuser:serverless-${AWS::AccountId}-*/*")


def test_redshift_writes_its_logs_where_the_stack_has_made_groups_for_them() -> (
    None
):
    groups = {
        properties["LogGroupName"]["Sub"]
        for properties in of_type("AWS::Logs::LogGroup").values()
    }
    namespace = of_type("AWS::RedshiftServerless::Namespace")[
        "warehouse", "Namespace"
    ]
    assert {
        f"/aws/redshift/${{RedshiftWorkgroup}}/{log}"
        for log in namespace["LogExports"]
    } <= groups
    assert namespace["NamespaceName"] == {"Ref": "RedshiftWorkgroup"}


def test_no_log_is_kept_for_ever() -> None:
    assert {
        key
        for key, one in of_type("AWS::Logs::LogGroup").items()
        if not one.get("RetentionInDays")
    } == set()


def test_the_balancer_of_a_stage_that_keeps_its_data_needs_a_certificate() -> (
    None
):
    rule = template("api")["Rules"]["CertificateWhereDataIsKept"]
    assert rule["RuleCondition"] == {"Equals": [{"Ref": "Retention"}, "Retain"]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {
        "Not": [{"Equals": [{"Ref": "CertificateArn"}, ""]}]
    }


CLIENTS = {"Ref": "MlflowClients"}


READERS = {"Ref": "MlflowReaders"}


def test_mlflow_is_reached_by_mwaa_the_api_trainings_and_studio_alone() -> None:
    """Whoever writes there could make MWAA and the API load a file of his."""
    server = of_type("AWS::EC2::SecurityGroup")["network", "MlflowServerGroup"]
    rules = server["SecurityGroupIngress"]
    assert [rule["SourceSecurityGroupId"] for rule in rules] == [
        CLIENTS,
        READERS,
    ]
    ports = {(rule["FromPort"], rule["ToPort"]) for rule in rules}
    assert ports == {(5000, 5000)}
    readers = {
        key
        for key, item in RESOURCES.items()
        if key[0] != "network" and READERS in list(everything(item))
    }
    assert readers == {("sagemaker", "Domain")}
    interface = of_type("AWS::EC2::NetworkInterface")["tracking", "Interface"]
    assert interface["GroupSet"] == [{"Ref": "MlflowServerGroup"}]
    carrying = {
        key
        for key, item in RESOURCES.items()
        if key[0] != "network" and CLIENTS in list(everything(item))
    }
    assert carrying == {("airflow", "Environment"), ("api", "Service")}


def test_the_mlflow_server_reaches_the_endpoint_that_has_its_passwords() -> (
    None
):
    ingress = of_type("AWS::EC2::SecurityGroupIngress")
    rule = ingress["network", "MlflowToEndpoints"]
    assert rule["SourceSecurityGroupId"] == {"Ref": "MlflowServerGroup"}
    endpoint = of_type("AWS::EC2::VPCEndpoint")[
        "network", "SecretsManagerEndpoint"
    ]
    assert endpoint["SecurityGroupIds"] == [rule["GroupId"]]
    assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
