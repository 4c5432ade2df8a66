"""Sentences of a column: which one a value has, and how numbers are written."""

import math

import numpy as np
import pandas as pd
import pytest

from include.contract.derived.sentences import sentence_of

VISITS = {
    "value": "{value} visits",
    "one": "one visit",
    "zero": "no visit",
    "missing": "no visit is known",
}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3 visits"),
        (2.5, "2.5 visits"),
        (1.0, "one visit"),
        (np.int64(1), "one visit"),
        (0, "no visit"),
        (None, "no visit is known"),
        (math.nan, "no visit is known"),
        (pd.NA, "no visit is known"),
    ],
)
def test_a_value_has_its_sentence(value, text):
    assert sentence_of(VISITS, value, "Visits") == text


def test_one_sentence_is_enough():
    rate = {"value": "{value:.0%} of them bought"}
    assert sentence_of(rate, 0, "Rate") == "0% of them bought"
    assert sentence_of(rate, 0.256, "Rate") == "26% of them bought"
    assert sentence_of(rate, None, "Rate {x}") == "Rate {x}: unknown"


def test_text_stands_as_it_is():
    assert sentence_of({"value": "by {value}"}, "{x}", "Channel") == "by {x}"
