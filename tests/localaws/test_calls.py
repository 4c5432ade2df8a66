"""Which role called what, as the recorder writes it down."""

import io
import json
import re
from pathlib import Path

import boto3
import pytest

from demo.environment import ROOT
from infra.environments import load_environment
from infra.policies import Call, read_calls
from localaws.account import Account
from localaws.calls import CallRecorder
from localaws.resources import resources_of
from localaws.roles import API_ROLE, MLFLOW_ROLE, MWAA_ROLE, OWNER
from localaws.server import CALLS, running

ACCOUNT = "123456789012"
GLUE = f"arn:aws:glue:ap-south-1:{ACCOUNT}"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> set[Call]:
    """What one role and the account's owner did, as recorded."""
    folder = tmp_path_factory.mktemp("aws")
    with running(data_dir=folder) as endpoint:
        for role in ("somebody", OWNER):
            _work(endpoint, role)
        calls = read_calls(folder / CALLS)
    assert len(calls) == len(set(calls))
    return set(calls)


def _work(endpoint: str, role: str) -> None:
    region = {
        "region_name": "ap-south-1",
        "aws_access_key_id": role,
        "aws_secret_access_key": "x",
    }
    s3, glue, sts = (
        boto3.client(name, endpoint_url=endpoint, **region)
        for name in ("s3", "glue", "sts")
    )
    bucket = Account().bucket
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key="raw data/a.csv", Body=b"x")
    s3.copy_object(
        Bucket=bucket,
        Key="b.csv",
        CopySource={"Bucket": bucket, "Key": "raw data/a.csv"},
    )
    s3.list_objects_v2(Bucket=bucket, Prefix="raw")
    s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "b.csv"}, {"Key": "c.csv"}]}
    )
    glue.create_job(
        Name=f"job-{role}",
        Role="its-role",
        Command={"Name": "glueetl", "ScriptLocation": "s3://x/y"},
    )
    glue.get_databases()
    sts.get_caller_identity()


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", "arn:aws:s3:::leadconversiondata/raw data/a.csv"),
        ("s3:GetObject", "arn:aws:s3:::leadconversiondata/raw data/a.csv"),
        ("s3:PutObject", "arn:aws:s3:::leadconversiondata/b.csv"),
        ("s3:ListBucket", "arn:aws:s3:::leadconversiondata"),
        ("s3:DeleteObject", "arn:aws:s3:::leadconversiondata/c.csv"),
        ("glue:CreateJob", f"{GLUE}:job/job-somebody"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/its-role"),
        ("sts:GetCallerIdentity", "*"),
    ],
)
def test_a_call_is_recorded_as_iam_sees_it(
    recorded: set[Call], action: str, resource: str
) -> None:
    assert (action, (resource,)) in {
        (call.action, call.resources) for call in recorded
    }


SAGEMAKER = f"arn:aws:sagemaker:ap-south-1:{ACCOUNT}"


@pytest.mark.parametrize(
    ("operation", "request_", "resources"),
    [
        ("CreateTrainingJob", {"TrainingJobName": "j"}, ("training-job/j",)),
        (
            "CreateModel",
            {"ModelName": "m", "PrimaryContainer": {}},
            ("model/m",),
        ),
        (
            "UpdateEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "c"},
            ("endpoint-config/c", "endpoint/e"),
        ),
        ("DescribeEndpoint", {"EndpointName": "e"}, ("endpoint/e",)),
    ],
)
def test_what_a_call_of_sagemaker_is_about(
    operation: str, request_: dict[str, object], resources: tuple[str]
) -> None:
    found = resources_of(
        "sagemaker", operation, request_, ("ap-south-1", ACCOUNT)
    )
    assert found == tuple(f"{SAGEMAKER}:{resource}" for resource in resources)


def test_an_invocation_is_told_by_its_path(tmp_path: Path) -> None:
    credential = "Credential=r/20260101/ap-south-1/sagemaker/aws4_request"
    environ = {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=x",
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/endpoints/e/invocations",
        "wsgi.input": io.BytesIO(b"{}"),
    }
    CallRecorder(lambda *_: [], tmp_path / "calls", ACCOUNT)(
        environ, lambda *_: None
    )
    assert read_calls(tmp_path / "calls") == [
        Call("r", "sagemaker:InvokeEndpoint", (f"{SAGEMAKER}:endpoint/e",))
    ]


def test_the_owner_of_the_account_is_not_recorded(recorded: set[Call]) -> None:
    assert {call.role for call in recorded} == {"somebody"}


def test_the_application_still_reads_the_body_that_the_recorder_has_read(
    tmp_path: Path,
) -> None:
    seen = []
    body = json.dumps({"JobName": "j"}).encode()
    environ = {
        "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=r/20260101/eu-west-1/glue/aws4_request, SignedHeaders=x",
        "HTTP_X_AMZ_TARGET": "AWSGlue.GetJob",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    recorder = CallRecorder(
        lambda env, _: seen.append(env["wsgi.input"].read()) or [],
        tmp_path / "calls",
        ACCOUNT,
    )
    recorder(environ, lambda *_: None)
    assert seen == [body]
    assert read_calls(tmp_path / "calls") == [
        Call("r", "glue:GetJob", (f"arn:aws:glue:eu-west-1:{ACCOUNT}:job/j",))
    ]


def test_every_process_of_the_stack_that_calls_aws_signs_in_a_role_of_the_templates() -> (
    None
):
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8")
    signed = dict(
        re.findall(
            r"^([a-z-]+): exec env AWS_ACCESS_KEY_ID=(\S+)",
            procfile,
            re.MULTILINE,
        )
    )
    assert set(signed) == {
        "mlflow",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "api",
    }
    assert set(signed.values()) == {MLFLOW_ROLE, MWAA_ROLE, API_ROLE}
    stage = load_environment("prod", ACCOUNT)
    assert {
        stage[name] for name in ("MwaaRole", "MlflowRole", "ApiRole")
    } == set(signed.values())
