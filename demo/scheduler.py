"""Start Airflow's scheduler with the project's modules already imported: `python -m demo.scheduler`.

LocalExecutor forks a process for every task. What the scheduler has imported, each task has at once; otherwise every
task imports pandas, scikit-learn, MLflow and Evidently anew, which takes longer than most tasks compute.
"""

import pkgutil
import runpy
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import include

ROOT = Path(__file__).resolve().parents[1]
NEVER_IN_A_TASK = (
    "include.api",
    "include.glue",
    "include.endpoint.training_container",
)
"""Modules for other processes: the scoring API, Spark's jobs and a training container."""


def import_what_tasks_import() -> None:
    """Import every module of the project that a task may use, and with them the libraries."""
    sys.path[:0] = [str(ROOT / "dags"), str(ROOT / "plugins")]
    for package in (include, import_module("lifecycle")):
        for name in _modules_of(package):
            if not name.startswith(NEVER_IN_A_TASK):
                import_module(name)


def _modules_of(package: ModuleType) -> Iterator[str]:
    """Yield the full names of all modules of a package, those in its packages included."""
    prefix = f"{package.__name__}."
    for module in pkgutil.walk_packages(package.__path__, prefix):
        yield module.name


def main() -> None:
    """Become the scheduler."""
    import_what_tasks_import()
    sys.argv = ["airflow", "scheduler", *sys.argv[1:]]
    runpy.run_module("airflow", run_name="__main__")


if __name__ == "__main__":
    main()
