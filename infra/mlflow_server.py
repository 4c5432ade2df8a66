"""Say what only a deployment knows of the MLflow server: its image and the packages that it runs."""

from typing import Any

import boto3

from infra.package import ROOT

LOCK = ROOT / "docker" / "mlflow-requirements.txt"
NEWEST_IMAGE = (
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
)
"""AWS's public parameter with the newest image of Amazon Linux 2023."""


def requirements() -> str:
    """Return the pins of the server's lock in one line: a parameter of a stack takes 4,096 bytes."""
    pins = []
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        pin = line.split("#")[0].split("\\")[0].strip()
        if "==" in pin:
            pins.append(pin)
    return " ".join(pins)


def image(existing: dict[str, Any] | None, session: boto3.Session) -> str:
    """Return the image of an existing stack's server; for a new stack the newest image.

    Args:
        existing: CloudFormation's description of the stack `tracking`, or None.
        session: region and credentials.
    """
    if existing:
        return current_image(existing)
    parameter = session.client("ssm").get_parameter(Name=NEWEST_IMAGE)
    return str(parameter["Parameter"]["Value"])


def current_image(existing: dict[str, Any]) -> str:
    """Return the image that a stack was made with.

    ResolvedValue is that of a parameter which CloudFormation has looked up in SSM.
    """
    for parameter in existing["Parameters"]:
        if parameter["ParameterKey"] == "Image":
            return str(
                parameter.get("ResolvedValue") or parameter["ParameterValue"]
            )
    raise KeyError("Image")
