import numpy as np
import pytest

from include.monitoring.frames import monitored_columns
from include.monitoring.outage import find_outages, row_collapse


@pytest.fixture
def outages(contract, accounts):
    """Outages between `accounts` and a frame, as {column: kind}."""

    def find(current, reference=accounts):
        columns = monitored_columns(reference, contract)
        return {outage.column: outage.kind for outage in find_outages(reference, current, columns, missing_jump=0.5)}

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


def test_the_rest_of_a_half_missing_column_vanishing_is_an_outage(outages, accounts):
    reference = blank(accounts, "minutes", 0.6)
    assert outages(accounts.assign(minutes=np.nan), reference) == {"minutes": "all_missing"}


def test_a_column_that_shows_one_value_only_is_an_outage(outages, accounts):
    assert outages(accounts.assign(channel="web")) == {"channel": "constant"}


def test_a_switch_that_almost_nobody_uses_may_be_constant_for_a_while(outages, accounts):
    reference = accounts.copy()
    reference.loc[:2, "constant"] = "Yes"
    assert outages(accounts, reference) == {}


def test_a_changed_distribution_is_drift_and_not_an_outage(outages, accounts):
    changed = accounts.assign(
        minutes=accounts["minutes"] * 10, channel=accounts["channel"].where(accounts.index > 300, "new")
    )
    assert outages(changed) == {}


def test_an_empty_window_says_nothing_about_single_columns(outages, accounts):
    assert outages(accounts.iloc[:0]) == {}


def test_the_detail_gives_both_shares_and_no_cell_value(contract, accounts):
    current = blank(accounts, "channel", 0.97)
    (outage,) = find_outages(accounts, current, monitored_columns(accounts, contract), missing_jump=0.5)
    assert outage.detail == "missing in 97% of rows, 0% in the reference"


@pytest.mark.parametrize(("rows", "collapsed"), [(0, True), (100, True), (101, False), (500, False), (5000, False)])
def test_a_window_with_a_fifth_of_its_leads_or_less_is_an_outage(rows, collapsed):
    assert (row_collapse(rows, 500.0, 0.2) is not None) == collapsed


def test_a_collapse_tells_what_came_and_what_was_expected():
    found = row_collapse(3, 512.4, 0.2)
    assert (found.column, found.detail) == ("(rows)", "3 leads arrived where 512 were to be expected")
