"""Let the calls pass that local AWS answers truly, and refuse all others by name.

moto answers the calls of some 170 services. Of many it only keeps a record: a SageMaker transform job is "Completed",
an Athena query "SUCCEEDED", an EMR cluster "RUNNING", and nothing has been done. Who tests a pipeline here must not
read that as success. So a call passes only if what it promises really happens: things are kept and can be read again
(S3, IAM, secrets), or the work is done by the backends of this package.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from localaws.calls import credential_of, operation_of

CODE = "UnsupportedOperation"
Application = Callable[..., Iterable[bytes]]
StartResponse = Callable[..., Any]

KEPT = frozenset(
    {
        "cloudformation",
        "dynamodb",
        "iam",
        "kms",
        "logs",
        "monitoring",
        "redshift-data",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "sts",
        "tagging",
    }
)
"""Services, by their signing name, of which every call passes: they keep what they are given, or the backend is ours.
What moto itself lacks of them it refuses."""

READS = re.compile(
    r"(BatchGet|Describe|Filter|Get|List|Lookup|Search)[A-Z]\w*|GET /.*"
)
"""Operations that say what is there. They pass for every service of CHANGES."""

CHANGES: Mapping[str, frozenset[str]] = {
    "acm": frozenset(),
    "ec2": frozenset(),
    "ecr": frozenset(
        {
            "BatchDeleteImage",
            "CreateRepository",
            "DeleteLifecyclePolicy",
            "DeleteRepository",
            "DeleteRepositoryPolicy",
            "PutImage",
            "PutImageTagMutability",
            "PutLifecyclePolicy",
            "SetRepositoryPolicy",
            "TagResource",
            "UntagResource",
        }
    ),
    "glue": frozenset(
        {
            "BatchCreatePartition",
            "BatchDeletePartition",
            "BatchDeleteTable",
            "BatchStopJobRun",
            "BatchUpdatePartition",
            "CreateConnection",
            "CreateCrawler",
            "CreateDatabase",
            "CreateJob",
            "CreatePartition",
            "CreateRegistry",
            "CreateSchema",
            "CreateSecurityConfiguration",
            "CreateTable",
            "DeleteConnection",
            "DeleteCrawler",
            "DeleteDatabase",
            "DeleteJob",
            "DeletePartition",
            "DeleteRegistry",
            "DeleteResourcePolicy",
            "DeleteSchema",
            "DeleteSecurityConfiguration",
            "DeleteTable",
            "DeleteTableVersion",
            "PutDataCatalogEncryptionSettings",
            "PutResourcePolicy",
            "PutSchemaVersionMetadata",
            "RegisterSchemaVersion",
            "StartCrawler",
            "StartJobRun",
            "StopCrawler",
            "TagResource",
            "UntagResource",
            "UpdateCrawler",
            "UpdateDatabase",
            "UpdateJob",
            "UpdatePartition",
            "UpdateSchema",
            "UpdateTable",
        }
    ),
    "sagemaker": frozenset(
        {
            "AddTags",
            "CreateEndpoint",
            "CreateEndpointConfig",
            "CreateModel",
            "CreateTrainingJob",
            "DeleteEndpoint",
            "DeleteEndpointConfig",
            "DeleteModel",
            "DeleteTags",
            "InvokeEndpoint",
            "StopTrainingJob",
            "UpdateEndpoint",
        }
    ),
}
"""Of these services the reads pass, and of the operations that change something those that do what they promise."""


class Supported:
    """Refuse calls of services and operations that would report success and do no work (WSGI middleware)."""

    def __init__(
        self, application: Application, recorded: Collection[str] = ()
    ) -> None:
        """`recorded` are services, by their signing name, of which moto's records are enough for the caller."""
        self._application = application
        self._recorded = frozenset(recorded)

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let the call pass, or answer 501 with its name."""
        service, operation = _call(environ)
        if service in self._recorded or passes(service, operation):
            return self._application(environ, start_response)
        message = (
            f"not supported by local AWS: {service}:{operation}. "
            "It would report success and do no work; README.md of localaws lists what is real. "
            f"--recorded {service} lets it pass where a record of the call is enough"
        )
        return refuse(environ, start_response, message)


def passes(service: str, operation: str) -> bool:
    """Tell whether local AWS does what a call promises.

    Args:
        service: signing name; empty where nothing is signed, as in an anonymous read of S3.
        operation: such as `CreateJob`; of services that speak REST, method and path.
    """
    if not service or service in KEPT:
        return True
    if service not in CHANGES:
        return False
    return bool(READS.fullmatch(operation)) or operation in CHANGES[service]


def refuse(
    environ: dict[str, Any], start_response: StartResponse, message: str
) -> list[bytes]:
    """Answer 501, a status that AWS's clients do not retry, in the form that the client's protocol reads."""
    if _is_form(environ):
        content_type = "text/xml"
        body = _as_xml(environ, message)
    else:
        content_type = "application/x-amz-json-1.1"
        body = json.dumps({"__type": CODE, "message": message})
    headers = [("Content-Type", content_type), ("x-amzn-errortype", CODE)]
    start_response("501 Not Implemented", headers)
    return [body.encode()]


def _as_xml(environ: dict[str, Any], message: str) -> str:
    """Return the error of the query protocol, or of EC2's own."""
    error = f"<Error><Code>{CODE}</Code><Message>{escape(message)}</Message></Error>"
    if credential_of(environ).service == "ec2":
        return f"<Response><Errors>{error}</Errors></Response>"
    return f"<ErrorResponse>{error}</ErrorResponse>"


def _is_form(environ: dict[str, Any]) -> bool:
    content_type = str(environ.get("CONTENT_TYPE") or "")
    return content_type.startswith("application/x-www-form-urlencoded")


def _call(environ: dict[str, Any]) -> tuple[str, str]:
    """Return signing name and operation of a request; the name is empty for an unsigned one."""
    service = credential_of(environ).service
    if service in KEPT:
        return service, ""
    operation, _ = operation_of(environ)
    return service, operation
