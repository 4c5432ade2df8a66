"""What alerts say of the SageMaker endpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

from lead_ops.alerts.alert import Message, Origin
from lead_ops.alerts.words import listed, sentence, text

Result = Mapping[str, Any]


def endpoint_deployed(results: Sequence[Result], origin: Origin) -> Message:
    """Say which champions the endpoint serves."""
    result = results[0] if results else {}
    versions = versions_in_words(text(result, "versions"))
    serves = f"serves {versions}" if versions else "serves the champions"
    return Message(
        sentence=sentence(
            f"{_name(result)} {serves} and has answered a test lead"
        ),
        response="SageMaker started the new instances beside the old ones, and the endpoint was asked for a score.",
        advice="You need not do anything. An endpoint costs money while it is in service.",
        facts=_facts(result, ("config", "Config")),
    )


def endpoint_rolled_back(results: Sequence[Result], origin: Origin) -> Message:
    """Say which deployment failed, and to what the endpoint goes back."""
    result = results[0] if results else {}
    versions = versions_in_words(text(result, "failed_versions"))
    what = f"a deployment of {versions}" if versions else "a deployment"
    return Message(
        sentence=sentence(
            f"{what} failed; {_name(result)} goes back to what it served before"
        ),
        response="The former config was put back, without downtime. The run fails once it serves.",
        advice="The log of the task that failed says why; it had an alert of its own. "
        f"Once that is mended, trigger {origin.sibling('deploy_endpoint')} again.",
        facts=_facts(
            result,
            ("config", "Config that serves again"),
            ("failed_config", "Config that failed"),
        ),
    )


def versions_in_words(versions: str) -> str:
    """Return `contact version 7 and capture version 3` for `contact-7-capture-3`; other text as it is."""
    words = versions.split("-")
    stages = words[::2]
    numbers = words[1::2]
    if len(stages) != len(numbers):
        return versions
    names = []
    for stage, number in zip(stages, numbers, strict=True):
        names.append(f"{stage} version {number}")
    return listed(names)


def _name(result: Result) -> str:
    name = text(result, "endpoint")
    return f"endpoint {name}" if name else "the endpoint"


def _facts(
    result: Result, *names: tuple[str, str]
) -> tuple[tuple[str, str], ...]:
    facts = [(name, text(result, key)) for key, name in names]
    return tuple((name, value) for name, value in facts if value)
