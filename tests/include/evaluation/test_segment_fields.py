"""By what leads are compared: the contract's segments, or the categories known at capture."""

import pandas as pd
import pytest
import yaml

from include.contract import KnownAt, parse_contract
from include.evaluation.segment_fields import segments

CONTRACT = """
format: 2
contract: dated
key: id
clock: called_on
outcomes: [{name: converted, column: y}]
decisions: {protected: [age], segments: []}
columns:
  - {name: id, type: string}
  - {name: called_on, type: date}
  - {name: age, type: integer}
  - {name: channel, type: category, known_at: capture, groups: {Post: [Mail, Fax]}}
  - {name: visits, type: integer, known_at: capture}
  - {name: fit, type: ordinal, order: [low, high], known_at: engagement}
  - {name: opinion, type: category}
"""
ROWS = pd.DataFrame(
    {
        "age": [*range(1, 9), None],
        "channel": ["Mail", "Fax", "Ad", *["Mail"] * 6],
        "visits": range(9),
        "fit": ["low", "high", None, *["low"] * 6],
        "opinion": "hot",
    }
)


def compared(named: list[str] | None, stage: KnownAt) -> pd.DataFrame:
    """Return the segments of the rows by a contract that names some, or None."""
    content = yaml.safe_load(CONTRACT)
    content["decisions"]["segments"] = named
    return segments(ROWS, parse_contract(content, "a test"), stage)


@pytest.mark.parametrize("stage", [KnownAt.CAPTURE, KnownAt.CONTACT])
def test_without_names_they_are_the_categories_known_at_capture_and_protected_columns(
    stage,
):
    assert list(compared(None, stage).columns) == ["channel", "age"]


def test_a_protected_number_is_compared_in_bands():
    table = compared(None, KnownAt.CONTACT)
    assert table["age"].nunique() == 4
    assert table["age"].isna().sum() == 1


def test_named_segments_take_the_place_of_the_default_and_keep_protected_columns():
    table = compared(["fit", "visits"], KnownAt.CONTACT)
    assert set(table.columns) == {"fit", "visits", "age"}
    assert table["fit"].tolist()[:2] == ["low", "high"]
    assert table["visits"].nunique() == 4


def test_a_named_category_is_grouped_as_the_contract_says():
    table = compared(["channel"], KnownAt.CAPTURE)
    assert table["channel"].tolist()[:3] == ["Post", "Post", "Other"]


def test_a_segment_is_left_out_at_a_stage_at_which_it_is_not_known():
    named = ["opinion", "fit", "channel"]
    assert "fit" not in compared(named, KnownAt.CAPTURE)
    assert set(compared(named, KnownAt.ENGAGEMENT)) == {"fit", "channel", "age"}
    assert "opinion" in compared(named, KnownAt.CONTACT)


def test_an_empty_list_leaves_the_protected_columns():
    assert list(compared([], KnownAt.CONTACT).columns) == ["age"]


def test_a_protected_column_that_is_named_too_stands_there_once():
    assert list(compared(["age"], KnownAt.CAPTURE).columns) == ["age"]
