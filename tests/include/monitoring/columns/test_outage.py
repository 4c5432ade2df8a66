from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from include.monitoring.columns.frames import monitored_columns
from include.monitoring.columns.outage import (
    find_outages,
    new_levels,
    row_collapse,
    vanished_share,
)
from include.monitoring.columns.tally import Tally


@pytest.fixture
def outages(contract, accounts):
    """Outages between `accounts` and a frame, as {column: kind}."""

    def find(current, reference=accounts):
        columns = monitored_columns(reference, contract)
        return {
            outage.column: outage.kind
            for outage in find_outages(
                reference, current, columns, missing_jump=0.5
            )
        }

    return find


def blank(frame, column, share):
    rows = frame.index < share * len(frame)
    return frame.assign(**{column: frame[column].mask(rows)})


def test_the_same_population_has_no_outage(outages, accounts_of):
    assert outages(accounts_of(400, seed=5)) == {}


@pytest.mark.parametrize("column", ["minutes", "fit"])
def test_a_column_that_goes_missing_is_an_outage(outages, accounts, column):
    assert outages(blank(accounts, column, 0.97)) == {column: "missing"}


def test_a_rise_below_the_jump_is_not_an_outage(outages, accounts):
    assert outages(blank(accounts, "minutes", 0.49)) == {}


def test_a_rise_of_exactly_the_jump_is_an_outage(outages, accounts):
    assert outages(blank(accounts, "minutes", 0.5)) == {"minutes": "missing"}


def test_a_repaired_feed_is_not_an_outage(outages, accounts):
    assert outages(accounts, reference=blank(accounts, "minutes", 0.97)) == {}


def test_the_rest_of_a_half_missing_column_vanishing_is_an_outage(
    outages, accounts
):
    reference = blank(accounts, "minutes", 0.6)
    assert outages(accounts.assign(minutes=np.nan), reference) == {
        "minutes": "all_missing"
    }


def test_a_column_that_shows_one_value_only_is_an_outage(outages, accounts):
    assert outages(accounts.assign(channel="web")) == {"channel": "constant"}


def test_a_switch_that_almost_nobody_uses_may_be_constant_for_a_while(
    outages, accounts
):
    reference = accounts.copy()
    reference.loc[:2, "constant"] = "Yes"
    assert outages(accounts, reference) == {}


def test_a_changed_distribution_is_drift_and_not_an_outage(outages, accounts):
    changed = accounts.assign(
        minutes=accounts["minutes"] * 10,
        channel=accounts["channel"].where(accounts.index > 300, "new"),
    )
    assert outages(changed) == {}


def test_numbers_that_are_all_infinite_are_missing(outages, accounts):
    assert outages(accounts.assign(minutes=np.inf)) == {"minutes": "missing"}


def test_a_column_in_another_spelling_is_no_outage(outages, accounts):
    assert (
        outages(accounts.assign(channel=accounts["channel"].str.upper())) == {}
    )


def test_levels_that_held_half_of_the_cells_and_are_replaced_are_an_outage(
    outages, accounts
):
    renamed = accounts["channel"].replace(
        {"web": "www", "mail": "post", "fair": "expo"}
    )
    assert outages(accounts.assign(channel=renamed)) == {
        "channel": "levels_vanished"
    }


def test_a_new_channel_for_a_third_of_the_leads_is_drift_and_not_an_outage(
    outages, accounts
):
    assert (
        outages(
            accounts.assign(
                channel=accounts["channel"].mask(
                    accounts.index % 3 == 0, "partner"
                )
            )
        )
        == {}
    )


def test_one_of_four_channels_being_closed_is_drift_and_not_an_outage(
    outages, accounts
):
    assert (
        outages(
            accounts.assign(
                channel=accounts["channel"].replace({"fair": "web"})
            )
        )
        == {}
    )


def test_few_filled_cells_do_not_prove_that_a_level_has_vanished(
    outages, accounts
):
    reference = blank(accounts, "channel", 0.99)
    assert (
        outages(
            accounts.assign(
                channel=accounts["channel"]
                .str.upper()
                .where(accounts.index < 5)
            ),
            reference,
        )
        == {}
    )


def levels(names):
    return Tally(pd.Series(names, dtype=object)).counts


def test_a_column_of_names_that_never_come_back_has_no_levels_to_vanish():
    assert (
        vanished_share(
            levels([f"a{n}" for n in range(1000)]),
            levels([f"b{n}" for n in range(500)]),
        )
        == 0
    )


def test_many_rare_levels_are_gone_when_not_one_of_them_is_left():
    before, now = (
        [f"a{n % 300}" for n in range(3000)],
        [f"b{n % 300}" for n in range(300)],
    )
    assert vanished_share(levels(before), levels(now)) == 1
    assert vanished_share(levels(before), levels([*now, "a1"])) == 0


def test_resamples_of_one_population_of_rare_levels_are_no_outage():
    random = np.random.default_rng(0)
    names, shares = (
        np.array([f"l{n}" for n in range(2000)]),
        1 / np.arange(1, 2001),
    )
    draws = [
        levels(random.choice(names, 500, p=shares / shares.sum()))
        for _ in range(50)
    ]
    assert (
        max(vanished_share(before, now) for before, now in pairwise(draws))
        < 0.05
    )


def test_new_levels_come_with_their_rows_the_most_frequent_first():
    before, now = (
        levels(["web", "mail", None]),
        levels(["web", "b", "a", "b", None]),
    )
    assert new_levels(before, now) == {"b": 2, "a": 1}


@pytest.mark.parametrize(
    ("rows", "collapsed"),
    [(0, True), (100, True), (101, False), (500, False), (5000, False)],
)
def test_a_window_with_a_fifth_of_its_leads_or_less_has_collapsed(
    rows, collapsed
):
    assert (row_collapse(rows, 500.0, 0.2) is not None) == collapsed


def test_no_leads_where_few_are_expected_may_be_chance():
    assert row_collapse(0, 10.0, 0.2) is None
    assert row_collapse(0, 20.0, 0.2) is not None


def test_a_collapse_tells_what_came_and_what_was_expected():
    found = row_collapse(3, 512.4, 0.2)
    assert (found.column, found.detail) == (
        "(rows)",
        "3 leads arrived where 512 were to be expected",
    )


def test_an_empty_window_says_nothing_about_single_columns(outages, accounts):
    assert outages(accounts.iloc[:0]) == {}


def test_the_detail_gives_both_shares_and_no_cell_value(contract, accounts):
    current = blank(accounts, "channel", 0.97)
    (outage,) = find_outages(
        accounts,
        current,
        monitored_columns(accounts, contract),
        missing_jump=0.5,
    )
    assert outage.detail == "missing in 97% of rows, 0% in the reference"
