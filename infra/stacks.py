"""Creates, updates and deletes the stacks of a stage in CloudFormation."""

import logging
import os
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from infra.stages import LAYERS, Stage, StageError, template, template_body

log = logging.getLogger(__name__)

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
SECRET_PARAMETERS = {"SlackConnection": "LEADS_SLACK_CONNECTION", "SmtpConnection": "LEADS_SMTP_CONNECTION"}
POLL_SECONDS, LONGEST_SECONDS = 15, 2 * 60 * 60


class StackFailedError(RuntimeError):
    """A stack that CloudFormation did not bring to its end, with the first reasons it gave."""


class Stacks:
    """The stacks of one stage."""

    def __init__(self, stage: Stage, session: boto3.Session, poll_seconds: int = POLL_SECONDS) -> None:
        """`session` says account, region and credentials."""
        self.stage, self._session = stage, session
        self._wait_for = {"Delay": poll_seconds, "MaxAttempts": LONGEST_SECONDS // max(1, poll_seconds)}
        self._api: Any = session.client("cloudformation")

    def describe(self, layer: str) -> dict[str, Any] | None:
        """CloudFormation's description of a layer's stack; None where there is none."""
        try:
            found: dict[str, Any] = self._api.describe_stacks(StackName=self.stage.stack(layer))["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return found

    def outputs(self) -> dict[str, str]:
        """Outputs of all the stage's stacks, by name."""
        described = [self.describe(layer) for layer in LAYERS]
        return {
            item["OutputKey"]: item["OutputValue"] for stack in described if stack for item in stack.get("Outputs", [])
        }

    def apply(self, layer: str, extra: dict[str, str] | None = None) -> str:
        """Create or update a layer; returns `created`, `updated` or `unchanged`.

        Raises:
            StageError: a parameter is missing; nothing was changed.
            StackFailedError: CloudFormation rolled the change back.
        """
        existing = self.describe(layer)
        request = {
            "StackName": self.stage.stack(layer),
            "TemplateBody": template_body(layer),
            "Parameters": self._parameters(layer, existing, extra or {}),
            "Capabilities": CAPABILITIES,
            "Tags": [{"Key": "lead-conversion-stage", "Value": self.stage.name}],
        }
        if existing is None:
            self._api.create_stack(**request, OnFailure="DELETE")
            self._wait(layer, "stack_create_complete")
            return "created"
        try:
            self._api.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return "unchanged"
            raise
        self._wait(layer, "stack_update_complete")
        return "updated"

    def delete(self, layer: str) -> None:
        """Delete a layer's stack and wait. Raises StackFailedError."""
        self._api.delete_stack(StackName=self.stage.stack(layer))
        self._wait(layer, "stack_delete_complete")

    def _parameters(self, layer: str, existing: dict[str, Any] | None, extra: dict[str, str]) -> list[dict[str, Any]]:
        values = self.stage.parameters(layer, self.outputs() | extra | self._zones(layer, existing) | _secrets())
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
        # A secret that is not in the environment this time stays as it is.
        kept = [
            name
            for name in SECRET_PARAMETERS
            if existing and name in template(layer)["Parameters"] and name not in values
        ]
        return given + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]

    def _zones(self, layer: str, existing: dict[str, Any] | None) -> dict[str, str]:
        """The region's first three zones; those of an existing stack stay, as a subnet cannot move."""
        wanted = [name for name in ("ZoneA", "ZoneB", "ZoneC") if name in template(layer)["Parameters"]]
        if not wanted:
            return {}
        network = existing if layer == "network" else self.describe("network")
        if network:
            chosen = {item["ParameterKey"]: item["ParameterValue"] for item in network["Parameters"]}
            return {name: chosen[name] for name in wanted}
        found = self._session.client("ec2").describe_availability_zones()["AvailabilityZones"]
        names = sorted(zone["ZoneName"] for zone in found)
        if len(names) < 3:
            raise StageError(
                f"Redshift Serverless needs three availability zones, the region has {len(names)}: choose another"
            )
        return dict(zip(wanted, names, strict=False))

    def _wait(self, layer: str, waiter: str) -> None:
        name = self.stage.stack(layer)
        try:
            self._api.get_waiter(waiter).wait(StackName=name, WaiterConfig=self._wait_for)
        except WaiterError as error:
            raise StackFailedError(f"{name}: {'; '.join(self._reasons(name)) or error}") from error

    def _reasons(self, name: str) -> list[str]:
        try:
            events = self._api.describe_stack_events(StackName=name)["StackEvents"]
        except ClientError:
            return []
        failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]
        return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed[:3]]


def _secrets() -> dict[str, str]:
    return {name: os.environ[variable] for name, variable in SECRET_PARAMETERS.items() if os.environ.get(variable)}
