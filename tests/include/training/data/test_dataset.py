"""A snapshot made ready for training, or refused."""

import numpy as np
import pandas as pd
import pytest

from include.contract import KnownAt
from include.evaluation.errors import OneClassOnlyError
from include.training.data.dataset import can_learn, make_dataset
from include.training.errors import NotEnoughRowsError


def test_open_leads_are_left_out(contract, accounts):
    accounts.loc[:99, "won"] = np.nan
    data = make_dataset(accounts, contract, KnownAt.CONTACT, {})
    assert len(data.frame) == len(data.target) == len(accounts) - 100
    assert set(data.target) == {0, 1}


def test_the_parts_are_disjoint_and_complete(contract, accounts):
    data = make_dataset(accounts, contract, KnownAt.CONTACT, {})
    parts = [
        set(data.part(side)[0]["account"])
        for side in ("train", "validation", "holdout")
    ]
    assert set.union(*parts) == set(accounts["account"])
    assert sum(map(len, parts)) == len(accounts)


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_outcome_only_is_a_named_error(contract, accounts, outcome):
    with pytest.raises(
        OneClassOnlyError,
        match=f"600 labelled leads have the outcome {outcome}",
    ):
        make_dataset(
            accounts.assign(won=outcome), contract, KnownAt.CONTACT, {}
        )


@pytest.mark.parametrize("rows", [0, 2, 30])
def test_too_few_rows_are_a_named_error_that_counts_them(
    contract, accounts, rows
):
    few = accounts.head(rows).assign(won=[number % 2 for number in range(rows)])
    with pytest.raises(
        NotEnoughRowsError,
        match=f"{rows} labelled leads give . of the rarer outcome on the",
    ):
        make_dataset(few, contract, KnownAt.CONTACT, {})


def test_the_newest_leads_are_the_last_fifth_by_the_clock(contract, accounts):
    shuffled = accounts.sample(frac=1, random_state=0)
    data = make_dataset(shuffled, contract, KnownAt.CONTACT, {})
    newest = data.newest(0.2)
    assert newest.sum() == len(accounts) / 5
    assert (
        data.frame.loc[newest, "number"].min()
        > data.frame.loc[~newest, "number"].max()
    )


def test_ten_leads_of_the_rarer_outcome_are_needed_to_learn():
    enough, few = (pd.Series([1] * rarer + [0] * 90) for rarer in (10, 9))
    assert can_learn(enough, enough)
    assert not can_learn(enough, few)
