"""Scored rows as text that a spreadsheet may open."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract import Contract
from include.scoring.score_row import FIELDS
from include.scoring.scored_csv import (
    FORMULA,
    NUMBER,
    added_columns,
    harmless,
    write_scored,
)

SCORES = {
    "account": ["a", "b"], "score": [10, 90], "probability": [0.1, 0.9], "prediction": [0, 1], "tier": ["D", "A"],
    "stage": ["capture", "contact"], "model_version": ["3", "7"],
    "reasons": [None, [{"text": "=x raises the score"}, {"text": "y"}]],
}  # fmt: skip


@pytest.fixture
def with_columns(contract):
    """The test contract with two of its columns called otherwise."""

    def make(**renamed: str) -> Contract:
        columns = [
            column.model_copy(
                update={"field": renamed.get(column.field, column.field)}
            )
            for column in contract.columns
        ]
        return contract.model_copy(update={"columns": tuple(columns)})

    return make


def written(header, rows, contract, reasons=3):
    text = io.StringIO(newline="")
    write_scored(contract, text, header, [(rows, SCORES)], reasons)
    return text.getvalue()


def test_each_row_has_its_own_cells_and_then_those_of_its_score(contract):
    found = list(
        csv.DictReader(
            io.StringIO(
                written(["account", "note"], [["a", "n"], ["b", "m"]], contract)
            )
        )
    )
    assert found[1] == {
        "account": "b", "note": "m", "score": "90", "probability": "0.9", "prediction": "1", "tier": "A",
        "stage": "contact", "model_version": "7", "reasons": "'=x raises the score; y",
    }  # fmt: skip
    assert found[0]["reasons"] == ""


def test_a_column_of_the_contract_that_is_called_as_one_of_a_score_is_kept_and_the_scores_is_renamed(
    with_columns,
):
    contract = with_columns(visits="score", region="stage")
    assert added_columns(contract, 3) == {name: name for name in FIELDS} | {
        "score": "scored_score",
        "stage": "scored_stage",
    }
    (first, _) = csv.DictReader(
        io.StringIO(
            written(["score", "tier"], [["4", "old"], ["5", "old"]], contract)
        )
    )
    assert (first["score"], first["scored_score"], first["tier"]) == (
        "4",
        "10",
        "D",
    )


def test_a_semicolon_begins_no_cell_where_a_spreadsheet_separates_by_semicolons(
    contract,
):
    text = written(["account"], [["a;=1+1"], ["b;@x"]], contract)
    cells = [
        cell
        for row in csv.reader(io.StringIO(text), delimiter=";")
        for cell in row
    ]
    assert [cell for cell in cells if cell.lstrip()[:1] in FORMULA] == []


@given(st.text())
def test_no_cell_is_left_that_a_spreadsheet_might_run(text):
    cell = harmless(text)
    assert cell in (text, f"'{text}")
    assert (
        cell.strip(" ")[:1] not in FORMULA
        or cell == ""
        or NUMBER.fullmatch(cell.strip())
    )


@pytest.mark.parametrize("number", ["-5", "+3.5", "-1e-05", "-.5", "12"])
def test_numbers_stay_as_they_are(number):
    assert harmless(number) == number
