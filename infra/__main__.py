"""`python -m infra create|delete|plan --stage dev`: a stage's stacks, from an empty account to none again."""

import argparse
import logging
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import images, preflight, teardown
from infra.deploy import Deployer, deployer
from infra.environment import VERSIONS
from infra.package import ROOT
from infra.stacks import StackFailedError
from infra.stages import LAYERS, StageError

log = logging.getLogger(__name__)

VERSION_PARAMETERS = {
    "plugins.zip": "PluginsVersion",
    "requirements.txt": "RequirementsVersion",
    "startup.sh": "StartupVersion",
}


def create(work: Deployer, session: boto3.Session) -> None:
    """Create what is absent and update what has changed, layer by layer; safe to run again.

    Raises:
        StageError: a check failed; nothing was changed.
        StackFailedError: CloudFormation rolled a layer back; the layers before it stand.
    """
    preflight.check(work.stage, session, work.stacks)
    for layer in work.stage.layers:
        done = work.stacks.apply(layer, _extra(layer, work, session))
        log.info("%-10s %s", layer, done)


def delete(work: Deployer, session: boto3.Session) -> None:
    """Delete every layer, last first, and say what the stage's Retention leaves.

    Raises:
        StageError: something of the stage is changing; nothing was deleted.
        StackFailedError: CloudFormation could not delete a layer; those after it are gone, those before it stand.
    """
    preflight.require_settled(work.stage, session, work.stacks)
    outputs = work.stacks.outputs()
    sagemaker = session.client("sagemaker")
    teardown.stop_endpoint(sagemaker, work.stage["EndpointName"], work.stage["EndpointRole"])
    for job in teardown.stop_training(sagemaker, work.stage["TrainingRole"]):
        log.info("training job %s stopped", job)
    for layer in reversed(LAYERS):
        if work.stacks.describe(layer) is None:
            continue
        if layer == "storage":
            _empty(work, session)
        if layer == "sagemaker" and "StudioDomain" in outputs:
            teardown.close_studio(sagemaker, outputs["StudioDomain"])
        if layer == "network" and "VpcId" in outputs:
            teardown.release_network(session.client("ec2"), outputs["VpcId"])
        work.stacks.delete(layer)
        if layer == "sagemaker" and "StudioFileSystem" in outputs:
            teardown.release_studio(session.client("efs"), outputs["StudioFileSystem"], work.stage.keeps_data)
        log.info("%-10s deleted", layer)
    for line in [*teardown.kept(work.stage, outputs), *teardown.outside_the_stacks(work.stage, session)]:
        log.info("kept: %s", line)


def plan(work: Deployer) -> None:
    """Say which layers exist, and with which parameters the others would be created."""
    outputs = work.stacks.outputs()
    for layer in work.stage.layers:
        existing = work.stacks.describe(layer)
        log.info("%-10s %s", layer, existing["StackStatus"] if existing else "to be created")
    for name, value in sorted((work.stage.given | outputs).items()):
        log.info("  %-22s %s", name, value)


def _extra(layer: str, work: Deployer, session: boto3.Session) -> dict[str, str]:
    """Parameters that only a deployment knows: the image, and the versions of the files that the bucket holds."""
    if layer == "api":
        return _image(work, session)
    if layer != "airflow":
        return {}
    if not set(VERSIONS) <= set(work.bucket.current().files):
        dist = ROOT / "dist"
        work.build(ROOT, dist)
        work.bucket.apply(work.bucket.plan(dist), dist, "first", work.parse(dist))
    files = work.bucket.current().files
    return {parameter: files[key] for key, parameter in VERSION_PARAMETERS.items()}


def _image(work: Deployer, session: boto3.Session) -> dict[str, str]:
    """The API's image; no task of it while there is none, because the service would then never become stable."""
    image = {"ApiImage": images.uri(work.stage, work.stacks.outputs())}
    if images.is_pushed(work.stage, session):
        return image
    log.info("           %s is not pushed yet, so the API starts no task: see make images", image["ApiImage"])
    return image | {"ApiTasks": "0"}


def _empty(work: Deployer, session: boto3.Session) -> None:
    names = [work.stage["MwaaBucket"], *([] if work.stage.keeps_data else [work.stage["Bucket"]])]
    for name in names:
        log.info("%d object versions deleted from %s", teardown.empty_bucket(session.client("s3"), name), name)


def main() -> None:
    """The command line: exit status 1 and the reason where something did not happen."""
    parser = argparse.ArgumentParser(prog="python -m infra", description=__doc__)
    parser.add_argument("command", choices=("create", "delete", "plan"))
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    session = boto3.Session()
    try:
        work = deployer(arguments.stage, session)
        plan(work) if arguments.command == "plan" else {"create": create, "delete": delete}[arguments.command](
            work, session
        )
    except (StageError, StackFailedError, ClientError, BotoCoreError, OSError) as error:
        log.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
