"""Build a virtual environment like that of MWAA's workers, and install requirements.txt as they do.

AWS publishes both in aws/amazon-mwaa-docker-images: the packages in `bootstrap/02-airflow`, the rules in
`python/mwaa/utils/user_requirements.py`.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

from infra.errors import InstallError

BASE = (
    "apache-airflow[celery,statsd]=={version}",
    "apache-airflow-core[gunicorn]=={version}",
    "apache-airflow-providers-amazon[aiobotocore]",
    "apache-airflow-providers-fab",
    "apache-airflow-providers-postgres",
    "apache-airflow-providers-standard",
    "boto3-stubs[logs,sqs]",
    "celery[sqs]",
    "fluent-logger",
    "pycurl",
    "virtualenv",
    "watchtower",
)
COMPILED = "psycopg2"
"""In AWS's image too, but without a wheel: left out where pg_config is missing. psycopg2-binary comes in any case."""
LONGEST_SECONDS = 9 * 60
"""MWAA stops an installation then."""
IMPORT_EACH = """
import sys
for statement in sys.stdin.read().splitlines():
    try:
        exec(statement)
    except Exception as error:
        print(f"FAILED {statement}: {type(error).__name__}: {error}")
"""


class Worker:
    """The virtual environment and the Airflow home of one worker, below one folder."""

    def __init__(
        self, folder: Path, version: str, constraints: Path, essential: Path
    ) -> None:
        """`constraints` are those of Airflow `version`, `essential` the part of them that AWS lets nobody change."""
        self.folder = folder
        self.version = version
        self.venv = folder / "venv"
        self.home = folder / "home"
        self.cache = folder / "pip-cache"
        self._constraints = constraints
        self._essential = essential

    def build(self) -> None:
        """Make the environment anew, with AWS's packages in it. Raises InstallError."""
        shutil.rmtree(self.venv, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(self.venv)], os.environ, None)
        self._pip(["install", "--quiet", "--upgrade", "pip"], None)
        self._pip(
            ["install", "--quiet", "-c", str(self._constraints), *self.base],
            None,
        )

    def install(self, requirements: Path) -> tuple[float, float]:
        """Install requirements.txt as a worker does; return the seconds and CPU seconds that it takes.

        Raises:
            InstallError: pip failed, or MWAA would have stopped it.
        """
        started = time.monotonic()
        cpu_started = _children_cpu_seconds()
        self._pip(
            ["install", "--quiet", *self.arguments(requirements)],
            LONGEST_SECONDS,
        )
        return time.monotonic() - started, _children_cpu_seconds() - cpu_started

    def arguments(self, requirements: Path) -> list[str]:
        """Return what a worker gives pip: the base again, AWS's essential constraints, and Airflow's by its rule."""
        text = requirements.read_text(encoding="utf-8")
        arguments = [
            "-c",
            str(self._essential),
            *self.base,
            "-r",
            str(requirements),
        ]
        if not re.search(r"-c |--constraint ", text):
            arguments += ["-c", str(self._constraints)]
        return arguments

    @property
    def base(self) -> list[str]:
        """Return AWS's packages, as pip takes them."""
        packages = [package.format(version=self.version) for package in BASE]
        if shutil.which("pg_config"):
            packages.append(COMPILED)
        return packages

    def conflicts(self) -> list[str]:
        """Return the findings of `pip check`."""
        command = [*self._python, "-m", "pip", "check"]
        completed = subprocess.run(  # noqa: S603 - our own pip
            command, capture_output=True, text=True, check=False
        )
        if completed.returncode == 0:
            return []
        return (completed.stdout + completed.stderr).splitlines()

    def size(self) -> int:
        """Return the bytes of all files of the environment: base and requirements, compiled modules too, no cache."""
        return sum(
            file.lstat().st_size
            for file in self.venv.rglob("*")
            if file.is_file()
        )

    def sizes(self) -> Counter[str]:
        """Return bytes by installed distribution, as their own lists of files have them."""
        folders = [
            str(path) for path in self.venv.glob("lib/python*/site-packages")
        ]
        sizes: Counter[str] = Counter()
        for distribution in distributions(path=folders):
            paths = [
                Path(str(distribution.locate_file(file)))
                for file in distribution.files or []
            ]
            size = sum(path.lstat().st_size for path in paths if path.is_file())
            sizes[distribution.metadata["Name"].lower()] = size
        return sizes

    def pip_version(self) -> str:
        """Return the version of the environment's pip."""
        return _run(
            [*self._python, "-m", "pip", "--version"], os.environ, None
        ).split()[1]

    def lay_out(self, dist: Path) -> None:
        """Put a built dist/ where MWAA has it: dags/ in Airflow's home, and plugins.zip unpacked beside it."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(dist / "dags", self.home / "dags")
        shutil.unpack_archive(dist / "plugins.zip", self.home / "plugins")
        self.airflow("db", "migrate")

    def missing(self) -> list[str]:
        """Return the imports of include/ that fail when tasks run, and why; parsing a DAG does not try them."""
        dags = self.home / "dags"
        statements: set[str] = set()
        for path in (*dags.glob("*.py"), *(dags / "lifecycle").rglob("*.py")):
            statements.update(task_imports(path.read_text(encoding="utf-8")))
        variables = {
            **os.environ,
            "PYTHONPATH": str(dags),
            "AIRFLOW_HOME": str(self.home),
        }
        completed = subprocess.run(  # noqa: S603 - our own environment
            [*self._python, "-c", IMPORT_EACH],
            input="\n".join(sorted(statements)),
            env=variables,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = completed.stdout.splitlines()
        failures = [
            line.removeprefix("FAILED ")
            for line in lines
            if line.startswith("FAILED ")
        ]
        if completed.returncode:
            failures.append(completed.stderr[-1000:])
        return failures

    def airflow(self, *arguments: str) -> str:
        """Return what an Airflow command prints, run in Airflow's home with nothing of this checkout on its path."""
        hidden = ("AIRFLOW", "PYTHONPATH")
        variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(hidden)
        }
        variables["AIRFLOW_HOME"] = str(self.home)
        variables["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        command = [*self._python, "-m", "airflow", *arguments]
        return _run(command, variables, None, self.home)

    @property
    def _python(self) -> list[str]:
        return [str(self.venv / "bin" / "python")]

    def _pip(self, arguments: list[str], limit: float | None) -> None:
        command = [
            *self._python,
            "-m",
            "pip",
            *arguments,
            "--cache-dir",
            str(self.cache),
        ]
        _run(command, os.environ, limit)


def task_imports(source: str) -> list[str]:
    """Return the import statements of include/ in a DAG's source, wherever they stand."""
    statements = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom | ast.Import):
            statement = ast.unparse(node)
            if re.match(r"(from|import) include\b", statement):
                statements.append(statement)
    return statements


def _children_cpu_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _run(
    command: list[str],
    variables: Mapping[str, str],
    limit: float | None,
    cwd: Path | None = None,
) -> str:
    """Return what a command prints. Raises InstallError if it fails, or takes more than `limit` seconds."""
    try:
        completed = subprocess.run(  # noqa: S603 - our own environment
            command,
            env=variables,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InstallError(
            f"MWAA stops an installation after {limit:.0f} s: pin every package (make lock)"
        ) from None
    if completed.returncode:
        output = completed.stderr or completed.stdout
        raise InstallError(
            f"{' '.join(command[:6])} … failed:\n{output[-3000:]}"
        )
    return completed.stdout
