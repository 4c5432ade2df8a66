"""CloudFormation types that moto lacks: made real through this server's own API, or named as stand-ins.

A stand-in holds its properties and answers its attributes, so that what refers to it can be created; it does nothing.
"""

import json
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from moto.cloudformation.parsing import get_model_list, get_model_map, get_name_type_map
from moto.core.common_models import CloudFormationModel

from localaws.runtime import Runtime

Properties = dict[str, Any]
Make = Callable[[Runtime, Properties], str]


@dataclass(frozen=True)
class Kind:
    """How one type is created (its physical id comes back) and deleted, and what its attributes are."""

    create: Make
    delete: Callable[[Runtime, str], None] = lambda runtime, name: None
    attributes: dict[str, str] = field(default_factory=dict)
    real: bool = True


def _glue(operation: str, name: Callable[[Properties], str]) -> Make:
    def create(runtime: Runtime, properties: Properties) -> str:
        request = {key: value for key, value in properties.items() if key != "CatalogId"}
        getattr(runtime.client("glue"), operation)(**request)
        return name(properties)

    return create


def _secret(runtime: Runtime, properties: Properties) -> str:
    generate = properties.get("GenerateSecretString")
    text = properties.get("SecretString") or "{}"
    if generate:
        letters = string.ascii_letters + string.digits
        password = "".join(secrets.choice(letters) for _ in range(generate.get("PasswordLength", 32)))
        text = json.dumps(json.loads(generate["SecretStringTemplate"]) | {generate["GenerateStringKey"]: password})
    made = runtime.client("secretsmanager").create_secret(Name=properties["Name"], SecretString=text)
    return str(made["ARN"])


def _bucket(runtime: Runtime, properties: Properties) -> str:
    """A bucket with versioning, encryption and closed doors; not done: lifecycle rules, which need days."""
    s3, name = runtime.client("s3"), properties["BucketName"]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": runtime.region})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"])
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": rule["BucketKeyEnabled"],
        }
        for rule in properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    ]
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    closed = properties["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=closed)
    return str(name)


def _subscription(runtime: Runtime, properties: Properties) -> str:
    return str(runtime.client("sns").subscribe(**properties, ReturnSubscriptionArn=True)["SubscriptionArn"])


def _identity_provider(runtime: Runtime, properties: Properties) -> str:
    iam = runtime.client("iam")
    given = {"Url": properties["Url"], "ClientIDList": properties["ClientIdList"], "ThumbprintList": []}
    return str(iam.create_open_id_connect_provider(**given)["OpenIDConnectProviderArn"])


def _alarm(runtime: Runtime, properties: Properties) -> str:
    name = properties.get("AlarmName") or f"alarm-{secrets.token_hex(4)}"
    runtime.client("cloudwatch").put_metric_alarm(AlarmName=name, **properties)
    return name


def _workgroup(runtime: Runtime, properties: Properties) -> str:
    name: str = properties["WorkgroupName"]
    if name != runtime.workgroup:
        raise ValueError(f"local AWS has one workgroup, {runtime.workgroup}; the stack asks for {name}")
    return name


def _stand_in(**attributes: str) -> Kind:
    return Kind(lambda runtime, properties: f"stand-in-{secrets.token_hex(4)}", attributes=attributes, real=False)


KINDS = {
    "AWS::Glue::Database": Kind(
        _glue("create_database", lambda given: str(given["DatabaseInput"]["Name"])),
        lambda runtime, name: runtime.client("glue").delete_database(Name=name),
    ),
    "AWS::Glue::Crawler": Kind(
        _glue("create_crawler", lambda given: str(given["Name"])),
        lambda runtime, name: runtime.client("glue").delete_crawler(Name=name),
    ),
    "AWS::Glue::Job": Kind(
        _glue("create_job", lambda given: str(given["Name"])),
        lambda runtime, name: runtime.client("glue").delete_job(JobName=name),
    ),
    "AWS::Glue::Connection": Kind(_glue("create_connection", lambda given: str(given["ConnectionInput"]["Name"]))),
    "AWS::SecretsManager::Secret": Kind(
        _secret,
        lambda runtime, arn: runtime.client("secretsmanager").delete_secret(
            SecretId=arn, ForceDeleteWithoutRecovery=True
        ),
    ),
    # In place of moto's own, which leaves versioning out.
    "AWS::S3::Bucket": Kind(
        _bucket,
        lambda runtime, name: runtime.client("s3").delete_bucket(Bucket=name),
        {"Arn": "arn:aws:s3:::{id}"},
    ),
    "AWS::SNS::Subscription": Kind(_subscription),
    "AWS::CloudWatch::Alarm": Kind(_alarm),
    "AWS::IAM::OIDCProvider": Kind(
        _identity_provider,
        lambda runtime, arn: runtime.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=arn),
    ),
    # The one database of local AWS under the name that the stack gives.
    "AWS::RedshiftServerless::Workgroup": Kind(
        _workgroup,
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
        Arn="arn:aws:airflow:{region}:{account}:environment/{id}", WebserverUrl="{id}.airflow.local"
    ),
}
STAND_INS = frozenset(name for name, kind in KINDS.items() if not kind.real)


class LocalResource:
    """One resource of a stack, of a type in KINDS."""

    runtime: ClassVar[Runtime]
    kind: ClassVar[Kind]

    def __init__(self, name: str, account: str) -> None:
        self.physical_resource_id, self._account = name, account

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str, **kwargs: Any
    ) -> "LocalResource":
        """Create the resource; the arguments are moto's."""
        return cls(cls.kind.create(cls.runtime, cloudformation_json.get("Properties", {})), account_id)

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether Fn::GetAtt knows the attribute."""
        return attr in cls.kind.attributes

    def get_cfn_attribute(self, attribute: str) -> str:
        """Value of Fn::GetAtt."""
        form = self.kind.attributes[attribute]
        return form.format(id=self.physical_resource_id, region=self.runtime.region, account=self._account)

    def is_created(self) -> bool:
        """Creation is done when it returns."""
        return True

    def delete(self, account: str, region: str) -> None:
        """Delete the resource."""
        self.kind.delete(self.runtime, self.physical_resource_id)


def register(runtime: Runtime) -> None:
    """Teach moto's CloudFormation the types in KINDS."""
    LocalResource.runtime = runtime
    for name, kind in KINDS.items():
        names = {"kind": kind, "cloudformation_type": staticmethod(lambda name=name: name)}
        names["cloudformation_name_type"] = staticmethod(lambda: "")
        # moto finds the direct subclasses of its model, so each type is a class.
        _CLASSES.append(type(name.replace("::", ""), (LocalResource, CloudFormationModel), names))
    for cached in (get_model_list, get_model_map, get_name_type_map):
        cached.cache_clear()


_CLASSES: list[type] = []
