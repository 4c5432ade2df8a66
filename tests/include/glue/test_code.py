"""What the Glue jobs get besides their scripts: the project's code as a zip, and packages for Glue's Python."""

import ast
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from include.glue.code import PACKAGES, code_zip

ROOT = Path(__file__).parents[3]
GLUE_PYTHON = (3, 11)
LEFT_BEHIND = {"shap", "xgboost-cpu"}
"""Packages whose version in the training needs a newer Python than Glue's."""


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Name in the zip to source."""
    archive = zipfile.ZipFile(BytesIO(code_zip()))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def pins(path: Path) -> dict[str, str]:
    return dict(
        re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE)
    )


def test_the_zip_holds_what_the_jobs_import_and_nothing_else_of_the_project(
    sources,
):
    needed = {
        "include/__init__.py",
        "include/scoring/batch.py",
        "include/features/cleaning.py",
    }
    assert needed | {
        "include/contract/cells.py",
        "include/glue/records/csv_records.py",
    } <= set(sources)
    packages = {name.split("/")[1] for name in sources if name.count("/") > 1}
    assert {"contract", "glue", "scoring"} <= packages
    assert not packages & {
        "api",
        "monitoring",
        "promotion",
        "training",
        "warehouse",
    }
    assert "include/api/app.py" not in sources


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_that_a_models_pickle_may_name_is_in_the_zip(
    sources, package
):
    folder = ROOT / "include" / package
    files = {path.relative_to(ROOT).as_posix() for path in folder.rglob("*.py")}
    assert files - set(sources) == set()


def test_every_module_in_the_zip_has_syntax_that_glues_python_knows(sources):
    newer = {}
    for name, source in sources.items():
        try:
            ast.parse(source, feature_version=GLUE_PYTHON)
        except SyntaxError as error:
            newer[name] = str(error)
    assert newer == {}
    assert not [
        name for name, source in sources.items() if nested_quotes(source)
    ]


def nested_quotes(source: str) -> list[int]:
    """Lines of f-strings that hold their own quotes inside: since Python 3.12, and `feature_version` lets it pass."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
        and (text := ast.get_source_segment(source, node) or "")
        and (quote := re.match(r"[rRfF]*('''|\"\"\"|'|\")", text))
        and any(
            quote[1] in (ast.get_source_segment(source, part.value) or "")
            for part in fields(node)
        )
    ]


def fields(node: ast.JoinedStr) -> list[ast.FormattedValue]:
    return [
        part for part in node.values if isinstance(part, ast.FormattedValue)
    ]


def is_noticed(source: str) -> bool:
    """Tell whether nested quotes are found; Python 3.11 itself reads none."""
    try:
        return nested_quotes(source) == [1]
    except SyntaxError:
        return True


def test_newer_syntax_would_be_noticed():
    with pytest.raises(SyntaxError):
        ast.parse("def f[T](x: T) -> T: ...", feature_version=GLUE_PYTHON)
    assert is_noticed('f"{names["a"]}"')
    assert nested_quotes("f\"{names['a']}\"") == []


ON_BARE_GLUE = """
import importlib.abc, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        of_python = top in sys.stdlib_module_names or top.startswith("_sysconfigdata")
        if not of_python and top not in ("include", "numpy", "pyarrow"):
            raise ModuleNotFoundError(f"Glue has no {name}", name=name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
import include.glue.s3_to_redshift
assert "pyspark" not in sys.modules
from include.contract.cells import cell_rule, read_cell
from include.glue.job_contract import parse_contract
modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "include"]
assert all(module.__file__.startswith(sys.argv[1]) for module in modules)
print(*sorted(module.__name__ for module in modules))
"""


def test_ingestion_and_every_module_that_it_imports_need_nothing_but_what_glue_has(
    tmp_path,
):
    archive = tmp_path / "include.zip"
    archive.write_bytes(code_zip())
    command = [sys.executable, "-c", ON_BARE_GLUE, str(archive)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert {
        "include.contract.cells",
        "include.glue.records.csv_records",
        "include.glue.loading.writing",
    } <= set(done.stdout.split())
    assert "include.contract.model" not in done.stdout.split()


def test_the_same_code_gives_the_same_bytes():
    assert code_zip() == code_zip()


def test_glue_gets_the_trainings_versions_but_for_those_that_left_its_python_behind():
    glue, training = (
        pins(ROOT / "include/glue/requirements.txt"),
        pins(ROOT / "requirements.txt"),
    )
    assert {
        name
        for name in glue.keys() & training.keys()
        if glue[name] != training[name]
    } == LEFT_BEHIND
