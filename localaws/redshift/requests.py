"""Check the members of a Data API request that are newer than botocore's description (localaws.constraints has those).

Source: https://docs.aws.amazon.com/redshift-data/latest/APIReference/ (members added in July 2026: ExecutionMode,
WaitTimeSeconds, Parameters of a batch)
"""

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_WAIT_SECONDS = 30
_MODES = ("TRANSACTION", "AUTO_COMMIT")
_ARN = re.compile(
    r"arn:aws[a-z-]*:redshift-serverless:(?P<region>[^:]+):(?P<account>\d{12}):workgroup/[\w-]+"
)


class InvalidRequestError(ValueError):
    """A request that the Data API answers with ValidationException; the message is the answer's."""


def read_request(body: str) -> dict[str, Any]:
    """Return a request's members, those that are null left out. Raises InvalidRequestError."""
    request = {
        name: value
        for name, value in json.loads(body or "{}").items()
        if value is not None
    }
    for name, text in _texts("", request):
        _check_encoding(name, text)
    _check_parameters(request)
    _check_wait(request)
    _check_mode(request)
    return request


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each text of a request with the member that it stands in."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(name, item)
    elif isinstance(value, dict):
        for member, inner in value.items():
            yield from _texts(member, inner)


def _check_encoding(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(f"{name} is not valid UTF-8") from error


def _check_parameters(request: dict[str, Any]) -> None:
    """Check the parameters of a batch, which botocore's description does not have."""
    items = request.get("Parameters", [])
    if not isinstance(items, list):
        raise InvalidRequestError("Parameters must be a list")
    for item in items:
        texts = item if isinstance(item, dict) else {}
        pair = [texts.get("name"), texts.get("value")]
        if not all(isinstance(text, str) and text for text in pair):
            raise InvalidRequestError(
                "Parameters takes a name and a value each, both text"
            )


def _check_wait(request: dict[str, Any]) -> None:
    seconds = request.get("WaitTimeSeconds", 0)
    is_whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    if not is_whole or not 0 <= seconds <= MOST_WAIT_SECONDS:
        raise InvalidRequestError(
            f"Value '{seconds}' at 'WaitTimeSeconds' failed to satisfy constraint: "
            f"Member must be a whole number between 0 and {MOST_WAIT_SECONDS}"
        )


def _check_mode(request: dict[str, Any]) -> None:
    mode = request.get("ExecutionMode", _MODES[0])
    if mode not in _MODES:
        raise InvalidRequestError(
            f"Value '{mode}' at 'ExecutionMode' failed to satisfy constraint: "
            f"Member must satisfy enum value set: {list(_MODES)}"
        )


def require_database(request: dict[str, Any]) -> None:
    """Refuse statements that name neither a database nor a session, which has one already.

    AWS's description calls Database optional, because it is so with SessionId; listings need it always.
    """
    if not request.get("Database"):
        raise InvalidRequestError(
            "Database is required where SessionId does not name a session"
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
    return own
