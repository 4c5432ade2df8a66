"""What an analysis leaves for the page about it."""

import pytest

from include.lake.objects import read_json
from include.monitoring.analysis import analyse_drift
from include.reporting.drift_page import write_drift_page
from include.settings import settings
from tests.s3_text import read_text


def test_the_summary_holds_every_monitored_column_and_the_page_shows_the_drifted_one_first(
    contract, crown, window, statements, warehouse, accounts_of
):
    crown(accounts_of(600, seed=1))
    current = accounts_of(400, seed=2)
    folder = window(current.assign(minutes=current["minutes"] * 3))
    report = analyse_drift(
        settings(), contract, statements, warehouse, "run-1", folder, 0.1
    ).report_uri
    columns = {
        row["column"]: row
        for row in read_json(report.replace("drift.html", "summary.json"))[
            "columns"
        ]
    }
    assert {
        "minutes",
        "visits",
        "channel",
        "region",
        "newsletter",
        "fit",
    } <= set(columns)
    assert columns["minutes"]["drifted"]
    assert columns["minutes"]["score"] > columns["minutes"]["threshold"]
    assert columns["region"]["missing_current"] == pytest.approx(0.2)
    text = read_text(write_drift_page(settings(), report))
    assert "Drift: " in text
    assert text.index("<td>minutes</td>") < text.index("<td>visits</td>")


def test_the_result_says_what_an_alert_needs_to_be_a_sentence(
    contract, crown, window, statements, warehouse, accounts_of
):
    crown(accounts_of(600, seed=1))
    current = accounts_of(400, seed=2)
    folder = window(current.assign(minutes=current["minutes"] * 3))
    summary = analyse_drift(
        settings(), contract, statements, warehouse, "run-1", folder, 0.1
    )
    assert summary.champion_version == "1"
    assert summary.compared_columns >= 6
    assert summary.column_labels["minutes"] == contract.column("minutes").label
    assert set(summary.column_labels) == set(summary.drifted_columns)
