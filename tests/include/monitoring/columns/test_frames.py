import numpy as np
import pytest

from include.monitoring.columns.config import drift_config
from include.monitoring.columns.frames import (
    columns_of_both,
    comparable_columns,
    compare_frames,
    monitored_columns,
)
from include.monitoring.errors import NotNumbersError


def fields(columns):
    return {column.field for column in columns}


def compare(reference, current, contract):
    return compare_frames(
        reference,
        current,
        monitored_columns(reference, contract),
        drift_config().missing,
    )


def test_key_label_clock_and_free_text_are_not_compared(contract):
    assert fields(comparable_columns(contract)) == {
        "visits", "minutes", "channel", "region", "constant", "newsletter", "fit", "opinion"
    }  # fmt: skip


def test_a_column_that_is_constant_on_both_sides_is_not_compared(
    contract, accounts
):
    assert "constant" not in fields(monitored_columns(accounts, contract))
    columns = monitored_columns(accounts, contract, accounts)
    assert "constant" not in fields(columns)


@pytest.mark.parametrize("value", ["Yes", None])
@pytest.mark.parametrize("rows", [1, 600])
def test_a_constant_that_holds_another_value_now_is_compared(
    contract, accounts, value, rows
):
    current = accounts.assign(
        constant=accounts["constant"].mask(accounts.index < rows, value)
    )
    columns = monitored_columns(accounts, contract, current)
    assert "constant" in fields(columns)


def test_a_near_constant_column_is_monitored_once_its_reference_varies(
    contract, accounts
):
    accounts.loc[0, "constant"] = "Yes"
    assert "constant" in fields(monitored_columns(accounts, contract))


def test_missing_counts_as_a_value_that_makes_a_column_vary(contract, accounts):
    accounts["region"] = accounts["region"].where(
        accounts["region"].isna(), "north"
    )
    assert "region" in fields(monitored_columns(accounts, contract))


def test_a_missing_category_becomes_a_level(contract, accounts):
    comparison = compare(accounts, accounts, contract)
    assert set(comparison.current["region"]) == {"north", "south", "(missing)"}


def test_angle_brackets_in_a_level_are_shown_by_letters_that_are_no_markup(
    contract, accounts
):
    accounts.loc[:99, "region"] = "</script><script>"
    accounts.loc[100:199, "region"] = "a > b"
    levels = compare(accounts, accounts, contract).current["region"]
    assert set(levels[:100]) == {"‹/script›‹script›"}
    assert set(levels[100:200]) == {"a › b"}
    untouched = accounts["region"][200:].dropna()
    assert levels[untouched.index].tolist() == untouched.tolist()


def test_a_mostly_missing_number_is_filled_on_both_sides(contract, accounts):
    current = accounts.assign(visits=np.nan)
    comparison = compare(accounts, current, contract)
    visits = comparison.reference["visits"]
    (filled,) = comparison.current["visits"].unique()
    assert filled == visits.min()
    assert (visits == filled).sum() == accounts["visits"].isna().sum()


def test_a_number_missing_here_and_there_stays_missing(contract, accounts):
    comparison = compare(accounts, accounts, contract)
    assert (
        comparison.current["visits"].isna().sum()
        == accounts["visits"].isna().sum()
        > 0
    )


def test_an_infinite_number_counts_as_missing(contract, accounts):
    current = accounts.assign(
        minutes=accounts["minutes"].where(accounts.index > 0, np.inf)
    )
    assert np.isnan(
        compare(accounts, current, contract).current["minutes"].iloc[0]
    )


def test_text_in_a_column_of_numbers_is_an_error_that_names_it(
    contract, accounts
):
    with pytest.raises(
        NotNumbersError, match="column minutes should hold numbers"
    ):
        compare(accounts, accounts.assign(minutes="soon"), contract)


def test_a_column_that_is_missing_on_both_sides_is_not_monitored(
    contract, accounts
):
    empty = accounts.assign(visits=np.nan, region=None)
    assert not {"visits", "region"} & fields(monitored_columns(empty, contract))
    assert "visits" not in compare(empty, empty, contract).numeric


def test_the_frames_that_came_in_are_left_as_they_were(contract, accounts):
    before = accounts.copy()
    compare(accounts, accounts.assign(visits=np.nan), contract)
    assert accounts.equals(before)


@pytest.mark.parametrize("side", ["reference", "current window"])
def test_a_column_that_one_side_lacks_cannot_be_compared(
    contract, accounts, side
):
    without = accounts.drop(columns="minutes")
    pair = (without, accounts) if side == "reference" else (accounts, without)
    with pytest.raises(KeyError, match="minutes"):
        compare_frames(
            *pair, [contract.column("minutes")], drift_config().missing
        )
    assert "minutes" not in fields(columns_of_both(*pair, contract.columns))
