import numpy as np
import pandas as pd
import pytest

from include.contract import load_contract
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.drift import detect_drift
from include.monitoring.columns.frames import (
    comparable_columns,
    compare_frames,
    monitored_columns,
)
from include.monitoring.columns.outage import find_outages

OCTILE_SHARES = {
    "defaults": [0.17, 0.31, 0.24, 0.31, 0.31, 0.52],
    "pinned": [0.17, 0.28, 0.24, 0.31, 0.24, 0.52],
}
"""Evidently's own thresholds know nothing of chance: it moves many levels of 1,155 rows by 0.1 and more."""


def report_of(reference, current, contract):
    comparison = compare_frames(
        reference,
        current,
        monitored_columns(reference, contract),
        drift_config().missing,
    )
    return detect_drift(comparison, drift_config())


def test_the_same_population_does_not_drift(contract, accounts_of):
    report = report_of(
        accounts_of(2000, seed=1), accounts_of(1500, seed=2), contract
    )
    assert report.drifted_columns == ()
    assert report.drifted_share == 0


def test_a_changed_number_and_a_changed_category_are_the_columns_that_drift(
    contract, accounts_of
):
    current = accounts_of(1500, seed=2)
    current["minutes"] *= 1.5
    current.loc[current.index % 3 == 0, "channel"] = "a new channel"
    report = report_of(accounts_of(2000, seed=1), current, contract)
    assert set(report.drifted_columns) == {"minutes", "channel"}
    assert report.drifted_share == pytest.approx(2 / 7)


def test_the_method_stays_pinned_below_a_thousand_rows_and_thresholds_never_fall(
    contract, accounts_of
):
    small, large = accounts_of(600, seed=1), accounts_of(1500, seed=1)
    pinned = [
        {
            (column.column, column.method)
            for column in report_of(frame, frame, contract).columns
        }
        for frame in (small, large)
    ]
    assert pinned[0] == pinned[1]
    thresholds = [
        [
            column.threshold
            for column in report_of(frame, frame, contract).columns
        ]
        for frame in (small, large)
    ]
    assert min(thresholds[0]) == min(thresholds[1]) == 0.1
    assert all(
        of_few >= of_many for of_few, of_many in zip(*thresholds, strict=True)
    ), "chance moves few rows further apart than many"


def test_evidently_itself_would_change_its_method_at_a_thousand_rows(
    contract, accounts_of
):
    def methods(rows):
        frame = accounts_of(rows, seed=1)
        columns = monitored_columns(frame, contract)
        return {
            c.method
            for c in detect_drift(
                compare_frames(frame, frame, columns, drift_config().missing),
                None,
            ).columns
        }

    assert methods(600) != methods(1500), (
        "Evidently's defaults no longer switch: drift.yaml may lose its reason"
    )


def test_a_column_that_is_empty_now_has_a_verdict_instead_of_an_error(
    contract, accounts
):
    current = accounts.assign(visits=np.nan, region=None)
    assert {"visits", "region"} <= set(
        report_of(accounts, current, contract).drifted_columns
    )


def test_the_page_and_the_figures_name_every_monitored_column(
    contract, accounts
):
    report = report_of(accounts, accounts, contract)
    assert (
        report.html().startswith("\n<!DOCTYPE html>")
        or "<html" in report.html()[:500]
    )
    assert all(
        f'"column": "{column.column}"' in report.json()
        for column in report.columns
    )
    assert len(report.columns) == 7


def test_the_page_is_drawn_once_it_is_asked_for(contract, accounts):
    report = report_of(accounts, accounts, contract)
    assert report.snapshot._widgets == []
    page = report.html()
    assert all(column.column in page for column in report.columns)
    assert report.snapshot._widgets != []


@pytest.mark.parametrize("thresholds", OCTILE_SHARES)
def test_the_octiles_of_the_real_file_drift_as_published(leads_csv, thresholds):
    config = drift_config() if thresholds == "pinned" else None
    contract = load_contract("x_education")
    leads = read_leads(leads_csv, contract)
    columns = [
        column
        for column in comparable_columns(contract)
        if leads[column.field].nunique(dropna=False) > 1
    ]
    octiles = np.array_split(np.arange(len(leads)), 8)
    reference = leads.iloc[np.concatenate(octiles[:2])]
    shares = [
        detect_drift(
            compare_frames(
                reference, leads.iloc[rows], columns, drift_config().missing
            ),
            config,
        ).drifted_share
        for rows in octiles[2:]
    ]
    assert len(columns) == 29
    assert [round(share, 2) for share in shares] == OCTILE_SHARES[thresholds]


def test_only_the_vendor_columns_of_the_real_file_are_outages_and_only_while_they_are(
    leads_csv,
):
    contract = load_contract("x_education")
    leads = read_leads(leads_csv, contract)
    octiles = np.array_split(np.arange(len(leads)), 8)
    reference = leads.iloc[np.concatenate(octiles[:2])]
    columns = monitored_columns(reference, contract)
    found = [
        find_outages(reference, leads.iloc[rows], columns, missing_jump=0.5)
        for rows in octiles[2:]
    ]
    assert [len(outages) for outages in found] == [4, 4, 4, 0, 0, 0]
    assert {outage.kind for outages in found for outage in outages} == {
        "missing"
    }
    assert all(
        outage.column.startswith("asymmetrique_")
        for outages in found
        for outage in outages
    )


def read_leads(path, contract):
    leads = pd.read_csv(path, dtype=str, keep_default_na=False)
    leads = leads.rename(
        columns={column.name: column.field for column in contract.columns}
    )
    leads = leads.mask(leads.isin(contract.null_tokens), None)
    for column in contract.columns:
        if column.numeric:
            leads[column.field] = pd.to_numeric(leads[column.field])
    return leads.sort_values(contract.clock, kind="stable").reset_index(
        drop=True
    )
