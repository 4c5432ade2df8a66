"""Hold a call against what AWS says about its members: types, what is required, lengths, ranges, patterns, choices.

boto3 checks a part of it before it sends anything, and other clients nothing at all; AWS checks all of it. The
descriptions are those that botocore ships.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import (
    ListShape,
    MapShape,
    OperationNotFoundError,
    ServiceModel,
    Shape,
    StructureShape,
)

from localaws.calls import credential_of, read_body

Application = Callable[..., Iterable[bytes]]

CHECKED = frozenset({"glue", "redshift-data", "sagemaker"})
"""Services whose calls are checked: those whose work is done here, by their signing name."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
"""What JSON holds for each type of AWS's descriptions."""


class Constraints:
    """Answer calls that break AWS's own description with its error (WSGI middleware)."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Let the call pass, or answer 400."""
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        service = credential_of(environ).service
        if target and service in CHECKED:
            operation = target.rsplit(".", 1)[-1]
            fault = find_fault(service, operation, read_body(environ))
            if fault is not None:
                return _answer(start_response, *fault)
        return self._application(environ, start_response)


def find_fault(
    service: str, operation: str, body: bytes
) -> tuple[str, str] | None:
    """Return AWS's error code and message for a request; None if it is as described.

    Args:
        service: signing name.
        operation: such as `ExecuteStatement`; of one that botocore does not know nothing is checked but the JSON.
        body: of the request.
    """
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        return "SerializationException", "The request is no JSON object"
    shape = _input_of(service, operation)
    if shape is None:
        return None
    wrong_types = list(_wrong_types(shape, request, ""))
    if wrong_types:
        return "SerializationException", wrong_types[0]
    faults = list(_faults(shape, request, ""))
    if not faults:
        return None
    errors = "error" if len(faults) == 1 else "errors"
    message = f"{len(faults)} validation {errors} detected: {'; '.join(faults)}"
    return "ValidationException", message


@cache
def _input_of(service: str, operation: str) -> Shape | None:
    try:
        return _model(service).operation_model(operation).input_shape
    except (UnknownServiceError, OperationNotFoundError):
        return None


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def _wrong_types(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield a sentence for each value of another type than described."""
    types = _TYPES.get(shape.type_name, (object,))
    is_flag = isinstance(value, bool) and shape.type_name != "boolean"
    if is_flag or not isinstance(value, types):
        yield f"{type(value).__name__} can not be converted to {shape.type_name} at '{path}'"
        return
    for part, inner, place in _parts(shape, value, path):
        yield from _wrong_types(part, inner, place)


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield a sentence for each constraint that a value, or one inside it, does not satisfy."""
    for name in getattr(shape, "required_members", []):
        if value.get(name) is None:
            place = _below(path, name)
            yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
    for rule in _broken_rules(shape, value):
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"
    for part, inner, place in _parts(shape, value, path):
        yield from _faults(part, inner, place)


def _broken_rules(shape: Shape, value: Any) -> Iterator[str]:
    """Yield what a value must do and does not."""
    rules = shape.metadata
    is_number = shape.type_name in ("integer", "long", "float", "double")
    size = value if is_number else _length(value)
    what = "have value" if is_number else "have length"
    if "min" in rules and size < rules["min"]:
        yield f"{what} greater than or equal to {rules['min']}"
    if "max" in rules and size > rules["max"]:
        yield f"{what} less than or equal to {rules['max']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    if "pattern" in rules and not _matches(rules["pattern"], value):
        yield f"satisfy regular expression pattern: {rules['pattern']}"


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


def _matches(pattern: str, value: Any) -> bool:
    """Tell whether a text matches; True for a pattern that Python cannot read."""
    try:
        return re.search(pattern, str(value)) is not None
    except re.error:
        return True


def _parts(
    shape: Shape, value: Any, path: str
) -> Iterator[tuple[Shape, Any, str]]:
    """Yield the values inside a value, each with its description and its path."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield member, value[name], _below(path, name)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield shape.member, item, f"{path}.{number}.member"
    elif isinstance(shape, MapShape):
        for name, item in value.items():
            yield shape.value, item, _below(path, name)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _answer(
    start_response: Callable[..., Any], code: str, message: str
) -> list[bytes]:
    body = json.dumps({"__type": code, "message": message})
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("x-amzn-errortype", code),
    ]
    start_response("400 Bad Request", headers)
    return [body.encode()]
