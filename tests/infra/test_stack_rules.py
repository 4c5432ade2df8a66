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


def launched(**template_data: Any) -> dict[str, Any]:
    """Return an instance and its launch template, whose image is looked up in SSM."""
    machine = {
        "LaunchTemplateId": {"Ref": "Launch"},
        "Version": {"Fn::GetAtt": ["Launch", "LatestVersionNumber"]},
    }
    launch = {
        "Type": "AWS::EC2::LaunchTemplate",
        "Properties": {
            "LaunchTemplateData": {"ImageId": {"Ref": "Image"}, **template_data}
        },
    }
    return {"Eni": INTERFACE, "Launch": launch, "Machine": machine}


@pytest.mark.parametrize("is_interface_in_template", [True, False])
def test_an_image_that_comes_through_a_launch_template_replaces_the_machine_too(
    is_interface_in_template: bool,
) -> None:
    interfaces = {"NetworkInterfaces": ONE_INTERFACE}
    resources = launched(**(interfaces if is_interface_in_template else {}))
    launch_template = resources.pop("Machine")
    resources["Server"] = instance(
        LaunchTemplate=launch_template,
        **({} if is_interface_in_template else interfaces),
    )
    (finding,) = findings(stack(resources, Image=LOOKED_UP))
    assert finding.startswith("Server: LaunchTemplate follows SSM")
    assert "NetworkInterfaceId" in finding


def test_a_machine_of_a_launch_template_that_stays_is_not_replaced() -> None:
    """Its id and its name stay when it has a new version."""
    resources = launched()
    launch_template = resources.pop("Machine") | {"Version": "1"}
    resources["Server"] = instance(
        LaunchTemplate=launch_template, NetworkInterfaces=ONE_INTERFACE
    )
    assert findings(stack(resources, Image=LOOKED_UP)) == []


def test_what_refers_to_a_replaced_resource_is_replaced_too() -> None:
    zone = {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "VpcId": "vpc-1",
            "AvailabilityZone": {"Ref": "Zone"},
        },
    }
    server = instance(
        ImageId="ami-1",
        SubnetId={"Ref": "Subnet"},
        Volumes=[{"Device": "/dev/sdf", "VolumeId": "vol-1"}],
    )
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>"}
    (finding,) = findings(
        stack({"Subnet": zone, "Server": server}, Zone=parameter)
    )
    assert finding.startswith("Server: SubnetId follows SSM")


ADDRESS = {"PrivateIpAddress": "10.0.0.9"}
NAMED = {
    "AWS::EC2::Instance": ("ImageId", ADDRESS),
    "AWS::EC2::NetworkInterface": ("SubnetId", ADDRESS),
    "AWS::EC2::Subnet": (
        "AvailabilityZone",
        {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"},
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("Port", {"Name": "one"}),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Scheme", {"Name": "one"}),
    "AWS::EC2::SecurityGroup": ("GroupDescription", {"GroupName": "one"}),
    "AWS::IAM::ManagedPolicy": ("Description", {"ManagedPolicyName": "one"}),
    "AWS::ECS::Service": ("Role", {"ServiceName": "one", "Cluster": "c"}),
    "AWS::RDS::DBInstance": ("KmsKeyId", {"DBInstanceIdentifier": "one"}),
}
"""Type to a property of which a new value replaces it, and what two of it cannot both have."""
PLAIN = {
    "AWS::EC2::Instance": {"KeyName": "pair", "SubnetId": "subnet-1"},
    "AWS::EC2::VPCEndpoint": {"ServiceName": "s3"},
    "AWS::ECS::Service": {"Cluster": "c"},
}
"""Type to names of other things, which two of it may share."""


@pytest.mark.parametrize("kind", NAMED)
def test_a_name_or_an_address_of_ones_own_can_be_had_once(kind: str) -> None:
    member, properties = NAMED[kind]
    followed = {**properties, member: {"Ref": "Looked"}}
    resource = {"Type": kind, "Properties": followed}
    (finding,) = findings(stack({"One": resource}, Looked=LOOKED_UP))
    assert finding.startswith(f"One: {member} follows SSM")


@pytest.mark.parametrize("kind", PLAIN)
def test_the_name_of_something_else_may_be_used_twice(kind: str) -> None:
    members = {
        "AWS::EC2::Instance": "ImageId",
        "AWS::EC2::VPCEndpoint": "VpcId",
        "AWS::ECS::Service": "Role",
    }
    followed = {**PLAIN[kind], members[kind]: {"Ref": "Looked"}}
    resource = {"Type": kind, "Properties": followed}
    assert findings(stack({"One": resource}, Looked=LOOKED_UP)) == []


def test_a_name_that_changes_itself_is_no_obstacle() -> None:
    topic = {
        "Type": "AWS::SNS::Topic",
        "Properties": {"TopicName": {"Ref": "Looked"}},
    }
    assert findings(stack({"Topic": topic}, Looked=LOOKED_UP)) == []


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
