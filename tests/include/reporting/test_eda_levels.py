"""Levels, their conversion rates, and how well they rank alone."""

import numpy as np
import pandas as pd
import pytest

from include.reporting.eda_levels import (
    MISSING,
    auc_alone,
    level_rates,
    levels_of,
)


def levels(contract, field, values):
    return levels_of(
        pd.Series(values, dtype=None), contract.column(field)
    ).tolist()


def test_categories_ordinals_and_flags_are_called_by_their_names(contract):
    assert levels(contract, "channel", ["web", None]) == ["web", MISSING]
    assert levels(contract, "fit", [0.0, 2.0, np.nan]) == [
        "low",
        "high",
        MISSING,
    ]
    assert levels(contract, "newsletter", [0.0, 1.0, np.nan]) == [
        "No",
        "Yes",
        MISSING,
    ]


def test_a_number_falls_into_tenths_of_the_leads(contract):
    found = pd.Series(levels(contract, "minutes", list(range(1000))))
    assert found.value_counts().tolist() == [100] * 10
    assert found.iloc[0] == "0 to 99"


def test_a_number_that_a_tenth_of_the_leads_share_is_a_range_of_its_own(
    contract,
):
    found = levels(
        contract,
        "visits",
        [0.0] * 45 + [float(number) for number in range(1, 56)],
    )
    assert found.count("0") == 45


@pytest.mark.parametrize(
    ("values", "expected"), [([np.nan] * 3, MISSING), ([4.0] * 3, "4")]
)
def test_a_number_that_never_varies_is_one_level(contract, values, expected):
    assert levels(contract, "visits", values) == [expected] * 3


def test_rates_come_with_leads_shares_and_intervals_most_frequent_first():
    table = level_rates(
        {"origin": pd.Series(["a"] * 10 + ["b"] * 30)},
        pd.Series([1] * 10 + [0, 1, 1] * 10),
    )
    assert table["level"].tolist() == ["b", "a"]
    assert table["share"].tolist() == [0.75, 0.25]
    assert table["rate"].tolist() == pytest.approx([2 / 3, 1.0])
    # Wilson's interval for 10 of 10, and one that holds the rate
    assert table["low"].iloc[1] == pytest.approx(0.7225, abs=1e-3)
    assert table["low"].iloc[0] < 2 / 3 < table["high"].iloc[0]


def test_a_level_that_decides_ranks_perfectly_and_noise_does_not_rank():
    outcome = pd.Series(np.tile([0, 1], 200))
    noise = pd.Series(np.random.default_rng(0).choice(["x", "y", "z"], 400))
    strength = auc_alone({"sure": outcome.astype(str), "noise": noise}, outcome)
    assert strength["sure"] == 1.0
    assert strength["noise"] == pytest.approx(0.5, abs=0.07)


def test_a_level_of_its_own_for_every_lead_says_nothing():
    outcome = pd.Series(np.tile([0, 1], 100))
    assert auc_alone({"key": pd.Series(map(str, range(200)))}, outcome)[
        "key"
    ] == pytest.approx(0.5, abs=0.01)


def test_too_few_leads_of_an_outcome_have_no_auc():
    assert np.isnan(
        auc_alone({"a": pd.Series(["x"] * 10)}, pd.Series([0] * 6 + [1] * 4))[
            "a"
        ]
    )
