"""Mend two things of moto that a second `make stacks` meets: UpdateStack's parameters, and roles made by a stack."""

import json
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.iam.models import Role


def register() -> None:
    """Put the methods below in the place of moto's."""
    CloudFormationResponse._validate_different_update = _refuse_no_change
    Role.put_policy = _put_policy


def _refuse_no_change(
    response: CloudFormationResponse,
    incoming: list[dict[str, Any]],
    body: str,
    stack: Stack,
) -> None:
    """Refuse an update that changes nothing, as CloudFormation does.

    moto compares without the defaults, and takes no previous value of a parameter that was never given. Previous values
    are written into `incoming`, which moto goes on with.

    Raises:
        ValidationError: template and parameters are those of the stack.
    """
    before = {
        name: _text(value) for name, value in stack.stack_parameters.items()
    }
    after = _defaults(stack)
    for parameter in incoming:
        name = parameter["ParameterKey"]
        if parameter.pop("UsePreviousValue", False):
            parameter["ParameterValue"] = before[name]
        after[name] = parameter["ParameterValue"]
    if stack.template == body and before == after:
        raise ValidationError(
            stack.name, message="No updates are to be performed."
        )


def _defaults(stack: Stack) -> dict[str, str]:
    defaults = {}
    for name, description in stack.template_dict.get("Parameters", {}).items():
        if "Default" in description:
            defaults[name] = _text(description["Default"])
    return defaults


def _text(value: object) -> str:
    """Return a parameter as a request has it; moto keeps a list of one as a list."""
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


def _put_policy(
    role: Role, policy_name: str, policy: str | dict[str, Any]
) -> None:
    """Keep a role's policy as JSON; from a stack moto gets it as a dictionary, and would answer Python's text of it."""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    role.policies[policy_name] = text
