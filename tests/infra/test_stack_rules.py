"""Faults that a stack shows at its second update, or at its deletion."""

from typing import Any

import pytest

from infra.environments import LAYERS, template
from infra.stack_rules import findings

LOOKED_UP = {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"}
INTERFACE = {
    "Type": "AWS::EC2::NetworkInterface",
    "Properties": {"SubnetId": "subnet-1"},
}
ONE_INTERFACE = [{"DeviceIndex": "0", "NetworkInterfaceId": {"Ref": "Eni"}}]


def stack(resources: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    return {"Parameters": parameters, "Resources": resources}


def instance(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::EC2::Instance", "Properties": properties}


@pytest.mark.parametrize("layer", LAYERS)
def test_no_stack_fails_at_its_second_update_or_its_deletion(
    layer: str,
) -> None:
    assert findings(template(layer)) == []


@pytest.mark.parametrize(
    "image",
    [
        {"Ref": "Image"},
        {"Fn::Sub": "${Image}"},
        {"If": ["Old", "ami-1", {"Ref": "Image"}]},
        "{{resolve:ssm:/aws/service/some/image}}",
    ],
)
def test_a_machine_that_awss_next_image_replaces_may_hold_nothing_exclusive(
    image: Any,
) -> None:
    server = instance(ImageId=image, NetworkInterfaces=ONE_INTERFACE)
    (finding,) = findings(
        stack({"Eni": INTERFACE, "Server": server}, Image=LOOKED_UP)
    )
    assert finding.startswith("Server: ImageId follows SSM")
    assert "NetworkInterfaceId" in finding


def test_a_volume_within_the_machine_is_exclusive_too() -> None:
    volumes = [{"Device": "/dev/sdf", "VolumeId": {"Ref": "Disk"}}]
    server = instance(ImageId={"Ref": "Image"}, Volumes=volumes)
    disk = {"Type": "AWS::EC2::Volume", "Properties": {"Size": 1}}
    assert findings(stack({"Disk": disk, "Server": server}, Image=LOOKED_UP))


@pytest.mark.parametrize(
    ("image", "parameter"),
    [
        ({"Ref": "Image"}, {"Type": "AWS::EC2::Image::Id"}),
        ("{{resolve:ssm:/aws/service/some/image:3}}", LOOKED_UP),
    ],
)
def test_a_machine_whose_image_is_given_is_not_replaced(
    image: Any, parameter: dict[str, str]
) -> None:
    server = instance(ImageId=image, NetworkInterfaces=ONE_INTERFACE)
    assert (
        findings(stack({"Eni": INTERFACE, "Server": server}, Image=parameter))
        == []
    )


def test_a_machine_that_holds_nothing_may_be_replaced() -> None:
    server = instance(ImageId={"Ref": "Image"}, SubnetId="subnet-1")
    assert findings(stack({"Server": server}, Image=LOOKED_UP)) == []


def test_a_name_of_ones_own_is_exclusive() -> None:
    """CloudFormation's reference: a resource with a custom name cannot be updated where that means a replacement."""
    service = {
        "Type": "AWS::MWAA::Environment",
        "Properties": {"Name": "one", "KmsKey": {"Ref": "Key"}},
    }
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>"}
    (finding,) = findings(stack({"Airflow": service}, Key=parameter))
    assert "Name" in finding


def test_a_volume_is_attached_within_its_machine_and_not_beside_it() -> None:
    attachment = {
        "Type": "AWS::EC2::VolumeAttachment",
        "Properties": {
            "Device": "/dev/sdf",
            "InstanceId": {"Ref": "Server"},
            "VolumeId": {"Ref": "Disk"},
        },
    }
    disk = {"Type": "AWS::EC2::Volume", "Properties": {"Size": 1}}
    server = instance(ImageId="ami-1")
    (finding,) = findings(
        stack({"Disk": disk, "Server": server, "Attached": attachment})
    )
    assert finding.startswith("Attached: VolumeId is detached while Server")


def test_a_gateway_of_a_network_is_attached_beside_it_because_there_is_no_other_way() -> (
    None
):
    attachment = {
        "Type": "AWS::EC2::VPCGatewayAttachment",
        "Properties": {
            "VpcId": {"Ref": "Vpc"},
            "InternetGatewayId": {"Ref": "Gateway"},
        },
    }
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
    gateway = {"Type": "AWS::EC2::InternetGateway"}
    assert (
        findings(stack({"Vpc": vpc, "Gateway": gateway, "Both": attachment}))
        == []
    )
