"""The readable page of a drift analysis."""

import pytest

from include.lake.errors import ObjectMissingError
from include.lake.objects import write_json
from include.lake.web import browser_address
from include.monitoring.summary import DriftDetails
from include.reporting.drift_page import drift_page, write_drift_page
from include.settings import settings
from tests.s3_text import read_text


def shown(details):
    """The page of an analysis in JSON."""
    return drift_page(DriftDetails.model_validate(details))


def column(name, score, threshold, drifted, **more):
    shares = {"missing_reference": 0.1, "missing_current": 0.25}
    return {
        "column": name,
        "method": "m",
        "score": score,
        "threshold": threshold,
        "drifted": drifted,
        **shares,
        **more,
    }


DETAILS = {
    "verdict": "drift",
    "run_id": "monitor_drift__r1",
    "champion_version": "3",
    "drifted_share": 0.5,
    "drifted_columns": ["region", "minutes"],
    "outage_columns": [],
    "outages": {},
    "reference_rows": 2000,
    "current_rows": 1155,
    "columns": [
        column("visits", 0.05, 0.1, False),
        column("region", 0.2, 0.1, True),
        column("minutes", 0.5, 0.1, True),
        column("fit", 0.01, 0.1, False),
    ],
}
MODEL = {
    "triggers": ["data", "performance"],
    "confirmation": "1 of the newest 1 analyses drifted, 1 of 1 needed",
    "matured_rows": 640,
    "prediction": column("(prediction)", 0.3, 0.25, True),
    "performance": [
        {
            "name": "roc_auc",
            "holdout": 0.98,
            "current": 0.9,
            "loss": 0.08,
            "at_least": 0.05,
            "limit": 0.03,
            "drifted": True,
        }
    ],
    "not_judged": {},
}


def test_columns_are_sorted_by_how_far_they_lie_from_their_threshold():
    text = shown(DETAILS)
    places = [
        text.index(f"<td>{name}</td>")
        for name in ("minutes", "region", "visits", "fit")
    ]
    assert places == sorted(places)


def test_a_column_that_drifted_stands_before_one_with_a_higher_score_that_did_not():
    p_value = column(
        "newsletter", 0.001, 0.05, True
    )  # of a p-value less means drift
    text = shown(
        DETAILS | {"columns": [column("fit", 0.09, 0.1, False), p_value]}
    )
    assert text.index("<td>newsletter</td>") < text.index("<td>fit</td>")


def test_share_rows_and_missing_shares_are_shown():
    text = shown(DETAILS)
    for part in (
        "50.0% (2 of 4)",
        "1,155",
        "2,000 leads that champion version 3",
        "10.0%",
        "25.0%",
        "5.00",
    ):
        assert part in text


def test_what_the_champion_itself_shows_stands_beside_the_columns():
    text = " ".join(shown(DETAILS | MODEL).split())
    assert "data, performance" in text
    assert "1 of the newest 1 analyses drifted" in text
    assert "Its scores have moved: m 0.300, threshold 0.250" in text
    assert "On 640 leads whose outcome is final" in text
    assert (
        '<td class="number">+0.0500</td> <td class="number">0.0300</td>' in text
    )


def test_both_figures_stand_with_their_intervals_and_the_holdout_with_its_leads():
    (figure,) = MODEL["performance"]
    intervals = {
        "holdout_lower": 0.961,
        "holdout_upper": 0.992,
        "current_lower": 0.88,
        "current_upper": 0.918,
        "holdout_rows": 310,
        "holdout_positives": 118,
    }
    text = shown(DETAILS | MODEL | {"performance": [figure | intervals]})
    text = " ".join(text.split())
    assert "judged on 310 held-out leads, 118 of which converted" in text
    assert "0.9800<br>0.9610 to 0.9920" in text
    assert "0.9000<br>0.8800 to 0.9180" in text
    assert "held-out leads, 118" not in shown(DETAILS | MODEL)


def test_why_something_was_not_judged_is_said():
    text = shown(
        DETAILS
        | {"not_judged": {"performance": "not enough matured labels: 3 leads"}}
    )
    assert (
        "Not judged, performance: not enough matured labels: 3 leads." in text
    )


def test_a_changed_contract_is_named_with_its_columns():
    changed = {
        "verdict": "drift",
        "triggers": ["contract"],
        "columns_added": ["size"],
        "columns_removed": ["fit", "age"],
    }
    text = shown(changed)
    assert "Contract changed: the champion was trained on other columns" in text
    assert "<th>Columns added to the contract</th><td>size;" in text
    assert "<th>Columns removed from the contract</th><td>fit, age;" in text


def test_an_outage_names_its_columns_and_needs_no_compared_columns():
    outage = {
        "verdict": "outage",
        "outages": {"(rows)": "12 leads arrived where 900 were to be expected"},
    }
    text = shown(outage)
    assert "a feed looks broken" in text
    assert "12 leads arrived where 900" in text


def test_scores_of_a_sample_are_called_so_and_those_of_all_rows_are_not():
    large = DETAILS | {"sampled_rows": 1000, "judged_on_all_rows": ["region"]}
    text = shown(large)
    assert "Scores come from 1,000 values of a column at most" in text
    assert "judged again on all rows: region." in text
    assert "Scores come from" not in shown(large | {"sampled_rows": 2000})


def test_levels_never_seen_before_are_counted_and_shown_as_text():
    text = shown(DETAILS | {"new_levels": {"region": {"<b>west</b>": 31}}})
    assert "&lt;b&gt;west&lt;/b&gt; (31)" in text


def test_a_seasonal_column_moves_by_the_calendar_and_stands_below_the_drifted():
    month = column("month", 0.9, 0.1, True, seasonal=True)
    text = shown(DETAILS | {"columns": [month, *DETAILS["columns"]]})
    assert '<td class="good">moves by the calendar</td><td>month</td>' in text
    assert text.index("<td>region</td>") < text.index("<td>month</td>")
    assert "50.0% (2 of 4)" in text
    assert "marks as seasonal" in text
    assert "marks as seasonal" not in shown(DETAILS)


SPELLING = {
    "spelling": [
        {
            "column": "region",
            "level": "yes\u200b",
            "stands_for": "yes",
            "rows": 1412,
        },
        {
            "column": "channel",
            "level": "N/A",
            "stands_for": "missing",
            "rows": 31,
        },
    ],
    "spelling_not_listed": {"region": 4},
}


def test_levels_that_are_only_written_differently_are_listed():
    text = shown(DETAILS | SPELLING)
    assert "“yes\\u200b”" in text
    assert "1,412" in text
    assert "<td>“N/A”</td><td>an empty cell</td>" in text
    assert "<td>region</td><td>4 more</td>" in text


def test_without_another_spelling_nothing_is_said_of_it():
    assert "Spelling" not in shown(DETAILS)


def test_the_page_lies_beside_the_summary_and_leads_to_evidentlys(bucket):
    folder = f"s3://{bucket}/reports/drift/monitor_drift__r1/"
    write_json(folder + "summary.json", DETAILS)
    assert (
        write_drift_page(settings(), folder + "drift.html")
        == folder + "summary.html"
    )
    assert (
        f'href="{browser_address(settings(), folder + "drift.html")}"'
        in read_text(folder + "summary.html")
    )


def test_without_a_page_of_evidentlys_nothing_leads_to_it(bucket):
    folder = f"s3://{bucket}/reports/drift/monitor_drift__r1/"
    write_json(
        folder + "summary.json",
        {"verdict": "outage", "outages": {"(rows)": "none"}},
    )
    assert "href" not in read_text(
        write_drift_page(settings(), folder + "summary.json")
    )


def test_a_folder_without_an_analysis_is_named(bucket):
    with pytest.raises(ObjectMissingError, match="summary.json"):
        write_drift_page(
            settings(), f"s3://{bucket}/reports/drift/r1/drift.html"
        )
