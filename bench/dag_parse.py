"""Time to load each DAG file in a fresh interpreter that has already imported the Airflow modules the file names."""

import argparse
import ast
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench._table import last_line, show

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 3
PROBE = """
import importlib, os, runpy, sys, time
path, repeats, *modules = sys.argv[1:]
for module in modules:
    importlib.import_module(module)
for _ in range(int(repeats)):
    if os.fork() == 0:
        start = time.perf_counter()
        runpy.run_path(path)
        seconds = time.perf_counter() - start
        heavy = {"pandas", "sklearn", "mlflow", "evidently", "shap"} & set(sys.modules)
        sys.stdout.write(f"seconds {seconds} {','.join(sorted(heavy))}\\n")
        sys.stdout.flush()
        os._exit(0)
    os.wait()
"""


def airflow_modules(path: Path) -> list[str]:
    """Airflow and provider modules that a file, or a module of dags/ and plugins/ it imports, names at its top."""
    found, seen, queue = set(), set(), [path]
    while queue:
        for node in ast.parse(queue.pop().read_text(encoding="utf-8")).body:
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            names += (
                [node.module]
                if isinstance(node, ast.ImportFrom) and node.module
                else []
            )
            found |= {name for name in names if name.split(".")[0] == "airflow"}
            own = {file for name in names for file in _own_files(name)} - seen
            seen |= own
            queue += own
    return sorted(found)


def _own_files(module: str) -> list[Path]:
    relative = Path(*module.split(".")).with_suffix(".py")
    return [
        folder / relative
        for folder in (ROOT / "dags", ROOT / "plugins")
        if (folder / relative).is_file()
    ]


def airflow_environment(home: str) -> dict[str, str]:
    """Return the environment in which an interpreter loads DAG files as Airflow does."""
    paths = [str(ROOT / folder) for folder in ("", "dags", "plugins")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    }


def measure(path: Path, home: str) -> tuple[float, str]:
    """Median seconds to load a file, and the heavy libraries that it brought in (none should be).

    The interpreter forks after importing Airflow's modules, so each repetition starts without the project's own.
    """
    environment = airflow_environment(home)
    command = [
        sys.executable,
        "-c",
        PROBE,
        str(path),
        str(REPEATS),
        *airflow_modules(path),
    ]
    output = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout
    measured = [
        line.split(" ")
        for line in output.splitlines()
        if line.startswith("seconds ")
    ]
    return statistics.median(
        float(seconds) for _, seconds, _ in measured
    ), measured[0][2]


def main() -> None:
    """Measures every DAG file and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    wanted = parser.parse_args().json
    with tempfile.TemporaryDirectory() as home:
        measured = {
            path: measure(path, home)
            for path in sorted((ROOT / "dags").glob("*.py"))
        }
    rows = [
        (path.name, seconds, heavy or "none")
        for path, (seconds, heavy) in measured.items()
    ]
    show(
        "DAG files, seconds over their operators",
        ("file", "seconds", "heavy libraries"),
        rows,
    )
    files = [
        {"file": f"dags/{name}", "seconds_over_operators": round(seconds, 4)}
        for name, seconds, _ in rows
    ]
    last_line({"files": files}, wanted)


if __name__ == "__main__":
    main()
