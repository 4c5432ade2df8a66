"""`python -m infra.deploy --stage dev`: code and requirements to the stage's MWAA environment, checked.

Validates, uploads, updates the environment only where plugins, requirements or startup script changed, waits, and
verifies that every DAG runs from the new files. `--dry-run` prints the plan; `--rollback` brings the former deployment
back and verifies it in the same way.
"""

import argparse
import logging
import sys
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import checks
from infra.environment import Dags, Environment, EnvironmentBusyError, NotVerifiedError, UpdateFailedError
from infra.package import ROOT, package
from infra.stacks import Stacks
from infra.stages import Stage, StageError, airflow_environment, load_stage, template
from infra.uploads import CodeBucket, Deployment, NoEarlierDeploymentError, NotVersionedError, Plan

log = logging.getLogger(__name__)

REFRESH = timedelta(seconds=300)
"""How long Airflow may take to look for new files; a DAG parsed before may be the old one, read once more."""
CONSTRAINTS = "https://raw.githubusercontent.com/apache/airflow/constraints-{version}/constraints-3.12.txt"
EXPECTED = (
    StageError, checks.ParseError, EnvironmentBusyError, UpdateFailedError, NotVerifiedError, NoEarlierDeploymentError,
    NotVersionedError, ClientError, BotoCoreError, OSError,
)  # fmt: skip


class NotDeployableError(StageError):
    """The checks found something; nothing has been changed."""


@dataclass
class Deployer:
    """One deployment to one stage."""

    stage: Stage
    stacks: Stacks
    bucket: CodeBucket
    environment: Environment
    region: str

    def build(self, root: Path, dist: Path) -> None:
        """dist/ with the stage's startup.sh. Raises StageError before the stacks exist."""
        outputs = self.stacks.outputs()
        if "MlflowTrackingUri" not in outputs:
            raise StageError(f"stage {self.stage.name} has no stacks yet: make stacks STAGE={self.stage.name}")
        package(root, dist, airflow_environment(self.stage, outputs, self.region))

    def validate(self, dist: Path, constraints: str) -> Dags:
        """Every check; returns the DAGs' files and schedules. Raises NotDeployableError with all findings."""
        requirements = (dist / "requirements.txt").read_text(encoding="utf-8")
        found = [*checks.templates(self.region), *checks.secrets_in(ROOT), *checks.secrets_in(dist)]
        return self.parse(dist, [*found, *checks.conflicts(requirements, constraints)])

    def parse(self, dist: Path, found: Iterable[str] = ()) -> Dags:
        """The DAGs' files and schedules. Raises NotDeployableError with their errors, after what was found before."""
        dags, errors = checks.parse_dags(dist, self.airflow_version)
        _refuse([*found, *errors])
        return dags

    def plan(self, dist: Path, dags: Dags) -> Plan:
        """What a deployment would do; changes nothing.

        Raises:
            EnvironmentBusyError, NotVersionedError: environment or bucket cannot take one now.
            NotDeployableError: another file on the environment has a DAG of this name already.
        """
        self.environment.require_ready()
        self.bucket.require_versions()
        plan = self.bucket.plan(dist)
        _refuse(self.environment.taken(dags, plan.delete))
        return replace(plan, behind=not self.environment.runs(self.bucket.current()))

    def deploy(self, dist: Path, dags: Dags, label: str) -> Plan:
        """Upload what differs, update the environment where needed, verify; returns what was done."""
        plan = self.plan(dist, dags)
        deployment = self.bucket.apply(plan, dist, label, dags)
        self._bring_up(deployment, plan.delete, uploaded=bool(plan.put or plan.delete))
        return plan

    def rollback(self) -> Deployment:
        """The former object versions back in place, the environment on them, and verified; returns that deployment.

        Asks Airflow nothing before: that it no longer answers may be the reason.
        """
        self.environment.require_ready()
        former, now = self.bucket.former(), self.bucket.current()
        deployment = self.bucket.restore(former)
        self._bring_up(deployment, sorted(set(now.files) - set(former.files)), uploaded=True)
        return deployment

    def _bring_up(self, deployment: Deployment, gone: Iterable[str], uploaded: bool) -> None:
        """Environment on a deployment's versions, then every DAG on its files.

        Args:
            deployment: what the bucket holds.
            gone: keys of files that it no longer holds.
            uploaded: whether any file is new, so that Airflow has to find it first.
        """
        if not self.environment.runs(deployment):
            log.info("updating %s, which takes about half an hour", self.environment.name)
            self.environment.update(deployment)
            uploaded = False  # the machines are new, and have read the bucket as it is
        since = datetime.now(UTC) + (REFRESH if uploaded else timedelta())
        log.info("verifying that Airflow has %d DAGs from these files", len(deployment.dags))
        self.environment.verify(deployment.dags, since, gone)

    @property
    def airflow_version(self) -> str:
        """The target's version of Airflow."""
        default = template("airflow")["Parameters"]["AirflowVersion"]["Default"]
        return self.stage.given.get("AirflowVersion", str(default))


def deployer(stage_name: str, session: boto3.Session) -> Deployer:
    """The deployment of a stage to the account and region of a session."""
    stage = load_stage(stage_name, session.client("sts").get_caller_identity()["Account"])
    bucket = CodeBucket(session.client("s3"), stage["MwaaBucket"])
    environment = Environment(session.client("mwaa"), stage["EnvironmentName"])
    return Deployer(stage, Stacks(stage, session), bucket, environment, session.region_name)


def _refuse(found: list[str]) -> None:
    if found:
        raise NotDeployableError("not deployed, nothing was changed:\n" + "\n".join(found))


def describe(plan: Plan) -> str:
    """A plan in words."""
    lines = [*(f"put     {key}" for key in plan.put), *(f"delete  {key}" for key in plan.delete)]
    ending = "the environment is updated (about half an hour)" if plan.updates_environment else "no environment update"
    return "\n".join([*lines, f"{len(plan.put)} to put, {len(plan.delete)} to delete; {ending}"])


def fetch_constraints(version: str, given: Path | None) -> str:
    """Airflow's constraints for a version: a local copy, else from Airflow's repository. Raises OSError."""
    if given:
        return given.read_text(encoding="utf-8")
    with urllib.request.urlopen(CONSTRAINTS.format(version=version), timeout=30) as answer:  # noqa: S310 - https above
        text: str = answer.read().decode()
    return text


def run(arguments: argparse.Namespace) -> None:
    """What the command line asks for."""
    work = deployer(arguments.stage, boto3.Session())
    if arguments.rollback:
        back = work.rollback()
        log.info("back to %d files of the former deployment, %d DAGs verified", len(back.files), len(back.dags))
        return
    dist = ROOT / "dist"
    work.build(ROOT, dist)
    dags = work.validate(dist, fetch_constraints(work.airflow_version, arguments.constraints))
    if arguments.dry_run:
        log.info(describe(work.plan(dist, dags)))
        return
    log.info("%s\n%d DAGs verified", describe(work.deploy(dist, dags, arguments.label)), len(dags))


def main() -> None:
    """The command line: exit status 1 and the reason where a deployment was not made."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--dry-run", action="store_true", help="validate and print the plan, change nothing")
    parser.add_argument("--rollback", action="store_true", help="the deployment before the one in place")
    parser.add_argument("--constraints", type=Path, help="a local copy of Airflow's constraints")
    parser.add_argument("--label", default="", help="what the deployment is, for instance a commit")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        run(parser.parse_args())
    except EXPECTED as error:
        log.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
