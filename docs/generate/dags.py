"""Writes docs/dags.md from the DAG files' own docstrings: `python -m docs.generate.dags`.

The files are read as text, so that the page can be built and checked where Airflow is not installed.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dags.md"
INTRODUCTION = """# DAGs

One per stage of a model's life, and the master DAG. This page is made from the docstrings of `dags/*.py`, which Airflow
shows too (`python -m docs.generate.dags`). Every DAG runs once at a time, and every one can be repeated.
"""


def dag_page(folder: Path) -> str:
    """The page: for each DAG file, by name, its id, when it runs and its docstring."""
    sections = [_section(file) for file in sorted(folder.glob("*.py"))]
    return "\n".join([INTRODUCTION, *sections])


def _section(file: Path) -> str:
    module = ast.parse(file.read_text(encoding="utf-8"))
    _, _, body = (ast.get_docstring(module) or "").partition("\n")
    return f"## `{file.stem}`\n\n*Runs: {_schedule(module)}.*\n\n{body.strip()}\n"


def _schedule(module: ast.Module) -> str:
    for node in ast.walk(module):
        if isinstance(node, ast.keyword) and node.arg == "schedule":
            return _in_words(node.value)
    raise ValueError("no schedule=… in the DAG file; write schedule=None for a manual one")


def _in_words(schedule: ast.expr) -> str:
    if isinstance(schedule, ast.List):
        return "whenever the asset is updated: " + ", ".join(ast.unparse(entry) for entry in schedule.elts)
    value = ast.literal_eval(schedule)
    return f"`{value}` (UTC)" if value else "by hand"


if __name__ == "__main__":
    PAGE.write_text(dag_page(ROOT / "dags"), encoding="utf-8")
