"""The readable page of one drift analysis, made from its summary.json; Evidently's own page has every picture."""

from collections.abc import Mapping
from typing import Any

from include.lake.objects import read_json, write_text
from include.lake.web import browser_address
from include.pages.render import render
from include.settings import Settings

SUMMARY, EVIDENTLY, PAGE = "summary.json", "drift.html", "summary.html"
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
"""What an analysis may leave out, because it was not judged."""


def write_drift_page(settings: Settings, report_uri: str) -> str:
    """Writes the page of an analysis into its report folder, over an earlier one.

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
    evidently = browser_address(settings, report_uri) if name == EVIDENTLY else None
    write_text(f"{folder}/{PAGE}", drift_page(details, evidently))
    return f"{folder}/{PAGE}"


def drift_page(details: Mapping[str, Any], evidently: str | None = None) -> str:
    """The page as HTML that needs no other file.

    Args:
        details: what the analysis found; verdict at least.
        evidently: address of Evidently's own page, None where no columns were compared.
    """
    found = ABSENT | dict(details)
    return render(
        __package__,
        "drift.html",
        found=found,
        headline=HEADLINES[found["verdict"]],
        columns=sorted(found["columns"], key=_distance, reverse=True),
        evidently=evidently,
    )


def _distance(column: Mapping[str, Any]) -> tuple[bool, float]:
    """Drifted columns first; among equals by how many thresholds the score is."""
    return column["drifted"], column["score"] / column["threshold"] if column["threshold"] else 0.0
