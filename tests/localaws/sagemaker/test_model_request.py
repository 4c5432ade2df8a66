"""Models that an endpoint here cannot serve are refused when they are made."""

import pytest
from botocore.exceptions import ClientError

from localaws.errors import UnsupportedJobError
from localaws.sagemaker.model_request import one_container

URL = {"Image": "i", "ModelDataUrl": "s3://b/model.tar.gz"}


@pytest.mark.parametrize(
    "request_",
    [
        {"primary_container": URL},
        {"containers": [URL]},
        {"primary_container": URL | {"Mode": "SingleModel"}},
    ],
)
def test_one_container_with_an_archive_passes(request_):
    assert one_container(request_)["ModelDataUrl"] == URL["ModelDataUrl"]


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({}, "ModelDataUrl"),
        ({"primary_container": {"Image": "i"}}, "ModelDataUrl"),
        ({"containers": [URL, URL]}, "several containers"),
        (
            {"primary_container": URL, "containers": [URL]},
            "PrimaryContainer among them",
        ),
        ({"primary_container": URL | {"Mode": "MultiModel"}}, "MultiModel"),
        (
            {"primary_container": {"ModelPackageName": "p"}},
            "ModelPackageName",
        ),
        (
            {"primary_container": {"Image": "i", "ModelDataSource": {"x": 1}}},
            "ModelDataSource",
        ),
    ],
)
def test_any_other_model_is_refused_by_name(request_, named):
    with pytest.raises(UnsupportedJobError, match=named):
        one_container(request_)


def test_a_client_is_told_what_the_model_lacks(client):
    with pytest.raises(ClientError, match="a model without ModelDataUrl"):
        client("sagemaker").create_model(
            ModelName="without-archive",
            PrimaryContainer={"Image": "i"},
            ExecutionRoleArn="arn:aws:iam::123456789012:role/service-role/r",
        )
