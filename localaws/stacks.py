"""Add CloudFormation types that moto lacks: made real through this server's own API, or named as stand-ins.

A stand-in holds its properties and answers its attributes, so that what refers to it can be created; it does nothing.
"""

import json
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from moto.cloudformation.parsing import (
    get_model_list,
    get_model_map,
    get_name_type_map,
)
from moto.core.common_models import CloudFormationModel

from localaws import stack_updates
from localaws.errors import WrongWorkgroupError
from localaws.runtime import Runtime

Properties = dict[str, Any]
Create = Callable[[Runtime, Properties], str]
Delete = Callable[[Runtime, str], None]


def _keep(runtime: Runtime, physical_id: str) -> None:
    """Leave the resource behind when its stack is deleted."""


@dataclass(frozen=True)
class Kind:
    """One type: how it is created (its physical id comes back) and deleted, and what its attributes are."""

    create: Create
    delete: Delete = _keep
    attributes: dict[str, str] = field(default_factory=dict)
    real: bool = True


def _glue_resource(
    operation: str, name_of: Callable[[Properties], str]
) -> Create:
    def create(runtime: Runtime, properties: Properties) -> str:
        request = {
            key: value
            for key, value in properties.items()
            if key != "CatalogId"
        }
        call = getattr(runtime.client("glue"), operation)
        call(**request)
        return name_of(properties)

    return create


def _create_secret(runtime: Runtime, properties: Properties) -> str:
    text = properties.get("SecretString") or "{}"
    generation = properties.get("GenerateSecretString")
    if generation:
        letters = string.ascii_letters + string.digits
        length = generation.get("PasswordLength", 32)
        password = "".join(secrets.choice(letters) for _ in range(length))
        content = json.loads(generation["SecretStringTemplate"])
        content[generation["GenerateStringKey"]] = password
        text = json.dumps(content)
    secret = runtime.client("secretsmanager").create_secret(
        Name=properties["Name"], SecretString=text
    )
    return str(secret["ARN"])


def _delete_secret(runtime: Runtime, arn: str) -> None:
    runtime.client("secretsmanager").delete_secret(
        SecretId=arn, ForceDeleteWithoutRecovery=True
    )


def _create_bucket(runtime: Runtime, properties: Properties) -> str:
    """Create a bucket with versioning, encryption and closed doors; lifecycle rules, which need days, are left out."""
    s3 = runtime.client("s3")
    name = properties["BucketName"]
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": runtime.region},
    )
    s3.put_bucket_versioning(
        Bucket=name,
        VersioningConfiguration=properties["VersioningConfiguration"],
    )
    rules = []
    for rule in properties["BucketEncryption"][
        "ServerSideEncryptionConfiguration"
    ]:
        rules.append(
            {
                "ApplyServerSideEncryptionByDefault": rule[
                    "ServerSideEncryptionByDefault"
                ],
                "BucketKeyEnabled": rule["BucketKeyEnabled"],
            }
        )
    s3.put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration=properties[
            "PublicAccessBlockConfiguration"
        ],
    )
    return str(name)


def _delete_bucket(runtime: Runtime, name: str) -> None:
    runtime.client("s3").delete_bucket(Bucket=name)


def _create_subscription(runtime: Runtime, properties: Properties) -> str:
    subscription = runtime.client("sns").subscribe(
        **properties, ReturnSubscriptionArn=True
    )
    return str(subscription["SubscriptionArn"])


def _create_identity_provider(runtime: Runtime, properties: Properties) -> str:
    provider = runtime.client("iam").create_open_id_connect_provider(
        Url=properties["Url"],
        ClientIDList=properties["ClientIdList"],
        ThumbprintList=[],
    )
    return str(provider["OpenIDConnectProviderArn"])


def _delete_identity_provider(runtime: Runtime, arn: str) -> None:
    runtime.client("iam").delete_open_id_connect_provider(
        OpenIDConnectProviderArn=arn
    )


def _create_alarm(runtime: Runtime, properties: Properties) -> str:
    name = properties.get("AlarmName") or f"alarm-{secrets.token_hex(4)}"
    runtime.client("cloudwatch").put_metric_alarm(AlarmName=name, **properties)
    return name


def _use_workgroup(runtime: Runtime, properties: Properties) -> str:
    """Give the one database of local AWS the name that the stack expects. Raises WrongWorkgroupError."""
    name: str = properties["WorkgroupName"]
    if name != runtime.workgroup:
        raise WrongWorkgroupError(runtime.workgroup, name)
    return name


def _delete_glue_database(runtime: Runtime, name: str) -> None:
    runtime.client("glue").delete_database(Name=name)


def _delete_crawler(runtime: Runtime, name: str) -> None:
    runtime.client("glue").delete_crawler(Name=name)


def _delete_glue_job(runtime: Runtime, name: str) -> None:
    runtime.client("glue").delete_job(JobName=name)


def _create_stand_in(runtime: Runtime, properties: Properties) -> str:
    return f"stand-in-{secrets.token_hex(4)}"


def _stand_in(**attributes: str) -> Kind:
    return Kind(_create_stand_in, attributes=attributes, real=False)


KINDS = {
    "AWS::Glue::Database": Kind(
        _glue_resource(
            "create_database",
            lambda properties: str(properties["DatabaseInput"]["Name"]),
        ),
        _delete_glue_database,
    ),
    "AWS::Glue::Crawler": Kind(
        _glue_resource(
            "create_crawler", lambda properties: str(properties["Name"])
        ),
        _delete_crawler,
    ),
    "AWS::Glue::Job": Kind(
        _glue_resource(
            "create_job", lambda properties: str(properties["Name"])
        ),
        _delete_glue_job,
    ),
    "AWS::Glue::Connection": Kind(
        _glue_resource(
            "create_connection",
            lambda properties: str(properties["ConnectionInput"]["Name"]),
        )
    ),
    "AWS::SecretsManager::Secret": Kind(_create_secret, _delete_secret),
    # In place of moto's own, which leaves versioning out.
    "AWS::S3::Bucket": Kind(
        _create_bucket, _delete_bucket, {"Arn": "arn:aws:s3:::{id}"}
    ),
    "AWS::SNS::Subscription": Kind(_create_subscription),
    "AWS::CloudWatch::Alarm": Kind(_create_alarm),
    "AWS::IAM::OIDCProvider": Kind(
        _create_identity_provider, _delete_identity_provider
    ),
    "AWS::RedshiftServerless::Workgroup": Kind(
        _use_workgroup,
        attributes={
            "Workgroup.WorkgroupArn": "arn:aws:redshift-serverless:{region}:{account}:workgroup/{id}",
            "Workgroup.Endpoint.Address": "localhost",
        },
    ),
    "AWS::S3::BucketPolicy": _stand_in(),  # ours refuses plain HTTP, and local AWS speaks nothing else
    "AWS::RedshiftServerless::Namespace": _stand_in(),
    "AWS::SNS::TopicPolicy": _stand_in(),
    "AWS::Budgets::Budget": _stand_in(),
    "AWS::SageMaker::Domain": _stand_in(HomeEfsFileSystemId="fs-{id}"),
    "AWS::SageMaker::UserProfile": _stand_in(),
    "AWS::MWAA::Environment": _stand_in(
        Arn="arn:aws:airflow:{region}:{account}:environment/{id}",
        WebserverUrl="{id}.airflow.local",
    ),
}
STAND_INS = frozenset(name for name, kind in KINDS.items() if not kind.real)


class LocalResource:
    """One resource of a stack, of a type in KINDS."""

    runtime: ClassVar[Runtime]
    kind: ClassVar[Kind]

    def __init__(self, name: str, account: str) -> None:
        self.physical_resource_id = name
        self._account = account

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> "LocalResource":
        """Create the resource; the arguments are moto's."""
        properties = cloudformation_json.get("Properties", {})
        return cls(cls.kind.create(cls.runtime, properties), account_id)

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell whether Fn::GetAtt knows the attribute."""
        return attr in cls.kind.attributes

    def get_cfn_attribute(self, attribute: str) -> str:
        """Return the value of Fn::GetAtt."""
        form = self.kind.attributes[attribute]
        return form.format(
            id=self.physical_resource_id,
            region=self.runtime.region,
            account=self._account,
        )

    def is_created(self) -> bool:
        """Tell moto that creation is done when it returns."""
        return True

    def delete(self, account: str, region: str) -> None:
        """Delete the resource."""
        self.kind.delete(self.runtime, self.physical_resource_id)


_CLASSES: list[type] = []
"""One class per type: moto finds the direct subclasses of its model, as long as something holds them."""


def register(runtime: Runtime) -> None:
    """Make moto's CloudFormation know the types in KINDS."""
    LocalResource.runtime = runtime
    stack_updates.register()
    for name, kind in KINDS.items():
        members = {
            "kind": kind,
            "cloudformation_type": staticmethod(lambda name=name: name),
            "cloudformation_name_type": staticmethod(lambda: ""),
        }
        _CLASSES.append(
            type(
                name.replace("::", ""),
                (LocalResource, CloudFormationModel),
                members,
            )
        )
    for cached in (get_model_list, get_model_map, get_name_type_map):
        cached.cache_clear()
