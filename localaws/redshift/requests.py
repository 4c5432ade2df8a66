"""Check the members of a Data API request: types, ranges, and what may stand together.

Source: https://docs.aws.amazon.com/redshift-data/latest/APIReference/ (members added in July 2026: ExecutionMode,
WaitTimeSeconds, Parameters of a batch)
"""

import json
import re
from typing import Any

from localaws.redshift.kept_sessions import LONGEST_SECONDS

MOST_WAIT_SECONDS = 30
_TEXTS = (
    "ClientToken", "ClusterIdentifier", "ConnectedDatabase", "Database", "DbUser", "ExecutionMode", "Id", "NextToken",
    "ResultFormat", "Schema", "SchemaPattern", "SecretArn", "SessionId", "Sql", "StatementName", "Status", "Table",
    "TablePattern", "WorkgroupName",
)  # fmt: skip
_RANGES = {
    "MaxResults": (0, 1000),
    "SessionKeepAliveSeconds": (0, LONGEST_SECONDS),
    "WaitTimeSeconds": (0, MOST_WAIT_SECONDS),
}
_CHOICES = {
    "ExecutionMode": ("TRANSACTION", "AUTO_COMMIT"),
    "ResultFormat": ("JSON", "CSV"),
}
_ARN = re.compile(
    r"arn:aws[a-z-]*:redshift-serverless:(?P<region>[^:]+):(?P<account>\d{12}):workgroup/(?P<id>[\w-]+)"
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class InvalidRequestError(ValueError):
    """A request that the Data API answers with ValidationException; the message is the answer's."""


def read_request(body: str, required: tuple[str, ...]) -> dict[str, Any]:
    """Return a request's members. Raises InvalidRequestError."""
    try:
        request = json.loads(body or "{}")
    except ValueError as error:
        raise InvalidRequestError(f"the request is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise InvalidRequestError("the request is no JSON object")
    request = {
        name: value for name, value in request.items() if value is not None
    }
    for name in required:
        if name not in request:
            raise InvalidRequestError(
                f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
            )
    _check_types(request)
    _check_values(request)
    return request


def _check_types(request: dict[str, Any]) -> None:
    for name in _TEXTS:
        if name in request:
            _check_text(name, request[name])
    for sql in _list_of("Sqls", request):
        _check_text("Sqls", sql)
    for item in _list_of("Parameters", request):
        if not isinstance(item, dict) or {"name", "value"} - set(item):
            raise InvalidRequestError(
                "Parameters takes a name and a value each"
            )
        _check_text("name", item["name"])
        _check_text("value", item["value"])


def _list_of(name: str, request: dict[str, Any]) -> list[Any]:
    items = request.get(name, [])
    if not isinstance(items, list):
        raise InvalidRequestError(f"{name} must be a list")
    if name in request and not items:
        raise InvalidRequestError(
            f"Value '[]' at '{name}' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    return items


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidRequestError(f"{name} must be text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(f"{name} is not valid UTF-8") from error


def _check_values(request: dict[str, Any]) -> None:
    for name, (least, most) in _RANGES.items():
        value = request.get(name, least)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not least <= value <= most:
            raise InvalidRequestError(
                f"Value '{value}' at '{name}' failed to satisfy constraint: "
                f"Member must be a whole number between {least} and {most}"
            )
    for name, choices in _CHOICES.items():
        value = request.get(name, choices[0])
        if value not in choices:
            raise InvalidRequestError(
                f"Value '{value}' at '{name}' failed to satisfy constraint: "
                f"Member must satisfy enum value set: {list(choices)}"
            )


def page_start(request: dict[str, Any]) -> int:
    """Return where the page begins that a request asks for. Raises InvalidRequestError."""
    token = request.get("NextToken") or "0"
    if not (token.isascii() and token.isdigit()):
        raise InvalidRequestError(
            "NextToken is none that this API has returned"
        )
    return int(token)


def workgroup_name(value: str, region: str, account: str, own: str) -> str:
    """Return the workgroup that a name or an ARN stands for.

    An ARN of AWS ends in a made-up id. There is one workgroup here, so any id of its region and account is taken for
    `own`.
    """
    match = _ARN.fullmatch(value)
    if match is None or (match["region"], match["account"]) != (
        region,
        account,
    ):
        return value
    return own if _UUID.fullmatch(match["id"]) else match["id"]
