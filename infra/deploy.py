"""Deploy code and requirements to the stage's MWAA environment, checked: `python -m infra.deploy --stage dev`.

Validates, uploads, updates the environment only where plugins, requirements or startup script changed, waits, and
verifies that every DAG runs from the new files. `--dry-run` prints the plan; `--rollback` brings the former deployment
back and verifies it in the same way.
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import checks
from infra.constraints import fetch_constraints
from infra.environments import (
    Environment,
    airflow_variables,
    load_environment,
    template,
)
from infra.errors import DeploymentError, InfraError, NotDeployableError
from infra.mwaa_environment import Dags, MwaaEnvironment
from infra.package import ROOT, package, requested_wheels
from infra.release import VARIABLE, read_release
from infra.stacks import Stacks
from infra.uploads import CodeBucket, Deployment, Plan

log = logging.getLogger(__name__)

REFRESH = timedelta(seconds=300)
"""How long Airflow may take to look for new files; a DAG parsed before may be the old one, read once more."""
EXPECTED = (InfraError, ClientError, BotoCoreError, OSError)


@dataclass
class Deployer:
    """One deployment to one environment."""

    environment: Environment
    stacks: Stacks
    bucket: CodeBucket
    mwaa: MwaaEnvironment
    region: str

    def build(self, root: Path, dist: Path) -> None:
        """Build dist/ with the environment's startup.sh. Raises DeploymentError before the stacks exist."""
        outputs = self.stacks.outputs()
        name = self.environment.name
        if "MlflowTrackingUri" not in outputs:
            raise DeploymentError(
                f"stage {name} has no stacks yet: make stacks STAGE={name}"
            )
        package(
            root,
            dist,
            airflow_variables(self.environment, outputs, self.region),
            requested_wheels(root),
        )

    def validate(self, dist: Path, constraints: str) -> Dags:
        """Run every check; return the DAGs' files and schedules. Raises NotDeployableError with all findings."""
        requirements = (dist / "requirements.txt").read_text(encoding="utf-8")
        findings = [
            *checks.templates(self.region),
            *checks.secrets_in(ROOT),
            *checks.secrets_in(dist),
            *checks.conflicts(requirements, constraints),
        ]
        return self.parse(dist, findings)

    def parse(self, dist: Path, findings: Iterable[str] = ()) -> Dags:
        """Return the DAGs' files and schedules. Raises NotDeployableError with earlier findings and their errors."""
        dags, errors = checks.parse_dags(dist, self.airflow_version)
        _refuse([*findings, *errors])
        return dags

    def plan(self, dist: Path, dags: Dags) -> Plan:
        """Return what a deployment would do; changes nothing.

        Raises:
            EnvironmentBusyError, NotVersionedError: MWAA or the bucket cannot take one now.
            NotDeployableError: another file on the environment has a DAG of this name already.
        """
        self.mwaa.require_ready()
        self.bucket.require_versions()
        plan = self.bucket.plan(dist)
        _refuse(self.mwaa.name_conflicts(dags, plan.delete))
        is_behind = not self.mwaa.runs(self.bucket.current())
        return replace(plan, behind=is_behind)

    def deploy(self, dist: Path, dags: Dags, label: str) -> Plan:
        """Upload what differs, update the environment where needed, verify; return what was done."""
        plan = self.plan(dist, dags)
        deployment = self.bucket.apply(plan, dist, label, dags)
        self._bring_up(
            deployment, plan.delete, uploaded=bool(plan.put or plan.delete)
        )
        return plan

    def rollback(self) -> Deployment:
        """Bring the former object versions back, the environment on them, and verify; return that deployment.

        Asks Airflow nothing before: that it no longer answers may be the reason.
        """
        self.mwaa.require_ready()
        former = self.bucket.former()
        current = self.bucket.current()
        deployment = self.bucket.restore(former)
        deleted = sorted(set(current.files) - set(former.files))
        self._bring_up(deployment, deleted, uploaded=True)
        return deployment

    def _bring_up(
        self, deployment: Deployment, deleted: Iterable[str], uploaded: bool
    ) -> None:
        """Put the environment on a deployment's versions, then wait until every DAG runs from its file.

        Args:
            deployment: what the bucket holds.
            deleted: keys of files that it no longer holds.
            uploaded: whether any file is new, so that Airflow has to find it first.
        """
        if not self.mwaa.runs(deployment):
            log.info(
                "updating %s, which takes about half an hour", self.mwaa.name
            )
            self.mwaa.update(deployment)
            uploaded = (
                False  # the machines are new, and have read the bucket as it is
            )
        since = datetime.now(UTC)
        if uploaded:
            since += REFRESH
        log.info(
            "verifying that Airflow has %d DAGs from these files",
            len(deployment.dags),
        )
        self.mwaa.verify(deployment.dags, since, deleted)

    @property
    def airflow_version(self) -> str:
        """Return the target's version of Airflow."""
        default = template("airflow")["Parameters"]["AirflowVersion"]["Default"]
        return self.environment.values.get("AirflowVersion", str(default))


def deployer(name: str, session: boto3.Session) -> Deployer:
    """Make the deployment of an environment to the account and region of a session."""
    account = session.client("sts").get_caller_identity()["Account"]
    environment = load_environment(name, account)
    return Deployer(
        environment=environment,
        stacks=Stacks(environment, session),
        bucket=CodeBucket(session.client("s3"), environment["MwaaBucket"]),
        mwaa=MwaaEnvironment(
            session.client("mwaa"), environment["EnvironmentName"]
        ),
        region=session.region_name,
    )


def _refuse(findings: list[str]) -> None:
    if findings:
        raise NotDeployableError(
            "not deployed, nothing was changed:\n" + "\n".join(findings)
        )


def describe(plan: Plan) -> str:
    """Put a plan into words."""
    lines = [f"put     {key}" for key in plan.put]
    lines += [f"delete  {key}" for key in plan.delete]
    ending = "no environment update"
    if plan.updates_environment:
        ending = "the environment is updated (about half an hour)"
    lines.append(
        f"{len(plan.put)} to put, {len(plan.delete)} to delete; {ending}"
    )
    return "\n".join(lines)


def run(arguments: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    work = deployer(arguments.stage, boto3.Session())
    if arguments.rollback:
        former = work.rollback()
        log.info(
            "back to %d files of the former deployment, %d DAGs verified",
            len(former.files),
            len(former.dags),
        )
        return
    dist = ROOT / "dist"
    work.build(ROOT, dist)
    dags = _checked_dags(work, dist, arguments)
    if arguments.dry_run:
        log.info(describe(work.plan(dist, dags)))
        return
    plan = work.deploy(dist, dags, arguments.label)
    log.info("%s\n%d DAGs verified", describe(plan), len(dags))


def _checked_dags(
    work: Deployer, dist: Path, arguments: argparse.Namespace
) -> Dags:
    """Return the DAGs' files and schedules once every check is done: here, or before by `make release`."""
    if arguments.checked:
        released = read_release(os.environ.get(VARIABLE, ""))
        released.require(dist, work.airflow_version)
        _refuse([*checks.secrets_in(dist)])
        return released.dags
    constraints = fetch_constraints(work.airflow_version, arguments.constraints)
    return work.validate(dist, constraints)


def main() -> None:
    """Run the command line: exit status 1 and the reason where a deployment was not made."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy", description=__doc__
    )
    parser.add_argument("--stage", required=True)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="validate and print the plan, change nothing",
    )
    parser.add_argument(
        "--rollback",
        action="store_true",
        help="the deployment before the one in place",
    )
    parser.add_argument(
        "--constraints", type=Path, help="a local copy of Airflow's constraints"
    )
    parser.add_argument(
        "--checked",
        action="store_true",
        help=f"run no check of the code: the variable {VARIABLE} holds what `make release` has checked",
    )
    parser.add_argument(
        "--label",
        default="",
        help="what the deployment is, for instance a commit",
    )
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    try:
        run(parser.parse_args())
    except EXPECTED as error:
        log.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
