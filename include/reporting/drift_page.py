"""Write the readable page of a drift analysis from its summary.json; Evidently's own page has every picture."""

from collections.abc import Mapping
from typing import Any

from include.lake.objects import read_json, write_text
from include.lake.web import browser_address
from include.pages.render import render
from include.settings import Settings

SUMMARY = "summary.json"
EVIDENTLY = "drift.html"
PAGE = "summary.html"
HEADLINES = {
    "stable": "Stable: nothing needs to be done",
    "drift": "Drift: the leads, or the model's hold on them, have changed",
    "outage": "Outage: a feed looks broken, nothing is retrained on it",
}
ABSENT: dict[str, Any] = {
    "run_id": None,
    "champion_version": None,
    "triggers": [],
    "confirmation": "",
    "drifted_share": None,
    "drifted_columns": [],
    "outages": {},
    "reference_rows": None,
    "current_rows": None,
    "matured_rows": None,
    "columns": [],
    "sampled_rows": None,
    "judged_on_all_rows": [],
    "new_levels": {},
    "prediction": None,
    "performance": [],
    "not_judged": {},
}
"""Values of what an analysis may leave out, because it was not assessed."""


def write_drift_page(settings: Settings, report_uri: str) -> str:
    """Write the page of an analysis into its report folder, over an earlier one.

    Args:
        settings: where a browser finds S3.
        report_uri: any file of the folder; the analysis returns one.

    Returns:
        URI of the page.

    Raises:
        ObjectMissingError: the folder holds no summary.json.
    """
    folder, _, name = report_uri.rpartition("/")
    details: dict[str, Any] = read_json(f"{folder}/{SUMMARY}")
    evidently = None
    if name == EVIDENTLY:
        evidently = browser_address(settings, report_uri)
    page_uri = f"{folder}/{PAGE}"
    write_text(page_uri, drift_page(details, evidently))
    return page_uri


def drift_page(details: Mapping[str, Any], evidently: str | None = None) -> str:
    """Return the page as HTML that needs no other file.

    Args:
        details: summary of the analysis; verdict at least.
        evidently: address of Evidently's own page, None where no columns were compared.
    """
    summary = ABSENT | dict(details)
    columns = sorted(summary["columns"], key=_distance, reverse=True)
    return render(
        __package__,
        "drift.html",
        summary=summary,
        headline=HEADLINES[summary["verdict"]],
        columns=columns,
        evidently=evidently,
    )


def _distance(column: Mapping[str, Any]) -> tuple[bool, float]:
    """Rank drifted columns above the others; among equals by how many thresholds the score is."""
    thresholds = 0.0
    if column["threshold"]:
        thresholds = column["score"] / column["threshold"]
    return column["drifted"], thresholds
