"""Try on a real account what only a real account can show: `python -m infra.smoke --stage dev`.

Everything that it makes has names of its own and is removed at the end, whatever happens. Exit status 1 if a step
failed, saw something else than local AWS shows, or something could not be removed.
"""

import argparse
import logging
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.__main__ import create
from infra.deploy import Deployer, deployer
from infra.environments import airflow_variables
from infra.errors import DeploymentError, InfraError
from infra.smoke import jobs, studio, warehouse
from infra.smoke.run import Step, run_steps
from infra.smoke.scratch import Scratch, stage_settings


def prepare(
    work: Deployer,
    session: boto3.Session,
    variables: Mapping[str, str] | None = None,
) -> Scratch:
    """Return what the steps share.

    Args:
        work: the stage.
        session: account and region.
        variables: put over those that the code on MWAA has.

    Raises:
        DeploymentError: the stage has no stacks yet.
    """
    outputs = work.stacks.outputs()
    name = work.environment.name
    if "MlflowTrackingUri" not in outputs:
        raise DeploymentError(
            f"stage {name} has no stacks yet: make stacks STAGE={name}"
        )
    on_mwaa = airflow_variables(work.environment, outputs, work.region)
    settings = stage_settings({**on_mwaa, **(variables or {})})
    return Scratch(session, settings, outputs)


def steps(
    work: Deployer, session: boto3.Session, scratch: Scratch
) -> list[Step]:
    """Return the steps in their order."""
    role = work.environment["StudioRole"]
    return [
        Step("bootstrap", partial(warehouse.bootstrap, scratch)),
        Step("moments", partial(warehouse.moments, scratch)),
        Step("merge", partial(warehouse.merge, scratch)),
        Step("unload", partial(warehouse.unload, scratch)),
        Step("glue", partial(jobs.glue, scratch)),
        Step("training", partial(jobs.training, scratch)),
        Step("studio", partial(studio.query, scratch, role)),
        Step("stacks", partial(stacks_twice, work, session)),
    ]


def stacks_twice(work: Deployer, session: boto3.Session) -> dict[str, Any]:
    """Do `make stacks` twice: whatever the first time brings, the second finds nothing to change."""
    create(work, session)
    outcomes = create(work, session)
    changed = [
        layer for layer, outcome in outcomes.items() if outcome != "unchanged"
    ]
    return {"changed at the second time": changed}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.smoke",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", stream=sys.stdout
    )
    logging.getLogger("infra").setLevel(logging.INFO)
    session = boto3.Session()
    try:
        work = deployer(arguments.stage, session)
        scratch = prepare(work, session)
    except (InfraError, ClientError, BotoCoreError, OSError) as error:
        logging.getLogger("infra").error("%s", error)
        sys.exit(1)
    sys.exit(run_steps(steps(work, session, scratch), scratch.cleaning))


if __name__ == "__main__":
    main()
