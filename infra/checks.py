"""Check a deployment before it changes anything; each check returns its findings, none when all is well."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from infra import stack_rules
from infra.environments import LAYERS, TEMPLATES, template
from infra.errors import ParseError

SECRETS = {
    "an AWS access key": re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a secret access key": re.compile(
        rb"(?i)aws_secret_access_key['\"]?\s*[=:]\s*['\"]?[A-Za-z0-9/+]{40}\b"
    ),
    "a Slack webhook": re.compile(
        rb"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/"
    ),
}
PARSE = """
import json, os, sys
from airflow import __version__
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])
def summary(schedule):  # as the REST API puts it
    return schedule if isinstance(schedule, str) else "None" if schedule is None else "Asset"
def below(fileloc):
    return os.path.relpath(os.path.realpath(fileloc), os.path.realpath(sys.argv[1]))
dags = {dag_id: {"fileloc": below(dag.fileloc), "schedule": summary(dag.schedule)} for dag_id, dag in bag.dags.items()}
print("RESULT" + json.dumps({"version": __version__, "errors": bag.import_errors, "dags": dags}))
"""


def templates(region: str) -> list[str]:
    """Return the findings on the templates: cfn-lint's, and what would fail at an update or at the deletion."""
    findings = []
    for layer in LAYERS:
        for finding in stack_rules.findings(template(layer)):
            findings.append(f"{layer}: {finding}")
    linter = Path(sys.executable).with_name("cfn-lint")
    files = sorted(map(str, TEMPLATES.glob("*.yaml")))
    command = [
        str(linter),
        "--format",
        "parseable",
        "--regions",
        region,
        "--template",
        *files,
    ]
    completed = subprocess.run(  # noqa: S603 - our own files
        command, capture_output=True, text=True, check=False
    )
    if completed.returncode != 0:
        findings += (completed.stdout + completed.stderr).splitlines()
    return findings


def secrets_in(folder: Path) -> list[str]:
    """Return files of a tree, and of the zip files in it, that hold something which looks like a secret.

    In a checkout those that git tracks or would take with `git add`; elsewhere all.
    """
    findings = []
    for name, content in _contents(folder):
        for kind, pattern in SECRETS.items():
            if pattern.search(content):
                findings.append(
                    f"{name} holds what looks like {kind}: take it out and revoke it"
                )
    return findings


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file, and of every entry of a zip file."""
    for file in sorted(path for path in _files(folder) if path.is_file()):
        name = str(file.relative_to(folder))
        yield name, file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                for entry in archive.namelist():
                    yield f"{name}/{entry}", archive.read(entry)


def _files(folder: Path) -> list[Path]:
    if not (folder / ".git").exists():
        return list(folder.rglob("*"))
    command = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listing = subprocess.run(  # noqa: S603
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    return [folder / name for name in listing.split("\0") if name]


def conflicts(requirements: str, constraints: str) -> list[str]:
    """Return pins that the constraints of the target's Airflow refuse, and requirements that are not pinned."""
    constraint_of = {
        canonicalize_name(pin.name): pin for pin in _pins(constraints)
    }
    findings = []
    for pin in _pins(requirements):
        versions = [
            spec.version for spec in pin.specifier if spec.operator == "=="
        ]
        if not versions:
            findings.append(f"{pin.name} is not pinned: run make lock")
            continue
        constraint = constraint_of.get(canonicalize_name(pin.name))
        if constraint and not constraint.specifier.contains(
            versions[0], prereleases=True
        ):
            findings.append(
                f"{pin.name} {versions[0]} is not {constraint.specifier} of the constraints: run make lock"
            )
    return findings


def parse_dags(
    dist: Path, version: str
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return file below dags/ and schedule of every DAG of a built dist/, by id, and what is wrong with them.

    Parsed in a process and an Airflow home of its own. A DAG that two files define is an error too.

    Raises:
        ParseError: Airflow is not the target's version, or the process failed.
    """
    with tempfile.TemporaryDirectory() as home:
        completed = _run_parser(dist, Path(home))
    lines = [
        line
        for line in completed.stdout.splitlines()
        if line.startswith("RESULT")
    ]
    if not lines:
        raise ParseError(
            f"the DAGs could not be parsed:\n{completed.stderr[-2000:]}"
        )
    result = json.loads(lines[0].removeprefix("RESULT"))
    if result["version"] != version:
        raise ParseError(
            f"this is Airflow {result['version']}, the target is {version}: see docs/mwaa.md, next version"
        )
    dags: dict[str, dict[str, str]] = result["dags"]
    return dags, [
        f"{file}: {error}" for file, error in result["errors"].items()
    ]


def _run_parser(dist: Path, home: Path) -> subprocess.CompletedProcess[str]:
    plugins = dist / "plugins.zip"
    if plugins.is_file() and plugins.stat().st_size:
        shutil.unpack_archive(plugins, home / "plugins")
    dags = str(dist / "dags")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AIRFLOW")
    }
    variables = {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": dags,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": dags,
    }
    command = [sys.executable, "-c", PARSE, dags]
    return subprocess.run(  # noqa: S603 - above
        command, env=variables, capture_output=True, text=True, check=False
    )


def _pins(text: str) -> list[Requirement]:
    """Return the requirements in a file; comments, options and empty lines are none."""
    pins = []
    for line in text.splitlines():
        requirement = line.split("#")[0].split("\\")[0].strip()
        try:
            pins.append(Requirement(requirement))
        except InvalidRequirement:
            continue
    return pins
