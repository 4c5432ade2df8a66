"""Columns typed at once hold what `read_cell` says of each cell."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract.cells import CellError, CellRule, read_cell
from include.contract.text import clean_text
from include.glue.parts import columns
from include.glue.parts.columns import ColumnTyper

TOKENS = frozenset({"", "Select", "7", "n/a"})
RULES = {
    "string": CellRule("string", TOKENS, text_bytes=12),
    "category": CellRule("category", TOKENS, text_bytes=8),
    "ordinal": CellRule(
        "ordinal", TOKENS, levels=("cold", "hot"), text_bytes=8
    ),
    "yes_no": CellRule("yes_no", TOKENS, levels=("Yes", "No"), text_bytes=3),
    "integer": CellRule("integer", TOKENS),
    "bounded integer": CellRule("integer", TOKENS, minimum=0, maximum=100),
    "number": CellRule("number", TOKENS),
    "bounded number": CellRule("number", TOKENS, minimum=0.1, maximum=9.5),
    "moment": CellRule("string", TOKENS, text_bytes=40, moment=True),
}

digits = st.from_regex(
    r"[+-]?[0-9]{0,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
spaces = st.text(" \t\u00a0\u200b\ufeff\x0b\x85", max_size=2)
words = st.sampled_from(
    [
        *TOKENS,
        "Web",
        "hot",
        "Yes",
        "nan",
        "inf",
        "2026-01-31",
        "1_0",
        "٣",
        "é" * 7,
    ]
)
texts = st.one_of(
    digits,
    words,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=14),
    st.builds(lambda a, b, c: a + b + c, spaces, digits | words, spaces),
)


def expected(rule: CellRule, text: str):
    """Value, whether the text breaks the rule, and what it says for missing."""
    try:
        value = read_cell(rule, text)
    except CellError:
        return None, True, None
    token = clean_text(text) if value is None else None
    return value, False, token or None


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("many", [1, 10_000], ids=["by Arrow", "one by one"])
@given(cells=st.lists(texts, min_size=1, max_size=30))
def test_a_column_holds_what_read_cell_says_of_each_cell(name, many, cells):
    rule = RULES[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "MANY_TEXTS", many)
        column = pa.array(cells, pa.string()).dictionary_encode()
        typed = ColumnTyper(rule).type_cells(column)
    broken = (
        [False] * len(cells)
        if typed.broken_cells is None
        else typed.broken_cells.tolist()
    )
    codes = column.indices.to_pylist()
    found = [
        (value, flag, typed.null_tokens.get(code))
        for value, flag, code in zip(
            typed.values.to_pylist(), broken, codes, strict=True
        )
    ]
    assert [repr(one) for one in found] == [
        repr(expected(rule, text)) for text in cells
    ]


def test_a_text_seen_in_one_block_has_the_same_value_in_the_next():
    typer = ColumnTyper(RULES["integer"])
    for _ in range(2):
        column = pa.array([" 3.0", "x", "7"]).dictionary_encode()
        typed = typer.type_cells(column)
        assert typed.values.to_pylist() == [3, None, None]
        assert typed.broken_cells.tolist() == [False, True, False]
        assert typed.null_tokens == {2: "7"}
