"""Nothing that ships knows a data set: its columns and levels stand in its contract alone."""

import ast
from pathlib import Path

import pytest

from include.contract import load_contract

ROOT = Path(__file__).parents[3]
FOLDERS = ("include", "dags", "plugins")
CONTRACTS = ROOT / "include" / "contract"
NAMES_OF_THE_PROJECT = {"lead_profile"}
"""Names that a data set and the project both have, for different things."""


def words_of(name):
    """Return the columns and levels of a data set, without single words such as `Other`."""
    contract = load_contract(name)
    words = set()
    for column in contract.columns:
        words |= {column.name, column.field, *column.allowed, *column.order}
    names = {word for word in words if not word.isalpha()}
    return names - NAMES_OF_THE_PROJECT


def texts_in(file):
    """Return the names and texts of a Python file, comments and docstrings aside."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                texts.add(node.value)
        elif isinstance(node, ast.Name):
            texts.add(node.id)
        elif isinstance(node, ast.Attribute):
            texts.add(node.attr)
    return texts


@pytest.mark.parametrize("name", ["x_education"])
def test_no_source_names_a_column_or_a_level_of_a_data_set(name):
    words = words_of(name)
    found = {}
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            named = texts_in(file) & words
            if named and CONTRACTS not in file.parents:
                found[str(file.relative_to(ROOT))] = named
    assert found == {}


def test_a_column_that_is_named_would_be_found(tmp_path):
    file = tmp_path / "rule.py"
    file.write_text('bonus = lead["lead_origin"] == "Lead Add Form"\n')
    assert {"lead_origin", "Lead Add Form"} <= texts_in(file) & words_of(
        "x_education"
    )
