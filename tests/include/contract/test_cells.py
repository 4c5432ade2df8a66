"""The one set of rules for a cell, which Glue, the API, its schema and the pipeline share."""

import ast
import json
import math
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract import cells, load_contract, moments, text, written
from include.contract.cells import (
    LARGEST,
    CellError,
    cell_rule,
    cell_rules,
    read_cell,
)

NULL_TOKENS = frozenset({"", "Select"})
RULES = {
    "text": cell_rule({"type": "string"}, NULL_TOKENS),
    "whole": cell_rule({"type": "integer"}, NULL_TOKENS),
    "count": cell_rule(
        {"type": "integer", "minimum": 0, "maximum": 9}, NULL_TOKENS
    ),
    "number": cell_rule({"type": "number"}, NULL_TOKENS),
    "minutes": cell_rule({"type": "number", "minimum": 0.5}, NULL_TOKENS),
    "level": cell_rule({"type": "category", "allowed": ["Web"]}, NULL_TOKENS),
    "heat": cell_rule(
        {"type": "ordinal", "order": ["cold", "hot"]}, NULL_TOKENS
    ),
    "flag": cell_rule({"type": "yes_no"}, NULL_TOKENS),
}


@pytest.mark.parametrize(
    ("name", "value", "typed"),
    [
        ("whole", " 3 ", 3),
        ("whole", "3.0", 3),
        ("whole", "3.", 3),
        ("whole", "+3", 3),
        ("whole", "007", 7),
        ("whole", 3.0, 3),
        ("whole", "-2147483648", -(2**31)),
        ("whole", 2**31 - 1, 2**31 - 1),
        ("count", "9", 9),
        ("number", "1.5", 1.5),
        ("number", ".5", 0.5),
        ("number", "1e3", 1000.0),
        ("number", 3, 3.0),
        ("number", str(LARGEST), float(LARGEST)),
        ("number", -LARGEST, -float(LARGEST)),
        ("minutes", 0.5, 0.5),
        ("text", " a ", "a"),
        ("text", 7, "7"),
        ("text", 7.0, "7"),
        ("text", "x" * 1024, "x" * 1024),
        ("level", "Carrier pigeon", "Carrier pigeon"),
        ("level", "é" * 128, "é" * 128),
        ("heat", "hot", "hot"),
        ("flag", " Yes", "Yes"),
    ],
)
def test_a_good_cell_has_the_type_of_its_column(name, value, typed):
    found = read_cell(RULES[name], value)
    assert found == typed
    assert type(found) is type(typed)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("value", [None, "", "  ", "Select", " Select "])
def test_null_tokens_are_missing_in_every_column(name, value):
    assert read_cell(RULES[name], value) is None


@pytest.mark.parametrize("value", ["select", "SELECT", "n/a"])
def test_null_tokens_are_compared_exactly(value):
    assert read_cell(RULES["level"], value) == value


@pytest.mark.parametrize(
    ("name", "value", "problem", "demand"),
    [
        ("whole", "many", "not a whole number", "must be a number"),
        ("whole", "1.5", "not a whole number", "must be a whole number"),
        ("whole", "1e3", "not a whole number", "must be a whole number"),
        ("whole", 2.5, "not a whole number", "must be a whole number"),
        ("whole", "1_0", "not a whole number", "must be a number"),
        ("whole", "٣", "not a whole number", "must be a number"),
        (
            "whole",
            "2147483648",
            "does not fit into 32 bits",
            f"must lie between {-(2**31)} and {2**31 - 1}",
        ),
        (
            "whole",
            -(2**31) - 1,
            "does not fit into 32 bits",
            f"must lie between {-(2**31)} and {2**31 - 1}",
        ),
        (
            "whole",
            "9" * 5000,
            "does not fit into 32 bits",
            f"must lie between {-(2**31)} and {2**31 - 1}",
        ),
        ("whole", 10**400, "not a number", "must be a number"),
        ("whole", True, "not a number", "must be a number"),
        ("count", -1, "below 0", "must not be below 0"),
        ("count", "10", "above 9", "must not be above 9"),
        ("number", "1,5", "not a number", "must be a number"),
        ("number", "1_000", "not a number", "must be a number"),
        ("number", "nan", "not a number", "must be a finite number"),
        ("number", "-inf", "not a number", "must be a finite number"),
        ("number", "1e999", "not a number", "must be a finite number"),
        ("number", math.nan, "not a number", "must be a finite number"),
        ("number", 10**400, "not a number", "must be a number"),
        ("number", False, "not a number", "must be a number"),
        (
            "number",
            LARGEST + 1,
            f"not between {-LARGEST} and {LARGEST}",
            f"must lie between {-LARGEST} and {LARGEST}",
        ),
        (
            "number",
            "-1e16",
            f"not between {-LARGEST} and {LARGEST}",
            f"must lie between {-LARGEST} and {LARGEST}",
        ),
        ("minutes", "0.4", "below 0.5", "must not be below 0.5"),
        ("text", True, "not text", "must be text"),
        ("text", 7.5, "not text", "must be text"),
        ("text", math.inf, "not text", "must be text"),
        (
            "text",
            "x" * 1025,
            "longer than 1024 bytes",
            "must not be longer than 1024 bytes",
        ),
        ("level", 3, "not text", "must be text"),
        (
            "level",
            "é" * 129,
            "longer than 256 bytes",
            "must not be longer than 256 bytes",
        ),
        (
            "level",
            "a\0b",
            "holds a NUL character",
            "must not hold a NUL character",
        ),
        (
            "level",
            "\ud800",
            "not readable as UTF-8 text",
            "must be text that UTF-8 can write",
        ),
        ("heat", "boiling", "none of cold, hot", "must be one of cold, hot"),
        ("flag", "yes", "neither Yes nor No", "must be Yes or No"),
        ("flag", True, "not text", "must be text"),
        (
            "level",
            {"nested": 1},
            "not a single value",
            "must be a single value",
        ),
        ("number", [1], "not a single value", "must be a single value"),
    ],
)
def test_a_cell_that_breaks_a_rule_says_which_one_and_what_it_must_be(
    name, value, problem, demand
):
    with pytest.raises(CellError) as error:
        read_cell(RULES[name], value)
    assert (error.value.problem, error.value.demand, str(error.value)) == (
        problem,
        demand,
        demand,
    )


def test_a_whole_number_that_python_cannot_write_is_no_text():
    with pytest.raises(CellError, match="must not be longer than 1024 bytes"):
        read_cell(RULES["text"], 10**5000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(value=json_values)
def test_every_value_is_typed_missing_or_refused_and_a_typed_one_is_read_again_as_itself(
    value,
):
    for rule in RULES.values():
        try:
            typed = read_cell(rule, value)
        except CellError:
            continue
        assert read_cell(rule, typed) == typed


@given(
    number=st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**60), 2**60)
)
def test_a_number_and_its_text_are_read_alike(number):
    def outcome(value):
        try:
            return read_cell(RULES["number"], value)
        except CellError as error:
            return str(error)

    if abs(number) != LARGEST + 1:  # its text is read as 2**53
        assert outcome(str(number)) == outcome(number)


def test_the_contract_gives_every_column_a_rule_and_its_json_the_same_one():
    contract = load_contract("x_education")
    rules = cell_rules(contract)
    content = json.loads(contract.model_dump_json())
    assert tuple(rules) == contract.fields
    for column in content["columns"]:
        assert (
            cell_rule(column, frozenset(content["null_tokens"]))
            == rules[column["field"]]
        )
    assert rules[contract.label].maximum == 1


def test_a_type_that_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="'colour' is not a type of column"):
        cell_rule({"type": "colour"}, NULL_TOKENS)


@pytest.mark.parametrize("module", [cells, moments, text, written])
def test_the_rules_run_on_glue_5_with_nothing_but_the_standard_library(module):
    tree = ast.parse(
        Path(module.__file__).read_text(encoding="utf-8"),
        feature_version=(3, 11),
    )
    at_run_time = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    modules = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in at_run_time
    }
    modules -= {
        "include.contract.moments",
        "include.contract.text",
        "include.contract.written",
    }
    assert {module.split(".")[0] for module in modules if module} <= set(
        sys.stdlib_module_names
    )
