"""What local AWS does not do, it refuses by name: no call reports a success that did no work."""

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from localaws.account import Account
from localaws.supported import Supported, passes

S3 = f"s3://{Account().bucket}/x/"
RESOURCES = {
    "ClusterConfig": {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "VolumeSizeInGB": 1,
    }
}
FALSE_SUCCESSES = {
    "athena:StartQueryExecution": {"QueryString": "SELECT 1"},
    "batch:submit_job": {
        "jobName": "x",
        "jobQueue": "x",
        "jobDefinition": "x",
    },
    "ec2:RunInstances": {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1},
    "emr:RunJobFlow": {"Name": "x", "Instances": {}},
    "glue:CreateTrigger": {"Name": "x", "Type": "ON_DEMAND", "Actions": []},
    "glue:StartTrigger": {"Name": "x"},
    "glue:CreateSession": {
        "Id": "x",
        "Role": "arn:aws:iam::123456789012:role/r",
        "Command": {},
    },
    "glue:StartWorkflowRun": {"Name": "x"},
    "lambda:invoke": {"FunctionName": "x"},
    "rds:CreateDBInstance": {
        "DBInstanceIdentifier": "x",
        "DBInstanceClass": "db.t3.micro",
        "Engine": "postgres",
    },
    "redshift:CreateCluster": {
        "ClusterIdentifier": "x",
        "NodeType": "ra3.large",
        "MasterUsername": "u",
    },
    "redshift:PauseCluster": {"ClusterIdentifier": "x"},
    "sagemaker:CreateHyperParameterTuningJob": {
        "HyperParameterTuningJobName": "x",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        },
    },
    "sagemaker:CreateProcessingJob": {
        "ProcessingJobName": "x",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "ProcessingResources": RESOURCES,
        "AppSpecification": {"ImageUri": "x"},
    },
    "sagemaker:CreateTransformJob": {
        "TransformJobName": "x",
        "ModelName": "m",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": S3}
            }
        },
        "TransformOutput": {"S3OutputPath": S3},
        "TransformResources": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
        },
    },
    "sagemaker:StartPipelineExecution": {
        "PipelineName": "x",
        "ClientRequestToken": "x" * 32,
    },
    "stepfunctions:StartExecution": {
        "stateMachineArn": "arn:aws:states:ap-south-1:123456789012:stateMachine:x"
    },
}


@pytest.mark.parametrize("call", FALSE_SUCCESSES)
def test_a_call_without_its_work_is_refused_by_name(client, call):
    service, operation = call.split(":")
    request = FALSE_SUCCESSES[call]
    with pytest.raises(ClientError) as refused:
        getattr(client(service), xform_name(operation))(**request)
    error = refused.value.response["Error"]
    assert error["Code"] == "UnsupportedOperation"
    assert error["Message"].startswith("not supported by local AWS: ")
    is_rest = operation.islower()
    assert is_rest or operation in error["Message"]
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.parametrize(
    ("service", "operation", "answered"),
    [
        ("s3", "PutObject", True),
        ("", "", True),
        ("glue", "GetTriggers", True),
        ("glue", "CreateCrawler", True),
        ("glue", "CreateCrawlerX", False),
        ("glue", "Getter", False),
        ("sagemaker", "ListTransformJobs", True),
        ("sagemaker", "CreateTransformJob", False),
        ("athena", "ListWorkGroups", False),
        ("made-up", "", False),
    ],
)
def test_a_call_passes_only_if_it_is_listed(service, operation, answered):
    assert passes(service, operation) is answered


def test_reading_what_is_there_is_answered(client):
    assert client("glue").get_triggers()["Triggers"] == []
    assert client("ec2").describe_instances()["Reservations"] == []


def test_a_service_passes_where_records_are_enough():
    def answer(environ, start_response):
        return [b"moto"]

    signed = {
        "HTTP_AUTHORIZATION": "Credential=local/20260101/ap-south-1/ec2/aws4_request",
        "REQUEST_METHOD": "POST",
    }
    given: list[str] = []

    def start_response(status, headers):
        given.append(status)

    assert list(Supported(answer, ["ec2"])(signed, start_response)) == [b"moto"]
    (refused,) = Supported(answer)(signed, start_response)
    assert given == ["501 Not Implemented"]
    assert b"--recorded ec2" in refused
