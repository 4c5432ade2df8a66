"""Raw rows of any dtype become typed columns."""

import numpy as np
import pandas as pd
import pytest

from include.contract import KnownAt
from include.features.cleaning import GroupedLevels, TypedColumns
from include.features.columns import FeatureColumn, feature_columns


@pytest.fixture
def columns(contract):
    return feature_columns(contract, KnownAt.CONTACT)


@pytest.fixture
def typed(contract, columns):
    return TypedColumns(columns, contract.null_tokens)


def test_numbers_given_as_text_are_the_same_numbers(typed, accounts):
    as_text = (
        accounts.astype(object)
        .where(accounts.notna(), None)
        .map(lambda cell: cell if cell is None else str(cell))
    )
    pd.testing.assert_frame_equal(
        typed.transform(as_text), typed.transform(accounts)
    )


@pytest.mark.parametrize("cell", ["", "n/a", "  n/a ", None, np.nan, pd.NA])
@pytest.mark.parametrize("field", ["minutes", "channel", "newsletter", "fit"])
def test_null_tokens_and_gaps_are_missing(typed, field, cell):
    assert (
        typed.transform(pd.DataFrame({field: [cell]}, dtype=object))[field]
        .isna()
        .all()
    )


@pytest.mark.parametrize(
    "cell",
    ["many", "inf", float("inf"), float("-inf"), "1_000", 2.0**54, str(2**54)],
)
def test_what_is_no_finite_number_is_missing(typed, cell):
    assert (
        typed.transform(pd.DataFrame({"minutes": [cell]}))["minutes"]
        .isna()
        .all()
    )


@pytest.mark.parametrize("number", [-1, 2.5, 2**31])
@pytest.mark.parametrize("written", [float, str])
def test_numbers_that_break_a_rule_of_their_column_are_missing_as_text_and_as_numbers(
    typed, number, written
):
    assert (
        typed.transform(pd.DataFrame({"visits": [written(number)]}))["visits"]
        .isna()
        .all()
    )


def test_text_that_no_warehouse_column_holds_is_missing(typed):
    assert (
        typed.transform(pd.DataFrame({"channel": ["w" * 257, "\0"]}))["channel"]
        .isna()
        .all()
    )


def test_columns_of_a_model_from_before_the_rules_are_typed_by_their_kind():
    before = TypedColumns(
        (
            FeatureColumn("fit", "ordinal", ("low", "high")),
            FeatureColumn("visits", "number"),
        )
    )
    frame = before.transform(
        pd.DataFrame({"fit": ["high", "odd"], "visits": ["2.5", "x"]})
    )
    assert frame["fit"].tolist()[0] == 1.0
    assert frame["visits"].tolist()[0] == 2.5
    assert frame.iloc[1].isna().all()


def test_ordinals_become_positions_and_flags_become_one_and_zero(typed):
    frame = typed.transform(
        pd.DataFrame(
            {"fit": ["high", "low", "odd"], "newsletter": ["Yes", "No", "yes"]}
        )
    )
    assert frame["fit"].tolist()[:2] == [2.0, 0.0]
    assert frame["newsletter"].tolist()[:2] == [1.0, 0.0]
    assert frame[["fit", "newsletter"]].iloc[2].isna().all()


def test_levels_are_trimmed(typed):
    assert typed.transform(pd.DataFrame({"channel": [" web "]}))[
        "channel"
    ].tolist() == ["web"]


def test_absent_columns_are_all_missing_and_extra_ones_are_ignored(
    typed, columns
):
    frame = typed.transform(pd.DataFrame({"minutes": [1], "surprise": ["x"]}))
    assert list(frame) == [column.field for column in columns]
    assert frame.drop(columns="minutes").isna().all().all()


def test_the_input_is_left_as_it_was(typed, columns, accounts):
    before = accounts.copy()
    GroupedLevels(columns).fit_transform(typed.fit_transform(accounts))
    pd.testing.assert_frame_equal(accounts, before)


def test_levels_become_groups_unmapped_ones_other_and_gaps_stay(columns, typed):
    frame = typed.transform(
        pd.DataFrame({"channel": ["web", "fair", "pigeon", None]})
    )
    assert GroupedLevels(columns).transform(frame)["channel"].tolist() == [
        "Online",
        "Person",
        "Other",
        None,
    ]


def test_columns_without_groups_keep_their_levels(columns, typed):
    frame = typed.transform(pd.DataFrame({"region": ["north", None]}))
    assert GroupedLevels(columns).transform(frame)["region"].tolist() == [
        "north",
        None,
    ]


def test_grouping_can_be_switched_off(columns, typed):
    frame = typed.transform(pd.DataFrame({"channel": ["web", "pigeon"]}))
    assert GroupedLevels(columns, enabled=False).transform(frame)[
        "channel"
    ].tolist() == ["web", "pigeon"]


def test_unmapped_levels_are_counted_whether_grouping_is_on_or_off(
    columns, typed
):
    frame = typed.transform(
        pd.DataFrame({"channel": ["web", "pigeon", "pigeon", "smoke", None]})
    )
    for enabled in (True, False):
        assert GroupedLevels(columns, enabled).fit(frame).unmapped_ == {
            "channel": {"pigeon": 2, "smoke": 1}
        }
