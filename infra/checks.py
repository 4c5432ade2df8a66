"""What a deployment checks before it changes anything; each check returns its findings, none when all is well."""

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

from infra.stages import TEMPLATES

SECRETS = {
    "an AWS access key": re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a secret access key": re.compile(rb"(?i)aws_secret_access_key['\"]?\s*[=:]\s*['\"]?[A-Za-z0-9/+]{40}\b"),
    "a Slack webhook": re.compile(rb"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/"),
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


class ParseError(RuntimeError):
    """The DAGs could not even be tried; the message is the process's own."""


def templates(region: str) -> list[str]:
    """cfn-lint's findings on the templates."""
    linter = Path(sys.executable).with_name("cfn-lint")
    files = sorted(map(str, TEMPLATES.glob("*.yaml")))
    done = subprocess.run(  # noqa: S603 - our own linter on our own files
        [str(linter), "--format", "parseable", "--regions", region, "--template", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def secrets_in(folder: Path) -> list[str]:
    """Files of a tree, and of the zip files in it, that hold something which looks like a secret.

    In a checkout those that git tracks or would take with `git add`; elsewhere all.
    """
    return [
        f"{name} holds what looks like {what}: take it out and revoke it"
        for name, content in _contents(folder)
        for what, pattern in SECRETS.items()
        if pattern.search(content)
    ]


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path for path in _files(folder) if path.is_file()):
        name = str(file.relative_to(folder))
        yield name, file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                yield from ((f"{name}/{entry}", archive.read(entry)) for entry in archive.namelist())


def _files(folder: Path) -> list[Path]:
    if not (folder / ".git").exists():
        return list(folder.rglob("*"))
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return [folder / name for name in listed.split("\0") if name]


def conflicts(requirements: str, constraints: str) -> list[str]:
    """Pins of a requirements file that the constraints of the target's Airflow refuse, and lines that are no pins."""
    allowed = {canonicalize_name(pin.name): pin for pin in _pins(constraints)}
    found = []
    for pin in _pins(requirements):
        versions = [spec.version for spec in pin.specifier if spec.operator == "=="]
        if not versions:
            found.append(f"{pin.name} is not pinned: run make lock")
            continue
        other = allowed.get(canonicalize_name(pin.name))
        if other and not other.specifier.contains(versions[0], prereleases=True):
            found.append(f"{pin.name} {versions[0]} is not {other.specifier} of the constraints: run make lock")
    return found


def parse_dags(dist: Path, version: str) -> tuple[dict[str, dict[str, str]], list[str]]:
    """File below dags/ and schedule of every DAG of a built dist/, by id, and what is wrong with them.

    Parsed in a process and an Airflow home of its own. A DAG that two files define is an error too.

    Raises:
        ParseError: Airflow is not the target's version, or the process failed.
    """
    with tempfile.TemporaryDirectory() as home:
        if (plugins := dist / "plugins.zip").is_file() and plugins.stat().st_size:
            shutil.unpack_archive(plugins, Path(home, "plugins"))
        own = {"AIRFLOW_HOME": home, "PYTHONPATH": str(dist / "dags"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        own |= {"AIRFLOW__CORE__DAGS_FOLDER": str(dist / "dags")}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        command = [sys.executable, "-c", PARSE, str(dist / "dags")]
        done = subprocess.run(command, env=inherited | own, capture_output=True, text=True, check=False)  # noqa: S603
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT")), None)
    if line is None:
        raise ParseError(f"the DAGs could not be parsed:\n{done.stderr[-2000:]}")
    result = json.loads(line.removeprefix("RESULT"))
    if result["version"] != version:
        raise ParseError(
            f"this is Airflow {result['version']}, the target is {version}: see docs/mwaa.md, next version"
        )
    dags: dict[str, dict[str, str]] = result["dags"]
    return dags, [f"{file}: {error}" for file, error in result["errors"].items()]


def _pins(text: str) -> list[Requirement]:
    found = []
    for line in text.splitlines():
        bare = line.split("#")[0].split("\\")[0].strip()
        try:
            found.append(Requirement(bare))
        except InvalidRequirement:
            continue
    return found
