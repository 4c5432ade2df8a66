"""The split that never moves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract import KnownAt
from include.training.data.splits import (
    CROWD,
    assign_split,
    feature_groups,
    twin_groups,
)


def few_values(numbers: list[int]) -> pd.DataFrame:
    """One lead per number, in order of arrival, with many identical feature rows among them."""
    return pd.DataFrame(
        {
            "account": [f"k{place}" for place in range(len(numbers))],
            "number": range(len(numbers)),
            "visits": numbers,
        }
    )


def test_the_shares_are_a_fifth_and_a_fifth_of_the_rest(contract, accounts_of):
    shares = assign_split(accounts_of(8000), contract).value_counts(
        normalize=True
    )
    assert shares["holdout"] == pytest.approx(0.20, abs=0.02)
    assert shares["validation"] == pytest.approx(0.16, abs=0.02)
    assert shares["train"] == pytest.approx(0.64, abs=0.02)


def test_the_newest_fifth_is_held_out_and_the_others_are_drawn(
    contract, accounts_of
):
    frame = accounts_of(8000).sample(frac=1, random_state=0)
    sides = assign_split(frame, contract, held_out="newest")
    assert sorted(frame.loc[sides == "holdout", "number"]) == list(
        range(6401, 8001)
    )
    shares = sides[sides != "holdout"].value_counts(normalize=True)
    assert shares["validation"] == pytest.approx(0.20, abs=0.02)
    assert shares["train"] == pytest.approx(0.80, abs=0.02)


def test_a_moment_is_held_out_as_a_whole_and_leads_without_one_never(
    contract, accounts_of
):
    frame = accounts_of(1000)
    months = (frame["number"] // 150).astype(float).mask(frame.index % 7 == 0)
    sides = assign_split(
        frame.assign(number=months), contract, held_out="newest"
    )
    assert set(months[sides == "holdout"]) == {5.0, 6.0}
    assert (sides[months.isin([5, 6])] == "holdout").all()


def test_the_split_is_the_same_in_every_process(contract):
    keys = pd.DataFrame(
        {"account": list("abcde"), "number": range(5), "visits": range(5)}
    )
    assert assign_split(keys, contract).tolist() == [
        "train",
        "train",
        "holdout",
        "train",
        "validation",
    ]


def test_identical_feature_rows_stay_on_one_side(contract, accounts_of):
    frame = accounts_of(500)
    twins = pd.concat(
        [
            frame,
            frame.assign(
                account="t" + frame["account"], number=frame["number"] + 1000
            ),
        ]
    )
    split = assign_split(twins.reset_index(drop=True), contract)
    assert (split[:500].to_numpy() == split[500:].to_numpy()).all()


def test_the_oldest_twin_decides(contract):
    for key in map(str, range(30)):
        alone = pd.DataFrame({"account": [key], "number": [1], "visits": [5]})
        younger = pd.DataFrame(
            {"account": [f"y{key}"], "number": [2], "visits": [5]}
        )
        both = assign_split(
            pd.concat([younger, alone], ignore_index=True), contract
        )
        assert both.unique().tolist() == assign_split(alone, contract).tolist()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 39))
def test_newer_leads_never_move_an_older_one(contract, numbers, cut):
    frame = few_values(numbers)
    early = assign_split(frame.head(cut), contract)
    assert assign_split(frame, contract).head(cut).tolist() == early.tolist()


@given(
    st.lists(st.integers(0, 5), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_does_not_matter(contract, numbers, random):
    frame = few_values(numbers)
    shuffled = frame.sample(frac=1, random_state=random.randrange(1000))
    pd.testing.assert_series_equal(
        assign_split(shuffled, contract).sort_index(),
        assign_split(frame, contract),
    )


def test_groups_do_not_depend_on_how_a_value_is_written(contract, accounts):
    as_text = accounts.astype(object).where(accounts.notna(), "n/a").map(str)
    assert (
        feature_groups(as_text, contract) == feature_groups(accounts, contract)
    ).all()


def test_key_label_clock_and_remarks_do_not_separate_twins(contract, accounts):
    other = accounts.assign(account="x", number=0, won=np.nan, remark="else")
    assert (
        feature_groups(other, contract) == feature_groups(accounts, contract)
    ).all()


def test_an_earlier_stage_sees_more_twins(contract, accounts):
    other = accounts.assign(opinion="never heard")
    assert (
        feature_groups(other, contract, KnownAt.CAPTURE)
        == feature_groups(accounts, contract, KnownAt.CAPTURE)
    ).all()
    assert (
        feature_groups(other, contract) != feature_groups(accounts, contract)
    ).all()


def test_a_crowd_of_identical_rows_is_spread_over_the_sides_from_its_201st_lead_on(
    contract,
):
    split = assign_split(few_values([7] * 5000), contract)
    assert split.head(CROWD).nunique() == 1
    assert (split.iloc[CROWD:] == "holdout").mean() == pytest.approx(
        0.2, abs=0.02
    )


def test_twins_share_a_group_up_to_a_crowd(contract):
    groups = twin_groups(few_values([7] * (CROWD + 3) + [8, 8]), contract)
    assert groups.head(CROWD).nunique() == 1
    assert groups.nunique() == 1 + 3 + 1
