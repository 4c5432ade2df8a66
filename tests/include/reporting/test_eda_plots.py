"""The pictures of the EDA report."""

import pytest

from include.reporting.eda_plots import draw_all
from include.reporting.eda_tables import profile


def test_every_feature_has_a_picture_and_the_strongest_comes_first(
    contract, accounts
):
    names = list(draw_all(profile(accounts, contract)))
    assert names[:4] == ["balance", "missing", "indicators", "correlation"]
    assert names[4] == "conversion-opinion"
    assert set(names[4:]) == {
        "conversion-opinion", "conversion-fit", "conversion-channel", "conversion-region", "conversion-newsletter",
        "distribution-visits", "distribution-minutes",
    }  # fmt: skip


def test_the_same_leads_give_the_same_small_pictures(contract, accounts):
    pictures = draw_all(profile(accounts, contract))
    assert pictures == draw_all(profile(accounts, contract))
    assert all(
        picture.startswith(b"\x89PNG") and len(picture) < 120_000
        for picture in pictures.values()
    )


def test_a_picture_that_would_be_empty_is_left_out(contract, accounts):
    features = {"visits": 1.0, "region": "north"}
    names = set(draw_all(profile(accounts.assign(**features), contract)))
    assert "missing" not in names
    assert "distribution-visits" in names


@pytest.mark.parametrize("outcome", [0, None])
def test_leads_without_both_outcomes_are_drawn_as_far_as_possible(
    contract, accounts, outcome
):
    names = set(draw_all(profile(accounts.assign(won=outcome), contract)))
    assert "indicators" not in names
    assert ("balance" in names) == (outcome is not None)


def test_a_column_without_any_value_and_one_with_many_levels_can_be_drawn(
    contract, accounts
):
    accounts["visits"] = None
    accounts["region"] = [
        f"a rather long name of region {number}" for number in range(600)
    ]
    names = set(draw_all(profile(accounts, contract)))
    assert "distribution-visits" not in names
    assert "conversion-region" in names
