"""The tables of the EDA report."""

import numpy as np
import pandas as pd
import pytest

from include.contract import load_contract
from include.reporting.eda_tables import count_tokens, profile
from include.training.errors import NotEnoughRowsError


def test_shape_and_balance_count_open_leads_apart(contract, accounts):
    accounts["won"] = accounts["won"].astype(float).mask(accounts.index < 100)
    found = profile(accounts, contract)
    assert (found.rows, found.labelled) == (600, 500)
    assert found.rate == pytest.approx(accounts["won"].mean())


def test_null_tokens_and_empty_cells_are_missing_wherever_they_stand(
    contract, accounts
):
    accounts["channel"] = ["web", " n/a ", "", None] * 150
    columns = profile(accounts, contract).columns.set_index("field")
    assert columns.loc["channel", "missing"] == 0.75
    assert columns.loc["channel", "levels"] == 1


def test_null_tokens_are_counted_by_column(contract):
    raw = pd.DataFrame(
        {"channel": ["n/a", "n/a ", "web"], "region": ["", None, "n/a"]}
    )
    counts = count_tokens(raw, contract)
    assert counts.loc["channel"].to_dict() == {"(empty)": 0, "n/a": 2}
    assert counts.loc["region"].to_dict() == {"(empty)": 2, "n/a": 1}


def test_every_contract_column_is_listed_with_its_use(contract, accounts):
    columns = profile(accounts, contract).columns.set_index("field")
    assert list(columns.index) == list(contract.fields)
    expected = {
        "account": "key",
        "won": "label",
        "number": "clock",
        "constant": "near-constant",
        "remark": "text",
    }
    assert columns.loc[list(expected), "use"].to_dict() == expected
    assert columns.loc["fit", ["use", "known at"]].tolist() == [
        "feature",
        "engagement",
    ]


def test_a_column_that_the_leads_do_not_have_is_all_missing(contract, accounts):
    found = profile(accounts.drop(columns="visits"), contract)
    assert found.columns.set_index("field").loc["visits", "missing"] == 1.0


def test_outliers_and_zeros_are_shares_of_the_leads_with_a_value(
    contract, accounts
):
    accounts["visits"] = [0.0] * 60 + [5.0, 6.0, 7.0] * 170 + [1000.0] * 30
    numbers = profile(accounts, contract).numbers.set_index("field")
    assert numbers.loc["visits", "zeros"] == pytest.approx(0.1)
    assert numbers.loc["visits", "outliers"] == pytest.approx(0.15)


def test_the_strongest_feature_and_its_levels_come_first(contract, accounts):
    found = profile(accounts, contract)
    assert found.indicators["field"].iloc[0] == "opinion"
    assert set(found.top_levels(2)["level"]) == {"hot", "cold"}
    assert found.top_levels()["leads"].min() >= 30


def test_correlations_are_between_numbers_ordinals_flags_and_the_label(
    contract, accounts
):
    accounts["minutes"] = accounts["minutes"].round()
    accounts["visits"] = 2 * accounts["minutes"]
    table = profile(accounts, contract).correlations
    assert set(table.columns) == {
        "visits",
        "minutes",
        "newsletter",
        "fit",
        "won",
    }
    assert table.loc["visits", "minutes"] == pytest.approx(1.0)


def test_twins_share_every_feature_whatever_their_keys(contract, accounts):
    accounts.iloc[1] = accounts.iloc[0]
    accounts.loc[1, ["account", "number", "remark"]] = ["new", 9999, "other"]
    assert profile(accounts, contract).twins == 2


@pytest.mark.parametrize("outcome", [0, None])
def test_one_outcome_only_or_none_leaves_the_rest_of_the_profile(
    contract, accounts, outcome
):
    found = profile(accounts.assign(won=outcome), contract)
    assert found.rows == 600
    assert found.indicators["AUC alone"].isna().all()
    assert len(found.numbers) == 2


def test_no_leads_at_all_is_an_error(contract, accounts):
    with pytest.raises(NotEnoughRowsError, match="no leads to describe"):
        profile(accounts.head(0), contract)


def test_real_leads_give_the_figures_of_the_guide(leads_csv):
    contract = load_contract("x_education")
    raw = pd.read_csv(leads_csv, dtype=str, keep_default_na=False)
    raw = raw.rename(
        columns={column.name: column.field for column in contract.columns}
    )
    found, tokens = profile(raw, contract), count_tokens(raw, contract)
    assert (found.rows, found.converted, found.twins) == (9240, 3561, 1489)
    asked = [
        "specialization",
        "how_did_you_hear_about_x_education",
        "lead_profile",
        "city",
    ]
    assert tokens.loc[asked, "Select"].tolist() == [1942, 5043, 4146, 2249]
    missing = found.columns.set_index("field")["missing"]
    assert missing["city"] == pytest.approx(0.3971, abs=1e-4)
    assert missing["lead_quality"] == pytest.approx(0.5159, abs=1e-4)
    strength = found.indicators.set_index("field")["AUC alone"]
    assert strength["tags"] == pytest.approx(0.918, abs=0.005)
    assert strength["total_time_spent_on_website"] == pytest.approx(
        0.760, abs=0.005
    )
    levels = found.top_levels()
    assert {"Lead Add Form", "SMS Sent"} <= set(levels["level"])
    assert np.isclose(
        found.correlations.loc["totalvisits", "page_views_per_visit"],
        0.51,
        atol=0.01,
    )
