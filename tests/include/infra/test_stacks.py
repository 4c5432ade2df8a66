"""Every layer created for real on local AWS, as far as it knows the types."""

from typing import Any

import boto3
import pytest

from include.infra.stacks import Stacks
from include.infra.stages import LAYERS, load_stage, template
from include.local.aws.stacks import STAND_INS

NOT_ON_LOCAL_AWS = {
    "AWS::Budgets::Budget",
    "AWS::MWAA::Environment",
    "AWS::RedshiftServerless::Namespace",
    "AWS::SNS::TopicPolicy",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::UserProfile",
}
"""Types that local AWS only stands in for: created by name, they do nothing there."""

CODE = {"RequirementsVersion": "1", "PluginsVersion": "1", "StartupVersion": "1"}


@pytest.fixture(scope="module")
def stacks(aws: boto3.Session) -> Stacks:
    """All layers of production, created in order."""
    made = Stacks(load_stage("prod", "123456789012"), aws)
    for layer in LAYERS:
        extra = CODE | {"ApiImage": f"{made.outputs().get('RepositoryUri', '')}:1"}
        assert made.apply(layer, extra) == "created"
    return made


def test_the_types_that_local_aws_cannot_make_are_these_and_no_others() -> None:
    used = {resource["Type"] for layer in LAYERS for resource in template(layer)["Resources"].values()}
    assert used & STAND_INS == NOT_ON_LOCAL_AWS
