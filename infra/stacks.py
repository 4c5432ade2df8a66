"""Create, update and delete the stacks of an environment in CloudFormation."""

import logging
import os
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from infra import mlflow_server
from infra.contract_rules import LARGEST_TEMPLATE
from infra.endpoints import STAGE_TAG
from infra.environments import LAYERS, Environment, template, template_body
from infra.errors import DeploymentError, StackFailedError

log = logging.getLogger(__name__)

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
SECRET_PARAMETERS = {
    "SlackConnection": "LEADS_SLACK_CONNECTION",
    "SmtpConnection": "LEADS_SMTP_CONNECTION",
}
ZONES = ("ZoneA", "ZoneB", "ZoneC")
FIRST_BUCKETS = "storage"
"""The layer that makes the bucket from which CloudFormation reads templates that are too large for a request."""
POLL_SECONDS = 15
LONGEST_SECONDS = 2 * 60 * 60
LONGEST_SECONDS_OF_LAYER = {"airflow": 16 * 60 * 60}
"""An update of MWAA waits up to 12 hours for running tasks, and CloudFormation up to 15 hours for MWAA."""
REASONS = 3


class Stacks:
    """The stacks of one environment."""

    def __init__(
        self,
        environment: Environment,
        session: boto3.Session,
        poll_seconds: int = POLL_SECONDS,
    ) -> None:
        """`session` says account, region and credentials."""
        self.environment = environment
        self._session = session
        self._api: Any = session.client("cloudformation")
        self._poll_seconds = poll_seconds

    def describe(self, layer: str) -> dict[str, Any] | None:
        """Return CloudFormation's description of a layer's stack; None where there is none."""
        try:
            answer = self._api.describe_stacks(
                StackName=self.environment.stack(layer)
            )
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        stack: dict[str, Any] = answer["Stacks"][0]
        return stack

    def outputs(self) -> dict[str, str]:
        """Return the outputs of all the environment's stacks, by name."""
        outputs = {}
        for layer in LAYERS:
            stack = self.describe(layer) or {}
            for output in stack.get("Outputs", []):
                outputs[output["OutputKey"]] = output["OutputValue"]
        return outputs

    def apply(self, layer: str, extra: dict[str, str] | None = None) -> str:
        """Create or update a layer; return `created`, `updated` or `unchanged`.

        Raises:
            DeploymentError: a parameter is missing; nothing was changed.
            StackFailedError: CloudFormation rolled the change back.
        """
        existing = self.describe(layer)
        request = {
            "StackName": self.environment.stack(layer),
            **self._template(layer),
            "Parameters": self._parameters(layer, existing, extra or {}),
            "Capabilities": CAPABILITIES,
            "Tags": [{"Key": STAGE_TAG, "Value": self.environment.name}],
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
        self._api.delete_stack(StackName=self.environment.stack(layer))
        self._wait(layer, "stack_delete_complete")

    def _template(self, layer: str) -> dict[str, str]:
        """Return a layer's template as CloudFormation takes it: in the request, or where it has been put in S3."""
        body = template_body(layer, self.environment.contracts)
        if len(body.encode()) <= LARGEST_TEMPLATE:
            return {"TemplateBody": body}
        bucket = self.environment["MwaaBucket"]
        key = f"templates/{layer}.yaml"
        storage: Any = self._session.client("s3")
        storage.put_object(Bucket=bucket, Key=key, Body=body.encode())
        region = self._session.region_name
        suffix = (
            "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        )
        return {"TemplateURL": f"https://{bucket}.s3.{region}.{suffix}/{key}"}

    def _parameters(
        self, layer: str, existing: dict[str, Any] | None, extra: dict[str, str]
    ) -> list[dict[str, Any]]:
        """Return a layer's parameters as CloudFormation takes them.

        A secret that is not among this process's variables stays as it is in an existing stack.
        """
        outputs = {
            **self.outputs(),
            **extra,
            **self._zones(layer, existing),
            **self._server(layer, existing),
            **_secrets(),
        }
        values = self.environment.parameters(layer, outputs)
        parameters: list[dict[str, Any]] = []
        for name, value in values.items():
            parameters.append({"ParameterKey": name, "ParameterValue": value})
        if existing:
            for name in SECRET_PARAMETERS:
                if name in template(layer)["Parameters"] and name not in values:
                    parameters.append(
                        {"ParameterKey": name, "UsePreviousValue": True}
                    )
        return parameters

    def _zones(
        self, layer: str, existing: dict[str, Any] | None
    ) -> dict[str, str]:
        """Return the region's first three zones; those of an existing stack stay, as a subnet cannot move."""
        parameters = [
            name for name in ZONES if name in template(layer)["Parameters"]
        ]
        if not parameters:
            return {}
        network = existing if layer == "network" else self.describe("network")
        if network:
            values = {
                item["ParameterKey"]: item["ParameterValue"]
                for item in network["Parameters"]
            }
            return {name: values[name] for name in parameters}
        # Not its Local Zones and Wavelength Zones, which an account may have opted into and which have no Redshift.
        regular = [{"Name": "zone-type", "Values": ["availability-zone"]}]
        answer = self._session.client("ec2").describe_availability_zones(
            Filters=regular
        )
        zones = sorted(zone["ZoneName"] for zone in answer["AvailabilityZones"])
        if len(zones) < len(ZONES):
            raise DeploymentError(
                f"Redshift Serverless needs three availability zones, the region has {len(zones)}: choose another"
            )
        return dict(zip(parameters, zones, strict=False))

    def _server(
        self, layer: str, existing: dict[str, Any] | None
    ) -> dict[str, str]:
        """Return image and packages of the MLflow server; an existing one keeps its image, as a new one replaces it."""
        if layer != "tracking":
            return {}
        values = {"MlflowRequirements": mlflow_server.requirements()}
        if existing or "Image" not in self.environment.values:
            values["Image"] = mlflow_server.image(existing, self._session)
        return values

    def _wait(self, layer: str, waiter: str) -> None:
        name = self.environment.stack(layer)
        longest = LONGEST_SECONDS_OF_LAYER.get(layer, LONGEST_SECONDS)
        attempts = longest // max(1, self._poll_seconds)
        try:
            self._api.get_waiter(waiter).wait(
                StackName=name,
                WaiterConfig={
                    "Delay": self._poll_seconds,
                    "MaxAttempts": attempts,
                },
            )
        except WaiterError as error:
            reasons = "; ".join(self._reasons(name))
            raise StackFailedError(f"{name}: {reasons or error}") from error

    def _reasons(self, name: str) -> list[str]:
        """Return the first reasons for a failure that CloudFormation gave."""
        try:
            events = self._api.describe_stack_events(StackName=name)[
                "StackEvents"
            ]
        except ClientError:
            return []
        oldest_first = reversed(events)
        failures = [
            event
            for event in oldest_first
            if event["ResourceStatus"].endswith("FAILED")
        ]
        reasons = []
        for event in failures[:REASONS]:
            reasons.append(
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            )
        return reasons


def _secrets() -> dict[str, str]:
    """Return the secret parameters that this process's variables hold."""
    secrets = {}
    for parameter, variable in SECRET_PARAMETERS.items():
        if os.environ.get(variable):
            secrets[parameter] = os.environ[variable]
    return secrets
