"""Compare the roles' policies with recorded calls: what is refused, and what is allowed and never used.

After `make demo`: `python -m infra.policies .local/aws/calls.jsonl`.

Evaluates what the templates use of IAM: Allow and Deny, wildcards, and the conditions in OPERATORS.
"""

import fnmatch
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from include.settings import settings
from infra.contract_rules import (
    LARGEST_MANAGED_POLICY,
    LARGEST_POLICY,
    MOST_POLICIES,
    Contracts,
)
from infra.environments import load_environment, template_with

log = logging.getLogger(__name__)

Names = dict[str, str]
ROLE_LAYERS = ("warehouse", "roles", "ci")
KEY_USES = {
    "s3:GetObject": "kms:Decrypt",
    "s3:PutObject": "kms:GenerateDataKey",
    "secretsmanager:GetSecretValue": "kms:Decrypt",
}
"""What a call does with the key of an encrypted bucket or secret."""
REFERENCE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Call:
    """One call as IAM sees it; it is allowed when its action is allowed on every resource."""

    role: str
    action: str
    resources: tuple[str, ...]
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Statement:
    """One statement of one role's policy, with every reference resolved; `policy` is the managed one, "" of its own."""

    role: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: dict[str, dict[str, Any]] = field(
        default_factory=dict, hash=False
    )
    policy: str = ""


def read_calls(file: Path) -> list[Call]:
    """Read the calls that a local AWS has recorded in `<data-dir>/calls.jsonl`."""
    calls = []
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        call = Call(
            role=record["role"],
            action=record["action"],
            resources=tuple(record["resources"]),
            context=tuple(record.get("context", {}).items()),
        )
        calls.append(call)
    return calls


def statements(
    names: Names, contracts: Contracts | None = None
) -> list[Statement]:
    """Return every statement of every role in the templates.

    Args:
        names: values of the templates' parameters, and of AWS::Region, AWS::AccountId and AWS::Partition.
        contracts: what is in force besides the stage's own contract, name to prefix.
    """
    result: list[Statement] = []
    for layer in ROLE_LAYERS:
        result += _of_layer(layer, names, contracts or {})
    return result


def too_large(policies: Iterable[Statement]) -> list[str]:
    """Return what IAM does not take, in words: too many characters of a policy, or too many policies of a role."""
    sizes: dict[tuple[str, str], int] = {}
    for statement in policies:
        content = {
            "Sid": statement.sid,
            "Effect": statement.effect,
            "Action": statement.actions,
            "Resource": statement.resources,
            "Condition": statement.condition,
        }
        size = len(json.dumps(content, separators=(",", ":"))) + 1
        place = (statement.role, statement.policy)
        sizes[place] = sizes.get(place, 0) + size
    findings = []
    for (role, policy), size in sizes.items():
        limit = LARGEST_MANAGED_POLICY if policy else LARGEST_POLICY
        if size > limit:
            name = f"managed policy {policy} has" if policy else "policies have"
            findings.append(
                f"role {role}: its {name} {size} characters, and IAM takes {limit}"
            )
    attached = Counter(role for role, policy in sizes if policy)
    for role, count in attached.items():
        if count > MOST_POLICIES:
            findings.append(
                f"role {role}: it has {count} managed policies, and IAM attaches {MOST_POLICIES}"
            )
    return findings


def implied(call: Call, key: str, region: str) -> Iterator[Call]:
    """Yield what AWS asks of the caller besides, with encrypted buckets and Redshift's temporary credentials."""
    if call.action in KEY_USES:
        service = call.action.split(":")[0]
        via = ("kms:ViaService", f"{service}.{region}.amazonaws.com")
        yield Call(call.role, KEY_USES[call.action], (key,), (via,))
    if call.action in (
        "redshift-data:ExecuteStatement",
        "redshift-data:BatchExecuteStatement",
    ):
        yield Call(
            call.role, "redshift-serverless:GetCredentials", call.resources
        )


def refused(call: Call, policies: Iterable[Statement]) -> tuple[str, ...]:
    """Return the resources on which the caller's policies do not allow the action."""
    statements_of_role = [
        statement
        for statement in policies
        if statement.role == call.role and _matches(statement, call)
    ]
    return tuple(
        resource
        for resource in _checked_resources(call)
        if not _is_allowed(resource, statements_of_role)
    )


def unused(
    policies: Iterable[Statement], calls: Iterable[Call]
) -> list[tuple[str, str, str]]:
    """Return role, statement and action of every permission that no call has needed, sorted."""
    recorded = list(calls)
    permissions = []
    for statement in policies:
        if statement.effect != "Allow":
            continue
        for action in statement.actions:
            if not any(_needs(call, statement, action) for call in recorded):
                permissions.append((statement.role, statement.sid, action))
    return sorted(permissions)


def compare(calls: Iterable[Call], names: Names) -> tuple[list[str], list[str]]:
    """Return as lines what the policies refuse of the calls and of what they imply, and what they allow in vain."""
    policies = statements(names)
    all_calls = list(calls)
    for call in list(all_calls):
        all_calls += implied(call, names["KeyArn"], names["AWS::Region"])
    denials = set()
    for call in all_calls:
        for resource in refused(call, policies):
            denials.add(f"{call.role} may not {call.action} on {resource}")
    spare = [
        f"{role:27}{sid:34}{action}"
        for role, sid, action in unused(policies, all_calls)
    ]
    return sorted(denials), spare


def names_on_local_aws(account: str = "123456789012", **changes: str) -> Names:
    """Return production's names as local AWS has them, with made-up ARNs for what it does not have."""
    region = settings().region
    made_up = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "aws:userid": "${aws:userid}",
        "KeyArn": f"arn:aws:kms:{region}:{account}:key/none",
        "WorkgroupArn": f"arn:aws:redshift-serverless:{region}:{account}:workgroup/{settings().redshift.workgroup}",
        "RepositoryArn": f"arn:aws:ecr:{region}:{account}:repository/{settings().training.image}",
        "PrivateSubnetA": "PrivateSubnetA-1",
        "PrivateSubnetB": "PrivateSubnetB-1",
        "SecurityGroup": "SecurityGroup-1",
        "MlflowClients": "MlflowClients-1",
    }
    production = load_environment("prod", account, Bucket=settings().s3.bucket)
    return production.values | made_up | changes


def supports_resources(action: str) -> bool:
    """Tell whether IAM lets a policy name resources for an action.

    Source: AWS's service authorization reference, in cfn-lint. An action that it does not know is taken to.
    """
    service, _, name = action.partition(":")
    actions = _reference().get(service, {}).get("Actions", {})
    if name.lower() not in actions:
        return True
    return bool(actions[name.lower()].get("Resources"))


def _checked_resources(call: Call) -> tuple[str, ...]:
    """Return the resources that IAM looks at."""
    return call.resources if supports_resources(call.action) else ("*",)


@cache
def _reference() -> dict[str, Any]:
    text = (files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text(
        encoding="utf-8"
    )
    reference: dict[str, Any] = json.loads(text)
    return reference


def _of_layer(
    layer: str, names: Names, contracts: Contracts
) -> Iterator[Statement]:
    """Yield the statements of the roles in a layer's template."""
    resources = template_with(layer, contracts)["Resources"]
    roles = {}
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            roles[name] = resolve(resource["Properties"]["RoleName"], names)
    arns = {
        f"{name}.Arn": f"arn:aws:iam::{names['AWS::AccountId']}:role/{role}"
        for name, role in roles.items()
    }
    for name, role in roles.items():
        for policy in resources[name]["Properties"].get("Policies", []):
            yield from _of_document(
                policy["PolicyDocument"], role, "", names | arns
            )
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            properties = resource["Properties"]
            for role in resolve(properties["Roles"], roles):
                yield from _of_document(
                    properties["PolicyDocument"], role, name, names | arns
                )


def _of_document(
    document: dict[str, Any], role: str, policy: str, names: Names
) -> Iterator[Statement]:
    """Yield the statements of a policy's document that a role has."""
    for unresolved in document["Statement"]:
        statement = resolve(unresolved, names)
        yield Statement(
            role=role,
            sid=statement["Sid"],
            effect=statement["Effect"],
            actions=_many(statement["Action"]),
            resources=_many(statement["Resource"]),
            condition=statement.get("Condition", {}),
            policy=policy,
        )


def resolve(value: Any, names: Names) -> Any:
    """Return a template's value with !Ref, !GetAtt and !Sub replaced. Raises KeyError for an unknown name."""
    if isinstance(value, list):
        return [resolve(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    for tag in ("Ref", "GetAtt"):
        if tag in value:
            return names[value[tag]]
    if "Sub" in value:
        return REFERENCE.sub(lambda match: names[match[1]], value["Sub"])
    return {key: resolve(item, names) for key, item in value.items()}


def _many(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _matches(statement: Statement, call: Call) -> bool:
    """Tell whether a statement is about a call, whatever its resources."""
    has_action = any(
        _like(call.action.lower(), action.lower())
        for action in statement.actions
    )
    return has_action and _holds(statement.condition, _context(call))


def _is_allowed(resource: str, policies: list[Statement]) -> bool:
    """Tell whether statements that are about a call allow it on a resource; one Deny is enough to refuse it."""
    effects = {
        statement.effect
        for statement in policies
        if _covers(statement, resource)
    }
    return effects == {"Allow"}


def _covers(statement: Statement, resource: str) -> bool:
    return any(_like(resource, pattern) for pattern in statement.resources)


def _needs(call: Call, statement: Statement, action: str) -> bool:
    """Tell whether a call makes use of one action of a statement."""
    if statement.role != call.role or not _like(
        call.action.lower(), action.lower()
    ):
        return False
    if not _matches(statement, call):
        return False
    return any(
        _covers(statement, resource) for resource in _checked_resources(call)
    )


def _context(call: Call) -> Names:
    """Return what IAM knows of a request; a role reads only statements that it has submitted itself."""
    return {
        "aws:userid": call.role,
        "redshift-data:statement-owner-iam-userid": call.role,
        **dict(call.context),
    }


def _is_equal(value: str, expected: str) -> bool:
    return value == expected


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _is_equal,
    "StringLike": _like,
    "ArnLike": _like,
    "Bool": _is_equal,
    "ForAllValues:StringEquals": _is_equal,
}


def _holds(condition: dict[str, dict[str, Any]], context: Names) -> bool:
    """Tell whether a request meets every part of a condition; one of several values is enough."""
    for operator, keys in condition.items():
        compare_values = OPERATORS[operator]
        for key, values in keys.items():
            expected = [_fill(value, context) for value in _many(values)]
            if not any(
                compare_values(context.get(key, ""), value)
                for value in expected
            ):
                return False
    return True


def _fill(text: str, context: Names) -> str:
    """Replace the policy variables in a value."""
    return REFERENCE.sub(lambda match: context.get(match[1], ""), text)


def main() -> None:
    """Run the command line: print both lists of a recording; exit status 1 where a call would have been refused."""
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    denials, spare = compare(
        read_calls(Path(sys.argv[1])), names_on_local_aws()
    )
    for line in spare:
        log.info("allowed, not used: %s", line)
    for line in denials:
        log.error("refused: %s", line)
    sys.exit(bool(denials))


if __name__ == "__main__":
    main()
