"""Record which role calls what on local AWS, as IAM sees it: role, action, resources.

A role is recognised by the access key id that signs the request (roles.py). Every distinct call is one JSON line,
written once; `infra.policies` compares them with the roles' policies.
"""

import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from localaws.resources import resources_of
from localaws.roles import OWNER
from localaws.s3_actions import s3_call

Application = Callable[..., Iterable[bytes]]

_CREDENTIAL = re.compile(
    r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request"
)
_INVOCATION = re.compile(r"/endpoints/([^/]+)/invocations")
_BODY_LIMIT = 1 << 20
_ROLE_MEMBERS = ("RoleArn", "ExecutionRoleArn", "Role")


class Credential(NamedTuple):
    """Who signed a request, for which region and service; all empty where nobody did."""

    role: str
    region: str
    service: str


class CallRecorder:
    """Write each distinct call of a role to a file of JSON lines (WSGI middleware)."""

    def __init__(
        self, application: Application, file: Path, account: str
    ) -> None:
        """Empty `file`; `account` is the twelve digits that stand in ARNs."""
        self._application = application
        self._file = file
        self._account = account
        self._lines: set[str] = set()
        self._lock = Lock()
        file.write_text("", encoding="utf-8")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Write the call down, then let it through."""
        credential = credential_of(environ)
        if credential.role and credential.role != OWNER:
            calls = self._calls(credential.region, credential.service, environ)
            for call in calls:
                self._write({"role": credential.role, **call})
        return self._application(environ, start_response)

    def _calls(
        self, region: str, service: str, environ: dict[str, Any]
    ) -> list[dict[str, Any]]:
        if service == "s3":
            return [
                {"action": action, "resources": [resource]}
                for action, resource in s3_call(environ, read_body)
            ]
        operation, request = operation_of(environ)
        resources = resources_of(
            service, operation, request, (region, self._account)
        )
        calls: list[dict[str, Any]] = [
            {"action": f"{service}:{operation}", "resources": resources}
        ]
        role = _role_of(request)
        if role and operation.startswith(("Create", "Update")):
            calls.append(self._pass_role(service, role))
        return calls

    def _pass_role(self, service: str, role: str) -> dict[str, Any]:
        """Return the call that hands a role to a service."""
        arn = (
            role
            if role.startswith("arn:")
            else f"arn:aws:iam::{self._account}:role/{role}"
        )
        return {
            "action": "iam:PassRole",
            "resources": [arn],
            "context": {"iam:PassedToService": f"{service}.amazonaws.com"},
        }

    def _write(self, call: dict[str, Any]) -> None:
        line = json.dumps(call)
        with self._lock:
            if line not in self._lines:
                self._lines.add(line)
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")


def credential_of(environ: dict[str, Any]) -> Credential:
    """Return what signs a request: its `Authorization` header, or the query of a presigned URL."""
    signature = environ.get("HTTP_AUTHORIZATION") or unquote(
        environ.get("QUERY_STRING", "")
    )
    found = _CREDENTIAL.search(signature)
    return Credential(*found.groups()) if found else Credential("", "", "")


def _role_of(request: dict[str, Any]) -> str:
    """Return the role that a request hands to a service; empty where it names none."""
    for member in _ROLE_MEMBERS:
        if request.get(member):
            return str(request[member])
    return str(request.get("JobUpdate", {}).get("Role") or "")


def operation_of(environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return operation and request of AWS's JSON and query protocols.

    Of any other request the operation is the bare request line, which no policy allows.
    """
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.rsplit(".", 1)[-1], _json_object(read_body(environ))
    invocation = _INVOCATION.fullmatch(environ.get("PATH_INFO", ""))
    if invocation:
        return "InvokeEndpoint", {"EndpointName": invocation[1]}
    form = parse_qs(read_body(environ).decode("utf-8", "replace"))
    fields = {name: values[0] for name, values in form.items()}
    if "Action" in fields:
        return fields["Action"], fields
    return f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}", {}


def _json_object(body: bytes) -> dict[str, Any]:
    """Return a request; empty if it is no JSON object, which the service answers with an error."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def read_body(environ: dict[str, Any]) -> bytes:
    """Return the request's body and leave it in place for the application.

    Empty for a body that is too large to be an API request.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= _BODY_LIMIT:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body
