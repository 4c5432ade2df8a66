"""Name the resources of a call as ARNs: what a policy's `Resource` is matched against."""

from typing import Any, NamedTuple

Location = tuple[str, str]
"""Region and account."""


class _Naming(NamedTuple):
    """How the requests of a service name the one resource that they are about."""

    arn_service: str
    prefix: str
    members: tuple[str, ...]
    suffix: str = ""


_SERVICES = {
    # Six characters stand at the end of every secret's ARN, also where the request gives the name alone:
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
    "secretsmanager": _Naming(
        "secretsmanager", "secret:", ("SecretId", "Name"), "-XXXXXX"
    ),
    "iam": _Naming("iam", "role/", ("RoleName",)),
    "redshift-data": _Naming(
        "redshift-serverless", "workgroup/", ("WorkgroupName",)
    ),
    "kms": _Naming("kms", "key/", ("KeyId",)),
    "sns": _Naming("sns", "", ("TopicArn",)),
}
_SAGEMAKER_KINDS = {
    "TrainingJobName": "training-job",
    "ModelName": "model",
    "EndpointConfigName": "endpoint-config",
    "EndpointName": "endpoint",
}


def resources_of(
    service: str, operation: str, request: dict[str, Any], location: Location
) -> tuple[str, ...]:
    """Return the ARNs of what a request is about; `*` where it names nothing.

    Args:
        service: signing name.
        operation: API operation.
        request: its members.
        location: region and account.
    """
    if service == "glue":
        return _glue(operation, request, location)
    if service == "sagemaker":
        return _sagemaker(request, location)
    if service == "logs":
        return (_logs(request, location),)
    if service == "cloudformation":
        stack = request.get("StackName", "*")
        return (_arn(location, service, f"stack/{stack}/id"),)
    return (_plain(service, request, location),)


def _plain(service: str, request: dict[str, Any], location: Location) -> str:
    naming = _SERVICES.get(service)
    if naming is None:
        return "*"
    for member in naming.members:
        name = request.get(member)
        if name and name.startswith("arn:"):
            return str(name)
        if name:
            resource = f"{naming.prefix}{name}{naming.suffix}"
            return _arn(location, naming.arn_service, resource)
    return "*"


def _arn(location: Location, service: str, resource: str) -> str:
    region, account = location
    if service == "iam":
        region = ""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def _sagemaker(request: dict[str, Any], location: Location) -> tuple[str, ...]:
    """Return every resource named: an endpoint is made and changed by the right to it and to its config."""
    arns = []
    for member, kind in _SAGEMAKER_KINDS.items():
        if member in request:
            arns.append(
                _arn(location, "sagemaker", f"{kind}/{request[member]}")
            )
    return tuple(arns) or ("*",)


def _glue(
    operation: str, request: dict[str, Any], location: Location
) -> tuple[str, ...]:
    if not operation.endswith(
        "Crawler"
    ):  # a crawler's request names a database too, but is not about it
        catalog = _catalog(operation, request)
        if catalog:
            return tuple(
                _arn(location, "glue", resource) for resource in catalog
            )
    kind = "crawler" if "Crawler" in operation else "job"
    name = request.get("JobName") or request.get("Name")
    return (_arn(location, "glue", f"{kind}/{name}"),) if name else ("*",)


def _catalog(operation: str, request: dict[str, Any]) -> list[str]:
    """Return what a call touches of the Data Catalog; empty for a call about something else.

    A right to a table is checked together with the rights to its database and to the catalog.
    """
    database = request.get("DatabaseName") or request.get(
        "DatabaseInput", {}
    ).get("Name")
    table = request.get("TableInput", {}).get("Name") or request.get(
        "TableName"
    )
    if operation.endswith("Database"):
        database = database or request.get("Name")
    elif database:
        table = table or request.get("Name") or "*"
    if not database:
        return []
    resources = ["catalog", f"database/{database}"]
    if table:
        resources.append(f"table/{database}/{table}")
    return resources


def _logs(request: dict[str, Any], location: Location) -> str:
    group = request.get("logGroupName") or request.get("logGroupNamePrefix")
    if not group:
        return "*"
    stream = (
        request.get("logStreamName") or request.get("logStreamNamePrefix") or ""
    )
    return _arn(location, "logs", f"log-group:{group}:log-stream:{stream}")
