"""A virtual environment like that of MWAA's workers: AWS's base packages, and what a worker does to requirements.txt.

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
from importlib.metadata import distributions
from pathlib import Path

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


class InstallError(RuntimeError):
    """pip did not install it, or not in the time that MWAA gives; the message ends with pip's own words."""


class Worker:
    """The virtual environment and the Airflow home of one worker, below one folder."""

    def __init__(self, folder: Path, version: str, constraints: Path, essential: Path) -> None:
        """`constraints` are those of Airflow `version`, `essential` the part of them that AWS lets nobody change."""
        self.folder, self.version = folder, version
        self._constraints, self._essential = constraints, essential
        self.venv, self.home, self.cache = folder / "venv", folder / "home", folder / "pip-cache"

    def build(self) -> None:
        """Make the environment anew, with AWS's packages in it. Raises InstallError."""
        shutil.rmtree(self.venv, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(self.venv)], os.environ, None)
        self._pip(["install", "--quiet", "--upgrade", "pip"], None)
        self._pip(["install", "--quiet", "-c", str(self._constraints), *self.base], None)

    def install(self, requirements: Path) -> tuple[float, float]:
        """Seconds and CPU seconds that a worker's installation of requirements.txt takes.

        Raises:
            InstallError: pip failed, or MWAA would have stopped it.
        """
        started, before = time.monotonic(), os.times()
        self._pip(["install", "--quiet", *self.arguments(requirements)], LONGEST_SECONDS)
        seconds, after = time.monotonic() - started, os.times()
        busy = after.children_user + after.children_system - before.children_user - before.children_system
        return seconds, busy

    def arguments(self, requirements: Path) -> list[str]:
        """What a worker gives pip: the base again and AWS's essential constraints, and those of Airflow by its rule."""
        own = re.search(r"-c |--constraint ", requirements.read_text(encoding="utf-8"))
        forced = [] if own else ["-c", str(self._constraints)]
        return ["-c", str(self._essential), *self.base, "-r", str(requirements), *forced]

    @property
    def base(self) -> list[str]:
        """AWS's packages, as pip takes them."""
        compiled = [COMPILED] if shutil.which("pg_config") else []
        return [*(package.format(version=self.version) for package in BASE), *compiled]

    def conflicts(self) -> list[str]:
        """What `pip check` finds."""
        done = subprocess.run(  # noqa: S603 - our own environment
            [*self._python, "-m", "pip", "check"], capture_output=True, text=True, check=False
        )
        return (done.stdout + done.stderr).splitlines() if done.returncode else []

    def size(self) -> int:
        """Bytes of all files of the environment: base and requirements, compiled modules too, pip's cache not."""
        return sum(file.lstat().st_size for file in self.venv.rglob("*") if file.is_file())

    def sizes(self) -> Counter[str]:
        """Bytes by installed distribution, as their own lists of files have them."""
        found: Counter[str] = Counter()
        for one in distributions(path=[str(path) for path in self.venv.glob("lib/python*/site-packages")]):
            places = (Path(str(one.locate_file(file))) for file in one.files or [])
            found[one.metadata["Name"].lower()] = sum(place.lstat().st_size for place in places if place.is_file())
        return found

    def pip_version(self) -> str:
        """Of the environment's pip."""
        return _run([*self._python, "-m", "pip", "--version"], os.environ, None).split()[1]

    def lay_out(self, dist: Path) -> None:
        """Puts a built dist/ where MWAA has it: dags/ in Airflow's home, and plugins.zip unpacked beside it."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(dist / "dags", self.home / "dags")
        shutil.unpack_archive(dist / "plugins.zip", self.home / "plugins")
        self.airflow("db", "migrate")

    def missing(self) -> list[str]:
        """Imports of include/ that tasks make when they run, which parsing a DAG does not try, and why each fails."""
        sources = [path.read_text(encoding="utf-8") for path in (self.home / "dags").glob("*.py")]
        sources += [path.read_text(encoding="utf-8") for path in (self.home / "dags" / "lifecycle").rglob("*.py")]
        statements = sorted({statement for source in sources for statement in task_imports(source)})
        environment = {**os.environ, "PYTHONPATH": str(self.home / "dags"), "AIRFLOW_HOME": str(self.home)}
        done = subprocess.run(  # noqa: S603 - our own environment
            [*self._python, "-c", IMPORT_EACH],
            input="\n".join(statements),
            env=environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        failed = [line.removeprefix("FAILED ") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
        return [*failed, *([done.stderr[-1000:]] if done.returncode else [])]

    def airflow(self, *arguments: str) -> str:
        """What an Airflow command prints, run in Airflow's home with nothing of this checkout on its path."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHONPATH"))
        }
        own = {"AIRFLOW_HOME": str(self.home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        command = [*self._python, "-m", "airflow", *arguments]
        return _run(command, inherited | own, None, self.home)

    @property
    def _python(self) -> list[str]:
        return [str(self.venv / "bin" / "python")]

    def _pip(self, arguments: list[str], limit: float | None) -> None:
        command = [*self._python, "-m", "pip", *arguments, "--cache-dir", str(self.cache)]
        _run(command, os.environ, limit)


def task_imports(source: str) -> list[str]:
    """The import statements of include/ in a DAG's source, wherever they stand."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom | ast.Import)]
    return [statement for statement in map(ast.unparse, nodes) if re.match(r"(from|import) include\b", statement)]


def _run(
    command: list[str], environment: "os._Environ[str] | dict[str, str]", limit: float | None, cwd: Path | None = None
) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own environment
            command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"MWAA stops an installation after {limit:.0f} s: pin every package (make lock)") from None
    if done.returncode:
        raise InstallError(f"{' '.join(command[:6])} … failed:\n{(done.stderr or done.stdout)[-3000:]}")
    return done.stdout
