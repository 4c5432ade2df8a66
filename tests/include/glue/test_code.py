"""What the scoring job gets besides its script: the project's code as a zip, and packages for Glue's Python."""

import ast
import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from include.glue.code import code_zip

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
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def test_the_zip_holds_what_scoring_imports_and_nothing_else_of_the_project(sources):
    assert {"include/__init__.py", "include/scoring/batch.py", "include/features/cleaning.py"} <= set(sources)
    packages = {name.split("/")[1] for name in sources if name.count("/") > 1}
    assert packages == {"contract", "features", "glue", "lake", "registry", "serving"}
    assert "include/api/app.py" not in sources


def test_every_module_in_the_zip_has_syntax_that_glues_python_knows(sources):
    newer = {}
    for name, source in sources.items():
        try:
            ast.parse(source, feature_version=GLUE_PYTHON)
        except SyntaxError as error:
            newer[name] = str(error)
    assert newer == {}
    assert not [name for name, source in sources.items() if nested_quotes(source)]


def nested_quotes(source: str) -> list[int]:
    """Lines of f-strings that hold their own quotes inside: since Python 3.12, and `feature_version` lets it pass."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
        and (text := ast.get_source_segment(source, node) or "")
        and (quote := re.match(r"[rRfF]*('''|\"\"\"|'|\")", text))
        and any(quote[1] in (ast.get_source_segment(source, part.value) or "") for part in fields(node))
    ]


def fields(node: ast.JoinedStr) -> list[ast.FormattedValue]:
    return [part for part in node.values if isinstance(part, ast.FormattedValue)]


def test_newer_syntax_would_be_noticed():
    with pytest.raises(SyntaxError):
        ast.parse("def f[T](x: T) -> T: ...", feature_version=GLUE_PYTHON)
    assert nested_quotes('f"{names["a"]}"') == [1]
    assert nested_quotes("f\"{names['a']}\"") == []


def test_the_same_code_gives_the_same_bytes():
    assert code_zip() == code_zip()


def test_glue_gets_the_trainings_versions_but_for_those_that_left_its_python_behind():
    glue, training = pins(ROOT / "include/glue/requirements.txt"), pins(ROOT / "requirements.txt")
    assert {name for name in glue.keys() & training.keys() if glue[name] != training[name]} == LEFT_BEHIND
