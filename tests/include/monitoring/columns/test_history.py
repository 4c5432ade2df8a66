"""A column is judged by its own history: what comes and goes, or stays for long, is no broken feed."""

import numpy as np
import pandas as pd
import pytest

from include.monitoring.columns.frames import monitored_columns
from include.monitoring.columns.outage import find_outages

ROWS = 600


@pytest.fixture
def kinds(contract, accounts):
    """Kinds of outage between two versions of a column, by field; `marks` are set in the contract."""

    def find(
        field, before, after, shuffled=False, without_moment=None, **marks
    ):
        columns = [
            column.model_copy(update=marks)
            for column in monitored_columns(accounts, contract)
            if column.field == field
        ]
        reference = accounts.assign(
            **{field: before, contract.clock: range(ROWS)}
        )
        if without_moment is not None:
            reference[contract.clock] = reference[contract.clock].mask(
                without_moment
            )
        if shuffled:
            reference = reference.sample(frac=1, random_state=0)
        current = accounts.head(len(after)).assign(**{field: after})
        outages = find_outages(reference, current, columns, 0.5, contract.clock)
        return [outage.kind for outage in outages]

    return find


def in_runs(levels, length):
    """Cells in which every level stays for so many rows, by turns."""
    cells = np.repeat(levels, length)
    return pd.Series(np.resize(cells, ROWS))


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_month_that_has_passed_is_no_outage(kinds, shuffled):
    before = in_runs(["May", "June", "July"], 200)
    for month in ("August", "July", "May"):
        assert kinds("channel", before, [month] * 200, shuffled) == []


def test_levels_that_come_and_go_within_the_window_and_are_gone_are_an_outage(
    kinds,
):
    before = in_runs(["May", "June", "July"], 2)
    assert kinds("channel", before, ["August"] * 400) == ["constant"]
    after = ["August", "September"] * 200
    assert kinds("channel", before, after) == ["levels_vanished"]


def test_leads_without_a_moment_are_no_stretch_of_the_history(kinds):
    before = in_runs(["May", "June", "July"], 2)
    july = ["July"] * 90
    # In the order of arrival, the half of July's leads that has no moment would stand last, as 100 in a row.
    unknown = (before == "July") & (before.index % 2 == 0)
    assert kinds("channel", before, july) == ["constant"]
    assert kinds("channel", before, july, without_moment=unknown) == [
        "constant"
    ]


def test_a_rate_that_changes_once_in_a_hundred_rows_may_stay_for_a_window(
    kinds,
):
    before = in_runs([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], 100)
    assert kinds("minutes", before, [1.5] * 200) == []
    assert kinds("minutes", before, [0.0] * 200) == []
    assert kinds("minutes", before, [np.nan] * 200) == ["missing"]


def test_a_number_that_changes_with_every_lead_and_stays_is_an_outage(kinds):
    before = np.arange(ROWS) * 1.0
    assert kinds("minutes", before, [0.0] * 200) == ["constant"]
    assert kinds("minutes", before, [0.0] * 200, slow=True) == []
    assert kinds("minutes", before, [0.0] * 200, seasonal=True) == []
    cut = [np.nan] * 200
    assert kinds("minutes", before, cut, slow=True) == ["missing"]


def test_a_seasonal_column_has_no_levels_to_vanish(kinds):
    before = in_runs(["a", "b", "c"], 1)
    after = ["d", "e"] * 200
    assert kinds("channel", before, after) == ["levels_vanished"]
    assert kinds("channel", before, after, seasonal=True) == []


def test_missing_cells_as_in_a_stretch_of_the_reference_are_no_outage(kinds):
    before = np.arange(ROWS) * 1.0
    before[100:350] = np.nan
    assert kinds("minutes", before, [np.nan] * 200) == []
    assert kinds("minutes", before, [np.nan] * 300) == ["missing"]
