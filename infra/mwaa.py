"""Do to MWAA's base environment what its workers do, and check the limits: `python -m infra.mwaa`.

Builds a worker's environment, installs requirements.txt as MWAA does, lays the packaged DAGs and plugins out and lets
that environment's Airflow load them. Exit status 1 and the reasons where MWAA, or the project's own limit, would not
take it. `docs/mwaa.md` says what came out.
"""

import argparse
import json
import logging
import platform
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from include.settings import settings
from infra.constraints import CONSTRAINTS
from infra.errors import InstallError
from infra.package import ROOT, package
from infra.worker import Worker

log = logging.getLogger(__name__)

ESSENTIAL = (
    "https://raw.githubusercontent.com/aws/amazon-mwaa-docker-images/main/images/airflow/{version}/etc/"
    "mwaa_essential_constraints.txt"
)
WITHOUT_DAG = ("contracts",)
"""DAG files that only check."""
SECONDS = 180
BYTES = 1_500_000_000
"""How long an installation may take, and how large the environment may be: the project's own limits."""


def copy_of(place: str, target: Path) -> Path:
    """Make a local copy of a file or of an https address. Raises OSError."""
    if place.startswith("https://"):
        with urllib.request.urlopen(place, timeout=60) as answer:  # noqa: S310 - https, see above
            target.write_bytes(answer.read())
    else:
        target.write_bytes(Path(place).read_bytes())
    return target


def measure(worker: Worker, requirements: Path, cold: bool) -> dict[str, Any]:
    """Install and return what it took, by name; `cold` says that no package of requirements.txt was in pip's cache."""
    worker.build()
    base = worker.size()
    log.info("base environment: %.2f GB", base / 1e9)
    seconds, cpu_seconds = worker.install(requirements)
    return {
        "airflow": worker.version,
        "python": platform.python_version(),
        "pip": worker.pip_version(),
        "pip_cache": "cold" if cold else "warm",
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "base_bytes": base,
        "bytes": worker.size(),
        "largest_bytes": dict(worker.sizes().most_common(12)),
        "pip_check": worker.conflicts(),
    }


def load(worker: Worker, dist: Path) -> dict[str, Any]:
    """Load a built dist/ in that Airflow; return import errors of DAGs and of their tasks, DAG ids and plugins."""
    worker.lay_out(dist)
    worker.airflow("dags", "reserialize")
    dags = _listed(worker, "dags", "list")
    plugins = _listed(worker, "plugins")
    return {
        "import_errors": _listed(worker, "dags", "list-import-errors"),
        "tasks_cannot_import": worker.missing(),
        "dags": sorted(dag["dag_id"] for dag in dags),
        "plugins": sorted(plugin["name"] for plugin in plugins),
    }


def _listed(worker: Worker, *command: str) -> list[dict[str, Any]]:
    """Return what an Airflow command lists, from its last line, as logs may stand before it."""
    lines = worker.airflow(*command, "--output", "json").strip().splitlines()
    entries: list[dict[str, Any]] = json.loads(lines[-1])
    return entries


def problems(result: dict[str, Any], expected_dags: set[str]) -> list[str]:
    """Return what MWAA or the project's limits would refuse."""
    lines = [f"pip check: {line}" for line in result["pip_check"]]
    lines += [str(error) for error in result["import_errors"]]
    lines += [
        f"a task cannot import: {line}"
        for line in result["tasks_cannot_import"]
    ]
    if result["seconds"] > SECONDS:
        lines.append(
            f"the installation took {result['seconds']} s, more than {SECONDS}"
        )
    if result["bytes"] > BYTES:
        lines.append(
            f"the environment has {result['bytes'] / 1e9:.2f} GB, more than {BYTES / 1e9}"
        )
    missing = expected_dags - set(result["dags"])
    if missing:
        lines.append(f"DAGs are missing: {', '.join(sorted(missing))}")
    if "lead_ops" not in result["plugins"]:
        lines.append("the plugin lead_ops was not loaded")
    return lines


def log_result(result: dict[str, Any]) -> None:
    """Log the result in lines."""
    log.info(
        "Airflow %s, Python %s, pip %s with a %s cache: installed in %.0f s, of which %.0f s on a core",
        result["airflow"],
        result["python"],
        result["pip"],
        result["pip_cache"],
        result["seconds"],
        result["cpu_seconds"],
    )
    log.info(
        "%.2f GB in all, of which the base is %.2f GB",
        result["bytes"] / 1e9,
        result["base_bytes"] / 1e9,
    )
    for name, size in result["largest_bytes"].items():
        log.info("  %-40s %5.0f MB", name, size / 1e6)
    log.info(
        "pip check: %s", "clean" if not result["pip_check"] else "conflicts"
    )
    log.info(
        "%d DAGs, %d import errors",
        len(result["dags"]),
        len(result["import_errors"]),
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.mwaa", description=__doc__
    )
    parser.add_argument(
        "--airflow", default="3.2.1", help="the target's version"
    )
    parser.add_argument(
        "--constraints",
        help="file or https address; default: Airflow's own for the version",
    )
    parser.add_argument(
        "--essential",
        help="file or https address; default: AWS's own for the version",
    )
    parser.add_argument(
        "--requirements", type=Path, default=ROOT / "requirements.txt"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where to build it, and to leave it; default: a temporary folder",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    return parser.parse_args()


def dag_ids(dist: Path) -> set[str]:
    """Return the ids of the DAGs that a package has: for each contract in it, one for each DAG file."""
    names = {file.stem for file in (dist / "dags").glob("*.py")}
    names -= set(WITHOUT_DAG)
    contracts = {
        file.stem
        for file in (dist / "dags" / "include" / "contract").glob("*.yaml")
    }
    ids = set(names)
    for contract in contracts - {settings().contract}:
        ids.update(f"{contract}.{name}" for name in names)
    return ids


def run(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Build, measure and load below `folder`. Raises InstallError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    version = arguments.airflow
    constraints = arguments.constraints or CONSTRAINTS.format(version=version)
    essential = arguments.essential or ESSENTIAL.format(version=version)
    worker = Worker(
        folder=folder,
        version=version,
        constraints=copy_of(constraints, folder / "constraints.txt"),
        essential=copy_of(essential, folder / "essential-constraints.txt"),
    )
    cold = not worker.cache.is_dir()
    dist = folder / "dist"
    package(ROOT, dist)
    result = measure(worker, arguments.requirements.resolve(), cold) | load(
        worker, dist
    )
    expected_dags = dag_ids(dist)
    return result | {"problems": problems(result, expected_dags)}


def main() -> None:
    """Run the command line: log the result; exit status 1 where something is wrong with it."""
    arguments = parse()
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    try:
        if arguments.folder:
            result = run(arguments, arguments.folder.resolve())
        else:
            with tempfile.TemporaryDirectory(prefix="mwaa-") as folder:
                result = run(arguments, Path(folder))
    except (InstallError, OSError) as error:
        log.error("%s", error)
        sys.exit(1)
    log_result(result)
    for line in result["problems"]:
        log.error("%s", line)
    if arguments.json:
        log.info(json.dumps(result))
    sys.exit(bool(result["problems"]))


if __name__ == "__main__":
    main()
