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

The ids below are those of the default contract. Every other contract in force has the same DAGs for itself: with
a contract called `partners` there are `partners.ingest_leads` and all others, with the tag `partners`, and each is
started by the assets and drives the DAGs of its own contract. `dags/contracts.py` defines no DAG: its import error says
which contract's file is broken, or what two contracts share (docs/contracts.md).
"""
WITHOUT_DAG = ("contracts",)


def dag_page(folder: Path) -> str:
    """Return the page: for each DAG file, by name, its id, when it runs and its docstring."""
    sections = []
    for file in sorted(folder.glob("*.py")):
        if file.stem not in WITHOUT_DAG:
            sections.append(_section(file))
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
        assets = ", ".join(_asset_name(entry) for entry in schedule.elts)
        return f"whenever the asset is updated: {assets}"
    cron = ast.literal_eval(schedule)
    if cron is None:
        return "by hand"
    return f"`{cron}` (UTC)"


def _asset_name(asset: ast.expr) -> str:
    """Return the first text in a call such as `asset("leads", contract)`."""
    for node in ast.walk(asset):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return f"`{node.value}`"
    raise ValueError(f"an asset without a name: {ast.unparse(asset)}")


def main() -> None:
    """Write the page."""
    PAGE.write_text(dag_page(ROOT / "dags"), encoding="utf-8")


if __name__ == "__main__":
    main()
