"""Write the readable page of a drift analysis from its summary.json; Evidently's own page has every picture."""

from include.lake.objects import read_json, write_text
from include.lake.web import browser_address
from include.monitoring.summary import ColumnFigures, DriftDetails
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
CONTRACT_ONLY = "Contract changed: the champion was trained on other columns"


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
    details = DriftDetails.model_validate(read_json(f"{folder}/{SUMMARY}"))
    evidently = None
    if name == EVIDENTLY:
        evidently = browser_address(settings, report_uri)
    page_uri = f"{folder}/{PAGE}"
    write_text(page_uri, drift_page(details, evidently))
    return page_uri


def drift_page(details: DriftDetails, evidently: str | None = None) -> str:
    """Return the page as HTML that needs no other file.

    Args:
        details: what the analysis found.
        evidently: address of Evidently's own page, None where no columns were compared.
    """
    headline = HEADLINES[details.verdict]
    if details.triggers == ("contract",):
        headline = CONTRACT_ONLY
    columns = sorted(details.columns, key=_distance, reverse=True)
    return render(
        __package__,
        "drift.html",
        summary=details,
        headline=headline,
        columns=columns,
        evidently=evidently,
    )


def _distance(column: ColumnFigures) -> tuple[bool, float]:
    """Rank drifted columns above the others and those that moved by the calendar; among equals by score / threshold."""
    thresholds = 0.0
    if column.threshold:
        thresholds = column.score / column.threshold
    return column.drifted and not column.seasonal, thresholds
