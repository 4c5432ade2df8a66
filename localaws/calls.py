"""Records which role calls what on local AWS, as IAM sees it: role, action, resources.

A role is told by the access key id that signs the request (roles.py). Every distinct call is one JSON line, written
once; `infra.policies` holds them against the roles' policies.
"""

import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote

from localaws.resources import resources_of
from localaws.roles import OWNER
from localaws.s3_actions import s3_call

Application = Callable[..., Iterable[bytes]]

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_INVOCATION = re.compile(r"/endpoints/([^/]+)/invocations")
_BODY_LIMIT = 1 << 20


class CallRecorder:
    """WSGI middleware that writes each distinct call of a role to a file of JSON lines."""

    def __init__(self, application: Application, file: Path, account: str) -> None:
        """`file` is emptied; `account` is the twelve digits that stand in ARNs."""
        self._application, self._file, self._account = application, file, account
        self._seen: set[str] = set()
        self._lock = Lock()
        file.write_text("", encoding="utf-8")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Note the call, then let it through."""
        signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", "")))
        if signed and signed[1] != OWNER:
            for call in self._calls(signed[2], signed[3], environ):
                self._note({"role": signed[1], **call})
        return self._application(environ, start_response)

    def _calls(self, region: str, service: str, environ: dict[str, Any]) -> list[dict[str, Any]]:
        if service == "s3":
            return [{"action": action, "resources": [resource]} for action, resource in s3_call(environ, _body)]
        operation, request = _operation(environ)
        found = resources_of(service, operation, request, (region, self._account))
        calls: list[dict[str, Any]] = [{"action": f"{service}:{operation}", "resources": found}]
        passed = (
            request.get("RoleArn")
            or request.get("ExecutionRoleArn")
            or request.get("Role")
            or request.get("JobUpdate", {}).get("Role")
        )
        if passed and operation.startswith(("Create", "Update")):
            arn = passed if passed.startswith("arn:") else f"arn:aws:iam::{self._account}:role/{passed}"
            context = {"iam:PassedToService": f"{service}.amazonaws.com"}
            calls.append({"action": "iam:PassRole", "resources": [arn], "context": context})
        return calls

    def _note(self, call: dict[str, Any]) -> None:
        line = json.dumps(call)
        with self._lock:
            if line not in self._seen:
                self._seen.add(line)
                with self._file.open("a", encoding="utf-8") as lines:
                    lines.write(line + "\n")


def _operation(environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Operation and request of AWS's JSON and query protocols; of others the bare request line, which no policy has."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rsplit(".", 1)[-1], json.loads(_body(environ) or b"{}")
    if invoked := _INVOCATION.fullmatch(environ.get("PATH_INFO", "")):
        return "InvokeEndpoint", {"EndpointName": invoked[1]}
    fields = {name: values[0] for name, values in parse_qs(_body(environ).decode("utf-8", "replace")).items()}
    if "Action" in fields:
        return fields["Action"], fields
    return f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}", {}


def _body(environ: dict[str, Any]) -> bytes:
    """The request's body, left in place for the application; empty for one too large to be an API request."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= _BODY_LIMIT:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body
