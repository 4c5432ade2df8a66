"""Check what a deployment would bring, without an account: `python -m infra.release`.

The building half of a deployment from GitHub. It needs Airflow and everything else that the checks import, and it gets
no role. What it has checked reaches the deploying half as one line of JSON. The deploying half lays out the files of
the same commit again, and goes on only if their digest is the one that was checked.
"""

import argparse
import hashlib
import json
import logging
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from include.settings import settings
from infra import checks
from infra.constraints import fetch_constraints
from infra.environments import template
from infra.errors import InfraError, NotDeployableError, NotReleasedError
from infra.mwaa_environment import Dags
from infra.package import ROOT, package, requested_wheels

log = logging.getLogger(__name__)

VARIABLE = "RELEASE"
"""Where the deploying half finds the line."""
OF_THE_STAGE = "startup.sh"
"""The one file that is not the same for every stage, and that only the stage's stacks can tell."""


@dataclass(frozen=True)
class Release:
    """What was checked: the version of Airflow that parsed the DAGs, the files' digest, and the DAGs."""

    airflow: str
    digest: str
    dags: Dags

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def require(self, dist: Path, airflow: str) -> None:
        """Compare a built dist/ and the target's Airflow with what was checked. Raises NotDeployableError."""
        if self.airflow != airflow:
            raise NotDeployableError(
                f"not deployed: checked with Airflow {self.airflow}, the stage has {airflow}"
            )
        if self.digest != digest_of(dist):
            raise NotDeployableError(
                "not deployed: these files are not those that were checked; "
                "deploy the commit that `make release` has read"
            )


def read_release(line: str) -> Release:
    """Read what `Release.line` has written. Raises NotReleasedError for anything else."""
    try:
        content = json.loads(line)
        return Release(content["airflow"], content["digest"], content["dags"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotReleasedError(VARIABLE) from error


def digest_of(dist: Path) -> str:
    """Return one SHA-256 over names and contents of a built dist/, all but the stage's own startup.sh."""
    digest = hashlib.sha256()
    files = [path for path in sorted(dist.rglob("*")) if path.is_file()]
    for path in files:
        name = path.relative_to(dist).as_posix()
        if name != OF_THE_STAGE:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{content}  {name}\n".encode())
    return digest.hexdigest()


def release(root: Path, dist: Path, constraints: Path | None) -> Release:
    """Build dist/ and run every check that needs no account.

    Args:
        root: the project.
        dist: where to.
        constraints: a local copy of Airflow's constraints.

    Raises:
        NotDeployableError: with all findings.
        ParseError: Airflow could not be started, or is not the target's version.
        OSError: the constraints cannot be had.
    """
    airflow = str(
        template("airflow")["Parameters"]["AirflowVersion"]["Default"]
    )
    package(root, dist, wheels=requested_wheels(root))
    requirements = (dist / "requirements.txt").read_text(encoding="utf-8")
    dags, errors = checks.parse_dags(dist, airflow)
    findings = [
        *checks.templates(settings().region),
        *checks.secrets_in(root),
        *checks.secrets_in(dist),
        *checks.conflicts(
            requirements, fetch_constraints(airflow, constraints)
        ),
        *errors,
    ]
    if findings:
        raise NotDeployableError("not released:\n" + "\n".join(findings))
    return Release(airflow, digest_of(dist), dags)


def main() -> None:
    """Run the command line: print the line, and leave it as an output of the step on GitHub."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.release", description=__doc__
    )
    parser.add_argument(
        "--constraints", type=Path, help="a local copy of Airflow's constraints"
    )
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    try:
        checked = release(ROOT, ROOT / "dist", arguments.constraints)
    except (InfraError, OSError) as error:
        log.error("%s", error)
        sys.exit(1)
    log.info("%s", checked.line())
    if "GITHUB_OUTPUT" in os.environ:
        with Path(os.environ["GITHUB_OUTPUT"]).open("a") as outputs:
            outputs.write(f"release={checked.line()}\n")


if __name__ == "__main__":
    main()
