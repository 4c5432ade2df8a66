"""Holds the roles' policies against recorded calls: what is refused, and what is allowed and never used.

After `make demo`: `python -m infra.policies .local/aws/calls.jsonl`.

Evaluates what the templates use of IAM: Allow and Deny, wildcards, and the conditions in OPERATORS.
"""

import fnmatch
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from include.settings import settings
from infra.stages import load_stage, template

log = logging.getLogger(__name__)

Names = dict[str, str]
ROLE_LAYERS = ("warehouse", "roles", "ci")


@dataclass(frozen=True)
class Call:
    """One call as IAM sees it; it is allowed when its action is allowed on every resource."""

    role: str
    action: str
    resources: tuple[str, ...]
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Statement:
    """One statement of one role's policy, with every reference resolved."""

    role: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)


def read_calls(file: Path) -> list[Call]:
    """The calls that a local AWS has recorded in `<data-dir>/calls.jsonl`."""
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [
        Call(line["role"], line["action"], tuple(line["resources"]), tuple(line.get("context", {}).items()))
        for line in lines
    ]


def statements(names: Names) -> list[Statement]:
    """Every statement of every role in the templates.

    Args:
        names: values of the templates' parameters, and of AWS::Region, AWS::AccountId and AWS::Partition.
    """
    return [statement for layer in ROLE_LAYERS for statement in _of_layer(layer, names)]


def implied(call: Call, key: str, region: str) -> Iterator[Call]:
    """What AWS asks of the caller besides, with encrypted buckets and Redshift's temporary credentials."""
    kms = {
        "s3:GetObject": "kms:Decrypt",
        "s3:PutObject": "kms:GenerateDataKey",
        "secretsmanager:GetSecretValue": "kms:Decrypt",
    }
    if call.action in kms:
        service = call.action.split(":")[0]
        yield Call(call.role, kms[call.action], (key,), (("kms:ViaService", f"{service}.{region}.amazonaws.com"),))
    if call.action in ("redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"):
        yield Call(call.role, "redshift-serverless:GetCredentials", call.resources)


def refused(call: Call, policies: Iterable[Statement]) -> tuple[str, ...]:
    """The resources on which the caller's policies do not allow the action."""
    own = [statement for statement in policies if statement.role == call.role and _matches(statement, call)]
    wanted = call.resources if supports_resources(call.action) else ("*",)
    return tuple(resource for resource in wanted if not _allowed(resource, own))


def unused(policies: Iterable[Statement], calls: Iterable[Call]) -> list[tuple[str, str, str]]:
    """Role, statement and action of every permission that no call has needed, sorted."""
    made = list(calls)
    return sorted(
        (statement.role, statement.sid, action)
        for statement in policies
        if statement.effect == "Allow"
        for action in statement.actions
        if not any(_needed(statement, action, call) for call in made)
    )


def judge(calls: Iterable[Call], names: Names) -> tuple[list[str], list[str]]:
    """What the roles' policies refuse of the calls and of what they imply, and what they allow in vain; as lines."""
    policies, made = statements(names), list(calls)
    needed = [*made, *(more for call in made for more in implied(call, names["KeyArn"], names["AWS::Region"]))]
    denials = [f"{one.role} may not {one.action} on {left}" for one in needed for left in refused(one, policies)]
    return sorted(set(denials)), [f"{role:27}{sid:34}{action}" for role, sid, action in unused(policies, needed)]


def names_on_local_aws(account: str = "123456789012", **changes: str) -> Names:
    """Production's names as local AWS has them, with made-up ARNs for what it does not have."""
    region = settings().region
    made_up = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "aws:userid": "${aws:userid}",
        "KeyArn": f"arn:aws:kms:{region}:{account}:key/none",
        "WorkgroupArn": f"arn:aws:redshift-serverless:{region}:{account}:workgroup/{settings().redshift.workgroup}",
        "RepositoryArn": f"arn:aws:ecr:{region}:{account}:repository/{settings().training.image}",
        **{name: f"{name}-1" for name in ("PrivateSubnetA", "PrivateSubnetB", "SecurityGroup")},
    }
    return load_stage("prod", account, Bucket=settings().s3.bucket).given | made_up | changes


def supports_resources(action: str) -> bool:
    """Whether IAM lets a policy name resources for an action (AWS's service authorization reference, in cfn-lint)."""
    service, _, name = action.partition(":")
    known = _reference().get(service, {}).get("Actions", {})
    return bool(known.get(name.lower(), {"Resources": ["?"]}).get("Resources"))


@cache
def _reference() -> dict[str, Any]:
    text = (files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text(encoding="utf-8")
    reference: dict[str, Any] = json.loads(text)
    return reference


def _of_layer(layer: str, names: Names) -> Iterator[Statement]:
    resources = template(layer)["Resources"]
    roles = {
        name: resolve(resource["Properties"]["RoleName"], names)
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
    }
    arns = {f"{name}.Arn": f"arn:aws:iam::{names['AWS::AccountId']}:role/{role}" for name, role in roles.items()}
    for name, role in roles.items():
        for policy in resources[name]["Properties"].get("Policies", []):
            for given in policy["PolicyDocument"]["Statement"]:
                one = resolve(given, names | arns)
                condition = one.get("Condition", {})
                yield Statement(
                    role, one["Sid"], one["Effect"], _many(one["Action"]), _many(one["Resource"]), condition
                )


def resolve(value: Any, names: Names) -> Any:
    """A template's value with !Ref, !GetAtt and !Sub replaced. Raises KeyError for a name that is not given."""
    if isinstance(value, list):
        return [resolve(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    for tag in ("Ref", "GetAtt"):
        if tag in value:
            return names[value[tag]]
    if "Sub" in value:
        return re.sub(r"\$\{([^}]+)\}", lambda found: names[found[1]], value["Sub"])
    return {key: resolve(item, names) for key, item in value.items()}


def _many(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _matches(statement: Statement, call: Call) -> bool:
    named = any(_like(call.action.lower(), action.lower()) for action in statement.actions)
    return named and _holds(statement.condition, _context(call))


def _allowed(resource: str, own: list[Statement]) -> bool:
    effects = {one.effect for one in own if any(_like(resource, pattern) for pattern in one.resources)}
    return effects == {"Allow"}


def _needed(statement: Statement, action: str, call: Call) -> bool:
    if statement.role != call.role or not _like(call.action.lower(), action.lower()) or not _matches(statement, call):
        return False
    wanted = call.resources if supports_resources(call.action) else ("*",)
    return any(_like(resource, pattern) for resource in wanted for pattern in statement.resources)


def _context(call: Call) -> Names:
    """What IAM knows of a request; a role reads only statements that it has submitted itself."""
    return {"aws:userid": call.role, "redshift-data:statement-owner-iam-userid": call.role, **dict(call.context)}


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": _like,
    "ArnLike": _like,
    "ForAllValues:StringEquals": lambda value, wanted: value == wanted,
}


def _holds(condition: dict[str, dict[str, Any]], context: Names) -> bool:
    return all(
        any(OPERATORS[operator](context.get(key, ""), _variable(wanted, context)) for wanted in _many(values))
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def _variable(text: str, context: Names) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: context.get(found[1], ""), text)


def main() -> None:
    """The command line: prints both lists of a recording; exit status 1 where a call would have been refused."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    denials, spare = judge(read_calls(Path(sys.argv[1])), names_on_local_aws())
    for line in spare:
        log.info("allowed, not used: %s", line)
    for line in denials:
        log.error("refused: %s", line)
    sys.exit(bool(denials))


if __name__ == "__main__":
    main()
