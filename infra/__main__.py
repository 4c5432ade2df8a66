"""Create, delete or plan an environment's stacks: `python -m infra create|delete|plan --stage dev`."""

import argparse
import logging
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import (
    account,
    endpoints,
    images,
    preflight,
    teardown,
    warehouse_role,
)
from infra.deploy import Deployer, deployer
from infra.environments import LAYERS
from infra.errors import InfraError
from infra.mwaa_environment import VERSIONS
from infra.package import ROOT

log = logging.getLogger(__name__)

VERSION_PARAMETERS = {
    "plugins.zip": "PluginsVersion",
    "requirements.txt": "RequirementsVersion",
    "startup.sh": "StartupVersion",
}


def create(work: Deployer, session: boto3.Session) -> dict[str, str]:
    """Create what is absent and update what has changed, layer by layer; safe to run again.

    Returns:
        `created`, `updated` or `unchanged` for each layer.

    Raises:
        DeploymentError: a check failed; nothing was changed.
        StackFailedError: CloudFormation rolled a layer back; the layers before it stand.
    """
    preflight.check(work.environment, session, work.stacks)
    account.prepare(work.environment, session)
    outcomes = {}
    for layer in work.environment.layers:
        outcome = work.stacks.apply(layer, _extra(layer, work, session))
        outcomes[layer] = outcome
        log.info("%-10s %s", layer, outcome)
        if layer == "warehouse":
            secret = work.stacks.outputs()["SecretArn"]
            warehouse_role.make(work.environment, session, secret)
        if layer == "storage":
            key = work.stacks.outputs()["KeyArn"]
            endpoints.make_log_groups(work.environment, session, key)
    return outcomes


def delete(work: Deployer, session: boto3.Session) -> None:
    """Delete every layer, last first, and say what the environment's Retention leaves.

    Raises:
        DeploymentError: something of the environment is changing; nothing was deleted.
        StackFailedError: CloudFormation could not delete a layer; those after it are gone, those before it stand.
    """
    environment = work.environment
    preflight.require_settled(environment, session, work.stacks)
    outputs = work.stacks.outputs()
    sagemaker = session.client("sagemaker")
    for endpoint in endpoints.stop_endpoints(
        sagemaker, environment["EndpointName"], environment["EndpointRole"]
    ):
        log.info("endpoint %s deleted", endpoint)
    for job in teardown.stop_training(sagemaker, environment["TrainingRole"]):
        log.info("training job %s stopped", job)
    for layer in reversed(LAYERS):
        if work.stacks.describe(layer) is not None:
            _clear_the_way(layer, work, session, outputs)
            work.stacks.delete(layer)
            if layer == "sagemaker" and "StudioFileSystem" in outputs:
                teardown.release_studio(
                    session.client("efs"),
                    outputs["StudioFileSystem"],
                    environment.keeps_data,
                )
            log.info("%-10s deleted", layer)
    remains = [
        *teardown.left_by_stacks(environment, outputs),
        *teardown.delete_outside_stacks(environment, session),
    ]
    for line in remains:
        log.info("kept: %s", line)


def _clear_the_way(
    layer: str, work: Deployer, session: boto3.Session, outputs: dict[str, str]
) -> None:
    """Remove what a layer's stack cannot be deleted with."""
    if layer == "storage":
        _empty_buckets(work, session)
    if layer == "sagemaker" and "StudioDomain" in outputs:
        teardown.close_studio(
            session.client("sagemaker"), outputs["StudioDomain"]
        )
    if layer == "tracking" and "MlflowServer" in outputs:
        teardown.stop_server(session.client("ec2"), outputs["MlflowServer"])
    if layer == "network" and "VpcId" in outputs:
        teardown.release_network(session.client("ec2"), outputs["VpcId"])


def plan(work: Deployer) -> None:
    """Say which layers exist, and with which parameters the others would be created."""
    outputs = work.stacks.outputs()
    for layer in work.environment.layers:
        stack = work.stacks.describe(layer)
        log.info(
            "%-10s %s",
            layer,
            stack["StackStatus"] if stack else "to be created",
        )
    values = work.environment.values | outputs
    for name, value in sorted(values.items()):
        log.info("  %-22s %s", name, value)


def _extra(
    layer: str, work: Deployer, session: boto3.Session
) -> dict[str, str]:
    """Return parameters that only a deployment knows: the image, and the versions of the files in the bucket."""
    if layer == "api":
        return _image(work, session)
    if layer != "airflow":
        return {}
    files = work.bucket.current().files
    if not set(VERSIONS) <= set(files):
        dist = ROOT / "dist"
        work.build(ROOT, dist)
        deployment = work.bucket.apply(
            work.bucket.plan(dist), dist, "first", work.parse(dist)
        )
        files = deployment.files
    return {
        parameter: files[key] for key, parameter in VERSION_PARAMETERS.items()
    }


def _image(work: Deployer, session: boto3.Session) -> dict[str, str]:
    """Return the API's image.

    The service starts no task of it while it is not pushed, because it would then never become stable.
    """
    image = images.uri(work.environment, work.stacks.outputs(), images.API)
    if images.is_pushed(work.environment, session, images.API):
        return {"ApiImage": image}
    log.info(
        "           %s is not pushed yet, so the API starts no task: see make images",
        image,
    )
    return {"ApiImage": image, "ApiTasks": "0"}


def _empty_buckets(work: Deployer, session: boto3.Session) -> None:
    """Empty the buckets that go with the storage stack: always that of the code, that of the data if none is kept."""
    buckets = [work.environment["MwaaBucket"]]
    if not work.environment.keeps_data:
        buckets.append(work.environment["Bucket"])
    for bucket in buckets:
        count = teardown.empty_bucket(session.client("s3"), bucket)
        log.info("%d object versions deleted from %s", count, bucket)


def main() -> None:
    """Run the command line: exit status 1 and the reason where something did not happen."""
    parser = argparse.ArgumentParser(
        prog="python -m infra", description=__doc__
    )
    parser.add_argument("command", choices=("create", "delete", "plan"))
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    session = boto3.Session()
    try:
        work = deployer(arguments.stage, session)
        if arguments.command == "create":
            create(work, session)
        elif arguments.command == "delete":
            delete(work, session)
        else:
            plan(work)
    except (InfraError, ClientError, BotoCoreError, OSError) as error:
        log.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
