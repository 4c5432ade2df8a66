"""The resources that a call names, as ARNs: what a policy's `Resource` is matched against."""

from typing import Any

Where = tuple[str, str]
_PLAIN = {
    # service: (ARN's service, resource type and separator, members of the request that may hold the name)
    "secretsmanager": ("secretsmanager", "secret:", ("SecretId", "Name")),
    "iam": ("iam", "role/", ("RoleName",)),
    "redshift-data": ("redshift-serverless", "workgroup/", ("WorkgroupName",)),
    "kms": ("kms", "key/", ("KeyId",)),
    "sns": ("sns", "", ("TopicArn",)),
}


def resources_of(service: str, operation: str, request: dict[str, Any], where: Where) -> tuple[str, ...]:
    """ARNs of what a request is about; `*` where it names nothing.

    Args:
        service: signing name.
        operation: API operation.
        request: its members.
        where: region and account.
    """
    if service == "glue":
        return _glue(operation, request, where)
    if service == "sagemaker":
        return _sagemaker(request, where)
    if service == "logs":
        return (_logs(request, where),)
    if service == "cloudformation":
        return (_arn(where, service, f"stack/{request.get('StackName', '*')}/id"),)
    arn_service, kind, members = _PLAIN.get(service, (service, "", ()))
    name = next((request[member] for member in members if request.get(member)), "")
    return (_arn(where, arn_service, f"{kind}{name}") if not name.startswith("arn:") else name,) if name else ("*",)


def _arn(where: Where, service: str, resource: str) -> str:
    region, account = where
    return f"arn:aws:{service}:{'' if service == 'iam' else region}:{account}:{resource}"


_OF_SAGEMAKER = {
    "TrainingJobName": "training-job",
    "ModelName": "model",
    "EndpointConfigName": "endpoint-config",
    "EndpointName": "endpoint",
}


def _sagemaker(request: dict[str, Any], where: Where) -> tuple[str, ...]:
    """An endpoint is made and changed by the right to it and to its config."""
    found = [
        _arn(where, "sagemaker", f"{kind}/{request[name]}") for name, kind in _OF_SAGEMAKER.items() if name in request
    ]
    return tuple(found) or ("*",)


def _glue(operation: str, request: dict[str, Any], where: Where) -> tuple[str, ...]:
    database = request.get("DatabaseName") or request.get("DatabaseInput", {}).get("Name")
    table = request.get("TableInput", {}).get("Name") or request.get("TableName")
    if operation.endswith("Database"):
        database = database or request.get("Name")
    elif database and not operation.endswith("Crawler"):
        table = table or request.get("Name") or "*"
    if database and not operation.endswith("Crawler"):
        found = ["catalog", f"database/{database}"] + ([f"table/{database}/{table}"] if table else [])
        return tuple(_arn(where, "glue", resource) for resource in found)
    name = request.get("JobName") or request.get("Name")
    kind = "crawler" if "Crawler" in operation else "job"
    return (_arn(where, "glue", f"{kind}/{name}"),) if name else ("*",)


def _logs(request: dict[str, Any], where: Where) -> str:
    group = request.get("logGroupName") or request.get("logGroupNamePrefix")
    if not group:
        return "*"
    stream = request.get("logStreamName") or request.get("logStreamNamePrefix") or ""
    return _arn(where, "logs", f"log-group:{group}:log-stream:{stream}")
