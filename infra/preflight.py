"""What can be known to fail before the first stack is touched: each check names the cause and the way out."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.environment import CHANGING
from infra.stacks import Stacks
from infra.stages import LAYERS, Stage, StageError, template
from infra.teardown import final_snapshot

BUCKET_NAME = re.compile(r"(?!xn--|sthree-)(?!.*(-s3alias|--ol-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
NEVER_WAS = "ROLLBACK_COMPLETE"
"""State of a stack whose creation failed; like the failed ones it takes no update."""
NOBODY = ("@example.com", "@example.org", "@example.net")
GITHUB = "token.actions.githubusercontent.com"
FROM_DEPLOYMENT = frozenset(
    ("ZoneA", "ZoneB", "ZoneC", "ApiImage", "RequirementsVersion", "PluginsVersion", "StartupVersion")
)
"""Parameters that neither a stage nor an earlier stack gives; they are made while the layers are."""


def check(stage: Stage, session: boto3.Session, stacks: Stacks) -> None:
    """Raises StageError with every finding at once; nothing has been changed then.

    Args:
        stage: what is about to be created or updated.
        session: account and region.
        stacks: the stage's stacks, as far as there are any.
    """
    exists = stacks.describe("storage") is not None
    found = [
        *parameters(stage),
        *(problem for name in ("Bucket", "MwaaBucket") for problem in _bucket(stage[name], name, session, exists)),
        *_certificate(stage, session),
        *_addresses(stage),
        *_email(stage),
        *_identity_provider(stage, session, stacks.describe("ci") is not None),
        *_changing(stage, session, stacks),
        *_stuck(stage, stacks),
    ]
    if found:
        raise StageError(f"stage {stage.name}, nothing was changed:\n" + "\n".join(found))


def require_settled(stage: Stage, session: boto3.Session, stacks: Stacks) -> None:
    """Raises StageError for a stage that could not be deleted now: it is changing, or its last snapshot is there."""
    if found := [*_changing(stage, session, stacks), *_snapshot(stage, session, stacks)]:
        raise StageError(f"stage {stage.name}, nothing was deleted:\n" + "\n".join(found))


def parameters(stage: Stage) -> list[str]:
    """What is missing from, or wrong with, the parameters of any layer, the last one's included."""
    outputs = {name for layer in stage.layers for name in template(layer).get("Outputs", {})}
    made = outputs | FROM_DEPLOYMENT
    where = f"infra/stages/{stage.name}.yaml"
    found = []
    for layer in stage.layers:
        for name, spec in template(layer)["Parameters"].items():
            if name in stage.given:
                found += [f"{name} {problem}: correct it in {where}" for problem in _wrong(stage[name], spec)]
            elif name not in made and "Default" not in spec:
                found.append(f"{name}, which layer {layer} needs, is missing: set it in {where}")
    return [*dict.fromkeys(found), *_workers(stage, where)]


def _wrong(value: str, spec: dict[str, Any]) -> Iterator[str]:
    """What a template's own rules say against a value; CloudFormation would say it when it gets to that layer."""
    allowed = [str(one) for one in spec.get("AllowedValues", [])]
    if allowed and value not in allowed:
        yield f"{value!r} is none of {', '.join(allowed)}"
    if "AllowedPattern" in spec and not re.fullmatch(spec["AllowedPattern"], value):
        yield f"{value!r} does not fit {spec['AllowedPattern']}"
    if spec["Type"] == "Number":
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            yield f"{value!r} is no number"
        elif not spec.get("MinValue", float("-inf")) <= float(value) <= spec.get("MaxValue", float("inf")):
            yield f"{value} is not from {spec.get('MinValue', 'any')} to {spec.get('MaxValue', 'any')}"


def _workers(stage: Stage, where: str) -> list[str]:
    low, high = stage.given.get("MinWorkers", ""), stage.given.get("MaxWorkers", "")
    if low.isdigit() and high.isdigit() and int(low) > int(high):
        return [f"MinWorkers {low} is more than MaxWorkers {high}: correct it in {where}"]
    return []


def _bucket(bucket: str, parameter: str, session: boto3.Session, exists: bool) -> list[str]:
    if not BUCKET_NAME.fullmatch(bucket):
        return [f"{parameter} {bucket!r} is no bucket name: 3 to 63 lower-case letters, digits and dashes"]
    if exists:
        return []
    try:
        session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        taken = f"{parameter} {bucket} is taken, by another account or in another region: choose another name"
        return [] if code == "404" else [taken]
    return [f"{parameter} {bucket} exists already, outside the stacks: choose another name, or delete it"]


def _certificate(stage: Stage, session: boto3.Session) -> list[str]:
    arn = stage.given.get("CertificateArn", "")
    if not arn.startswith("arn:"):
        return []  # none, or nothing that ACM would be asked for: parameters() says so
    try:
        found = session.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError:
        return [f"CertificateArn {arn}: no such certificate in {session.region_name}; request one there"]
    state = found["Status"]
    return [] if state == "ISSUED" else [f"CertificateArn {arn} is {state}: validate it first"]


def _addresses(stage: Stage) -> list[str]:
    """Ranges of addresses that are none, or that let everybody in; a pattern cannot tell 300.1.1.1 from 30.1.1.1."""
    where = f"correct it in infra/stages/{stage.name}.yaml"
    found = []
    for name, text in (("ApiClients", "{}"), ("VpcRange", "{}.0.0/16")):
        if name in stage.given:
            try:
                network = ipaddress.ip_network(text.format(stage[name]), strict=False)
            except ValueError:
                found.append(f"{name} {stage[name]} is no range of addresses: {where}")
                continue
            if network.prefixlen == 0:
                found.append(f"{name} is the whole internet: name the ranges of your own clients")
    return found


def _email(stage: Stage) -> list[str]:
    address, where = stage.given.get("AlertEmail", ""), f"infra/stages/{stage.name}.yaml"
    if address.endswith(NOBODY):
        return [f"AlertEmail {address} is nobody's: set who gets alarms and budget mails in {where}"]
    return []


def _stuck(stage: Stage, stacks: Stacks) -> list[str]:
    """Stacks that an attempt of before has left so that CloudFormation takes no update of them."""
    states = {stage.stack(layer): stacks.describe(layer) for layer in stage.layers}
    return [
        f"stack {name} is {state} and takes no update: continue its rollback, or delete it, in CloudFormation"
        for name, state in ((name, found["StackStatus"]) for name, found in states.items() if found)
        if state.endswith("_FAILED") or state == NEVER_WAS
    ]


def _snapshot(stage: Stage, session: boto3.Session, stacks: Stacks) -> list[str]:
    """The last snapshot of an earlier deletion, beside which Redshift takes no other: the namespace would stay."""
    if not stage.keeps_data or stacks.describe("warehouse") is None:
        return []
    redshift, name = session.client("redshift-serverless"), final_snapshot(stage)
    try:
        redshift.get_snapshot(snapshotName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return [f"snapshot {name} of an earlier deletion is there already: delete it, or copy it under another name"]


def _identity_provider(stage: Stage, session: boto3.Session, exists: bool) -> list[str]:
    """GitHub's provider: an account can have one, which outlives the stack that made it."""
    if exists or "ci" not in stage.layers:
        return []
    listed = session.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    present = [item["Arn"] for item in listed if item["Arn"].endswith(f"/{GITHUB}")]
    given, where = stage.given.get("GithubProviderArn", ""), f"infra/stages/{stage.name}.yaml"
    if present and not given:
        return [f"the account has GitHub's identity provider already: set GithubProviderArn: {present[0]} in {where}"]
    if given and given not in present:
        return [f"GithubProviderArn {given} is not there: leave it out of {where}, and the stack makes it"]
    return []


def _changing(stage: Stage, session: boto3.Session, stacks: Stacks) -> list[str]:
    """The environment and the stacks that somebody, or a failed attempt, is changing at this moment."""
    states = {stage.stack(layer): stacks.describe(layer) for layer in LAYERS}
    busy = {name: str(found["StackStatus"]) for name, found in states.items() if found}
    waiting = [f"stack {name} is {state}: wait for its end" for name, state in busy.items() if "IN_PROGRESS" in state]
    return [*waiting, *_environment(stage, session)]


def _environment(stage: Stage, session: boto3.Session) -> list[str]:
    mwaa: Any = session.client("mwaa")
    try:
        state = mwaa.get_environment(Name=stage["EnvironmentName"])["Environment"]["Status"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    if state in (*CHANGING, "DELETING"):
        return [f"{stage['EnvironmentName']} is {state}: wait for its end"]
    return []
