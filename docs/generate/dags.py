"""Write docs/dags.md from the DAG files' own docstrings: `python -m docs.generate.dags`.

The files are read as text, so the page can be made and checked where Airflow is not installed.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dags.md"
INTRODUCTION = """# DAGs

One DAG for each step of a model's life, and the master DAG. This page is made from the docstrings of `dags/*.py`, which
Airflow shows too (`python -m docs.generate.dags`). A DAG never runs twice at once, and every run can be repeated.
"""


def dag_page(folder: Path) -> str:
    """Return the page: for each DAG file, by name, its id, when it runs and its docstring."""
    sections = [_section(file) for file in sorted(folder.glob("*.py"))]
    return "\n".join([INTRODUCTION, *sections])


def _section(file: Path) -> str:
    module = ast.parse(file.read_text(encoding="utf-8"))
    docstring = ast.get_docstring(module) or ""
    _, _, body = docstring.partition("\n")
    return (
        f"## `{file.stem}`\n\n*Runs: {_schedule(module)}.*\n\n{body.strip()}\n"
    )


def _schedule(module: ast.Module) -> str:
    for node in ast.walk(module):
        if isinstance(node, ast.keyword) and node.arg == "schedule":
            return _in_words(node.value)
    raise ValueError(
        "no schedule=… in the DAG file; write schedule=None for a manual one"
    )


def _in_words(schedule: ast.expr) -> str:
    if isinstance(schedule, ast.List):
        assets = ", ".join(ast.unparse(entry) for entry in schedule.elts)
        return f"whenever the asset is updated: {assets}"
    cron = ast.literal_eval(schedule)
    if cron is None:
        return "by hand"
    return f"`{cron}` (UTC)"


def main() -> None:
    """Write the page."""
    PAGE.write_text(dag_page(ROOT / "dags"), encoding="utf-8")


if __name__ == "__main__":
    main()
