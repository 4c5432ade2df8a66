"""The scored CSV that a spreadsheet may open."""

import base64
import csv
import io

import pytest

from include.api.desk.export import as_link, scored_csv


@pytest.fixture
def scores():
    texts = [
        [{"text": "a"}, {"text": "b"}],
        None,
        [{"text": "=x raises the score"}],
    ]
    return {
        "account": ["low", "high", "mid"], "score": [10, 90, 50], "probability": [0.1, 0.9, 0.5],
        "prediction": [0, 1, 1], "tier": ["D", "A", "B"], "stage": ["capture"] * 3, "model_version": ["3"] * 3,
        "reasons": texts,
    }  # fmt: skip


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_best_lead_comes_first_with_its_own_cells_scores_and_reasons(
    scores, contract
):
    leads = [[name, name.upper()] for name in scores["account"]]
    rows = read(scored_csv(["Account", "x"], leads, scores, contract))
    assert [row["x"] for row in rows] == ["HIGH", "MID", "LOW"]
    assert rows[2] | {"probability": ""} == {
        "Account": "low", "x": "LOW", "score": "10", "probability": "", "prediction": "0", "tier": "D",
        "stage": "capture", "model_version": "3", "reasons": "a; b",
    }  # fmt: skip
    assert [row["reasons"] for row in rows] == [
        "",
        "'=x raises the score",
        "a; b",
    ]


def test_formulas_in_cells_and_headers_are_neutralised(scores, contract):
    leads = [["=EVIL()", "-5"]] * 3
    text = scored_csv(["=HEAD()", "n"], leads, scores, contract)
    assert [(row["'=HEAD()"], row["n"]) for row in read(text)] == [
        ("'=EVIL()", "-5")
    ] * 3


def test_scores_of_an_earlier_time_are_replaced(scores, contract):
    rows = read(
        scored_csv(
            ["account", "score", "reasons"],
            [["a", "1", "old"]] * 3,
            scores,
            contract,
        )
    )
    assert [row["score"] for row in rows] == ["90", "50", "10"]
    assert "old" not in {row["reasons"] for row in rows}


def test_a_link_holds_the_whole_text():
    kind, _, content = as_link("a,b\r\n≥,ü\r\n").partition("base64,")
    assert kind == "data:text/csv;charset=utf-8;"
    assert base64.b64decode(content).decode() == "a,b\r\n≥,ü\r\n"
