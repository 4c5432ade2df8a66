"""Synthetic leads: the shape, gaps and leakage of the real file, and nothing of its rows."""

import numpy as np
import pandas as pd
import pytest

from demo.leads.synthetic import synthetic_leads, write_synthetic
from include.contract import load_contract

ROWS = 9240
VENDOR = "Asymmetrique Activity Score"


@pytest.fixture(scope="module")
def leads():
    return synthetic_leads(ROWS, seed=5)


@pytest.fixture(scope="module")
def contract():
    return load_contract("x_education")


def test_columns_are_the_contracts_in_their_order(leads, contract):
    assert list(leads.columns) == [column.name for column in contract.columns]


def test_every_level_is_one_that_the_contract_knows(leads, contract):
    gaps = {"", *contract.null_tokens}
    for column in contract.columns:
        if column.allowed:
            assert set(leads[column.name]) - gaps <= set(column.allowed), (
                column.name
            )


def test_numbers_are_numbers_within_the_contracts_bounds(leads, contract):
    for column in contract.columns:
        if column.numeric:
            cells = leads[column.name]
            numbers = pd.to_numeric(cells[cells != ""])
            assert column.minimum is None or numbers.min() >= column.minimum, (
                column.name
            )
            assert column.maximum is None or numbers.max() <= column.maximum, (
                column.name
            )


def test_vendor_scores_fail_and_come_back_over_the_eight_periods(leads):
    missing = (leads[VENDOR] == "").groupby(np.arange(ROWS) * 8 // ROWS).mean()
    assert missing.tolist() == pytest.approx(
        [0.02, 0.20, 0.97, 0.95, 0.92, 0.58, 0, 0], abs=0.03
    )


def test_the_vendors_four_columns_are_missing_together(leads):
    columns = [
        VENDOR,
        "Asymmetrique Profile Score",
        "Asymmetrique Activity Index",
        "Asymmetrique Profile Index",
    ]
    missing = leads[columns] == ""
    assert (missing.all(axis=1) == missing.any(axis=1)).all()


def test_conversion_and_form_defaults_are_as_frequent_as_in_the_real_file(
    leads,
):
    assert (leads["Converted"] == "1").mean() == pytest.approx(0.385, abs=0.02)
    assert (leads["Specialization"] == "Select").mean() == pytest.approx(
        0.210, abs=0.02
    )
    assert (leads["Lead Quality"] == "").mean() == pytest.approx(
        0.516, abs=0.02
    )


def test_tags_leak_the_outcome_as_in_the_real_file(leads):
    converted = (leads["Converted"] == "1").groupby(leads["Tags"]).mean()
    assert converted["Will revert after reading the email"] > 0.93
    assert converted["Ringing"] < 0.07


def test_leads_from_the_chat_never_opened_a_page_unless_they_visited(leads):
    silent = leads[leads["TotalVisits"] == "0"]
    assert set(silent["Page Views Per Visit"]) == {"0"}
    assert (silent["Total Time Spent on Website"] == "0").mean() > 0.99


def test_ids_are_unique_and_the_clock_only_grows(leads):
    assert leads["Prospect ID"].is_unique
    assert leads["Lead Number"].astype(int).is_monotonic_increasing
    assert leads["Lead Number"].is_unique


def test_the_same_seed_gives_the_same_leads_and_another_gives_others():
    first, second, other = (
        synthetic_leads(300, 1),
        synthetic_leads(300, 1),
        synthetic_leads(300, 2),
    )
    assert first.equals(second)
    assert not set(first["Prospect ID"]) & set(other["Prospect ID"])


def test_the_file_reads_back_as_the_same_cells(tmp_path):
    path = tmp_path / "made" / "leads.csv"
    write_synthetic(path, rows=50, seed=1)
    assert path.read_bytes().count(b"\r\n") == 51
    assert pd.read_csv(path, dtype=str, keep_default_na=False).equals(
        synthetic_leads(50, 1)
    )
