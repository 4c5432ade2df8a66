"""Find what would fail before the first stack is touched: each check names the cause and the way out."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.contract_rules import LARGEST_TEMPLATE
from infra.environments import LAYERS, Environment, template, template_body
from infra.errors import DeploymentError
from infra.mlflow_server import current_image
from infra.mwaa_environment import CHANGING
from infra.policies import names_on_local_aws, statements, too_large
from infra.stacks import FIRST_BUCKETS, Stacks
from infra.teardown import final_snapshot

BUCKET_NAME = re.compile(
    r"(?!xn--|sthree-)(?!.*(-s3alias|--ol-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
)
NEVER_WAS = "ROLLBACK_COMPLETE"
"""State of a stack whose creation failed; like the failed ones it takes no update."""
NOBODY = ("@example.com", "@example.org", "@example.net")
GITHUB = "token.actions.githubusercontent.com"
FROM_DEPLOYMENT = frozenset(
    (
        "ZoneA",
        "ZoneB",
        "ZoneC",
        "ApiImage",
        "Image",
        "MlflowRequirements",
        "RequirementsVersion",
        "PluginsVersion",
        "StartupVersion",
    )
)
"""Parameters that neither an environment nor an earlier stack gives; they are made while the layers are."""
RANGES = {"ApiClients": "{}", "VpcRange": "{}.0.0/16"}
"""Parameters that are ranges of addresses, and how a value becomes one."""


def check(
    environment: Environment, session: boto3.Session, stacks: Stacks
) -> None:
    """Check everything that can be known before a change.

    Args:
        environment: what is about to be created or updated.
        session: account and region.
        stacks: the environment's stacks, as far as there are any.

    Raises:
        DeploymentError: with every finding at once; nothing has been changed then.
    """
    exists = stacks.describe("storage") is not None
    findings = [
        *parameters(environment),
        *_bucket("Bucket", environment, session, exists),
        *_bucket("MwaaBucket", environment, session, exists),
        *_certificate(environment, session),
        *_addresses(environment),
        *_email(environment),
        *_identity_provider(
            environment, session, stacks.describe("ci") is not None
        ),
        *_changing(environment, session, stacks),
        *_stuck(environment, stacks),
        *_server_image(environment, stacks),
        *contracts(environment),
    ]
    if findings:
        raise DeploymentError(
            f"stage {environment.name}, nothing was changed:\n"
            + "\n".join(findings)
        )


def contracts(environment: Environment) -> Iterator[str]:
    """Yield a finding for each limit of IAM, or of a template, that too many contracts pass."""
    names = names_on_local_aws(environment.account) | environment.values
    policies = statements(names, environment.contracts)
    findings = too_large(policies)
    size = len(template_body(FIRST_BUCKETS, environment.contracts).encode())
    if size > LARGEST_TEMPLATE:
        findings.append(
            f"layer {FIRST_BUCKETS}: its template has {size} bytes, CloudFormation takes {LARGEST_TEMPLATE}, and there "
            "is no bucket yet to read it from"
        )
    count = len(environment.contracts) + 1
    for finding in findings:
        yield (
            f"{count} contracts are too many for one stage. {finding}: keep fewer files in include/contract/, or give "
            "some a stage of their own"
        )


def require_settled(
    environment: Environment, session: boto3.Session, stacks: Stacks
) -> None:
    """Raise DeploymentError for an environment that could not be deleted: it is changing, or its snapshot is there."""
    findings = [
        *_changing(environment, session, stacks),
        *_snapshot(environment, session, stacks),
    ]
    if findings:
        raise DeploymentError(
            f"stage {environment.name}, nothing was deleted:\n"
            + "\n".join(findings)
        )


def parameters(environment: Environment) -> list[str]:
    """Return what is missing from, or wrong with, the parameters of any layer, the last one's included."""
    outputs = set(FROM_DEPLOYMENT)
    for layer in environment.layers:
        outputs.update(template(layer).get("Outputs", {}))
    findings = []
    for layer in environment.layers:
        for name, spec in template(layer)["Parameters"].items():
            if name in environment.values:
                for problem in _wrong(environment[name], spec):
                    findings.append(
                        f"{name} {problem}: correct it in {environment.file}"
                    )
            elif name not in outputs and "Default" not in spec:
                findings.append(
                    f"{name}, which layer {layer} needs, is missing: set it in {environment.file}"
                )
    distinct = dict.fromkeys(findings)
    return [*distinct, *_workers(environment), *_retention(environment)]


def _wrong(value: str, spec: dict[str, Any]) -> Iterator[str]:
    """Say what a template's own rules have against a value; CloudFormation would say it when it gets to that layer."""
    allowed = [str(item) for item in spec.get("AllowedValues", [])]
    if allowed and value not in allowed:
        yield f"{value!r} is none of {', '.join(allowed)}"
    if "AllowedPattern" in spec and not re.fullmatch(
        spec["AllowedPattern"], value
    ):
        yield f"{value!r} does not fit {spec['AllowedPattern']}"
    if spec["Type"] == "Number":
        yield from _wrong_number(value, spec)


def _wrong_number(value: str, spec: dict[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"-?\d+(\.\d+)?", value):
        yield f"{value!r} is no number"
        return
    low = spec.get("MinValue", float("-inf"))
    high = spec.get("MaxValue", float("inf"))
    if not low <= float(value) <= high:
        yield f"{value} is not from {spec.get('MinValue', 'any')} to {spec.get('MaxValue', 'any')}"


def _workers(environment: Environment) -> list[str]:
    low = environment.values.get("MinWorkers", "")
    high = environment.values.get("MaxWorkers", "")
    if low.isdigit() and high.isdigit() and int(low) > int(high):
        return [
            f"MinWorkers {low} is more than MaxWorkers {high}: correct it in {environment.file}"
        ]
    return []


def _retention(environment: Environment) -> list[str]:
    """Find files that would outlive the leads in them: files of runs and quarantine, where personal data has an end."""
    limit = environment.values.get("RetentionPersonalDays", "0")
    defaults = template("storage")["Parameters"]
    findings = []
    for name in ("ScratchDays", "QuarantineDays"):
        days = environment.values.get(name, str(defaults[name]["Default"]))
        if not (limit.isdigit() and days.isdigit()):
            continue  # the template's own rules say so
        if 0 < int(limit) < int(days):
            findings.append(
                f"{name} {days} is more than RetentionPersonalDays {limit}: correct it in {environment.file}"
            )
    return findings


def _bucket(
    parameter: str,
    environment: Environment,
    session: boto3.Session,
    exists: bool,
) -> list[str]:
    bucket = environment[parameter]
    if not BUCKET_NAME.fullmatch(bucket):
        return [
            f"{parameter} {bucket!r} is no bucket name: 3 to 63 lower-case letters, digits and dashes"
        ]
    if exists:
        return []
    try:
        session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return []
        return [
            f"{parameter} {bucket} is taken, by another account or in another region: choose another name"
        ]
    return [
        f"{parameter} {bucket} exists already, outside the stacks: choose another name, or delete it"
    ]


def _certificate(environment: Environment, session: boto3.Session) -> list[str]:
    arn = environment.values.get("CertificateArn", "")
    if not arn and environment.keeps_data:
        return [
            "CertificateArn is missing: keys and leads would cross the network unencrypted; request a certificate for "
            f"the API's name from ACM in {session.region_name} and set it in {environment.file}"
        ]
    if not arn.startswith("arn:"):
        return []  # none, which a stage without lasting data may do; or no ARN, and parameters() says so
    try:
        certificate = session.client("acm").describe_certificate(
            CertificateArn=arn
        )["Certificate"]
    except ClientError:
        return [
            f"CertificateArn {arn}: no such certificate in {session.region_name}; request one there"
        ]
    if certificate["Status"] == "ISSUED":
        return []
    return [
        f"CertificateArn {arn} is {certificate['Status']}: validate it first"
    ]


def _addresses(environment: Environment) -> list[str]:
    """Find ranges of addresses that are none, or that let everybody in; no pattern tells 300.1.1.1 from 30.1.1.1."""
    findings = []
    for name, form in RANGES.items():
        if name not in environment.values:
            continue
        value = environment[name]
        try:
            network = ipaddress.ip_network(form.format(value), strict=False)
        except ValueError:
            findings.append(
                f"{name} {value} is no range of addresses: correct it in {environment.file}"
            )
            continue
        if network.prefixlen == 0:
            findings.append(
                f"{name} is the whole internet: name the ranges of your own clients"
            )
    return findings


def _email(environment: Environment) -> list[str]:
    address = environment.values.get("AlertEmail", "")
    if address.endswith(NOBODY):
        return [
            f"AlertEmail {address} is nobody's: set who gets alarms and budget mails in {environment.file}"
        ]
    return []


def _stuck(environment: Environment, stacks: Stacks) -> list[str]:
    """Find stacks that an earlier attempt left in a state in which CloudFormation takes no update."""
    findings = []
    for name, state in _states(environment, stacks, environment.layers).items():
        if state.endswith("_FAILED") or state == NEVER_WAS:
            findings.append(
                f"stack {name} is {state} and takes no update: continue its rollback, or delete it, in CloudFormation"
            )
    return findings


def _server_image(environment: Environment, stacks: Stacks) -> list[str]:
    """Find a new image for the MLflow server: it would replace a machine whose address and volume no other can have."""
    stack = stacks.describe("tracking")
    if stack is None or "Image" not in environment.values:
        return []
    image = current_image(stack)
    if image == environment["Image"]:
        return []
    return [
        f"Image {environment['Image']}: the MLflow server runs {image} and cannot be replaced in place; "
        f"take Image out of {environment.file}, or delete stack {environment.stack('tracking')} first (docs/aws.md)"
    ]


def _states(
    environment: Environment, stacks: Stacks, layers: tuple[str, ...]
) -> dict[str, str]:
    """Return the state of each stack that exists, by the stack's name."""
    states = {}
    for layer in layers:
        stack = stacks.describe(layer)
        if stack:
            states[environment.stack(layer)] = str(stack["StackStatus"])
    return states


def _snapshot(
    environment: Environment, session: boto3.Session, stacks: Stacks
) -> list[str]:
    """Find the last snapshot of an earlier deletion: Redshift takes no other beside it, so the namespace would stay."""
    if not environment.keeps_data or stacks.describe("warehouse") is None:
        return []
    name = final_snapshot(environment)
    try:
        session.client("redshift-serverless").get_snapshot(snapshotName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return [
        f"snapshot {name} of an earlier deletion is there already: delete it, or copy it under another name"
    ]


def _identity_provider(
    environment: Environment, session: boto3.Session, exists: bool
) -> list[str]:
    """Compare GithubProviderArn with the account's: it can have one provider, which outlives the stack that made it."""
    if exists or "ci" not in environment.layers:
        return []
    providers = session.client("iam").list_open_id_connect_providers()[
        "OpenIDConnectProviderList"
    ]
    present = [
        provider["Arn"]
        for provider in providers
        if provider["Arn"].endswith(f"/{GITHUB}")
    ]
    configured = environment.values.get("GithubProviderArn", "")
    if present and not configured:
        return [
            "the account has GitHub's identity provider already: "
            f"set GithubProviderArn: {present[0]} in {environment.file}"
        ]
    if configured and configured not in present:
        return [
            f"GithubProviderArn {configured} is not there: leave it out of {environment.file}, and the stack makes it"
        ]
    return []


def _changing(
    environment: Environment, session: boto3.Session, stacks: Stacks
) -> list[str]:
    """Find what somebody, or a failed attempt, is changing at this moment: stacks and MWAA's environment."""
    findings = []
    for name, state in _states(environment, stacks, LAYERS).items():
        if "IN_PROGRESS" in state:
            findings.append(f"stack {name} is {state}: wait for its end")
    return [*findings, *_changing_mwaa(environment, session)]


def _changing_mwaa(
    environment: Environment, session: boto3.Session
) -> list[str]:
    name = environment["EnvironmentName"]
    mwaa: Any = session.client("mwaa")
    try:
        state = mwaa.get_environment(Name=name)["Environment"]["Status"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    if state in (*CHANGING, "DELETING"):
        return [f"{name} is {state}: wait for its end"]
    return []
