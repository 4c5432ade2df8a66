"""Write the card of a registered model version: purpose, data, figures, segments, limits, approvals, on one page."""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from include.contract import Contract, KnownAt
from include.lake.layout import Layout
from include.lake.objects import write_text
from include.pages.render import ABSENT, figure, render
from include.registry.tracking import connect, tracking_errors
from include.reporting.card_facts import CardFacts, card_facts
from include.reporting.card_limits import known_limits

log = logging.getLogger(__name__)
PAGE = "model_card.html"
MOMENTS = {
    KnownAt.CAPTURE: "when the lead is captured",
    KnownAt.ENGAGEMENT: "once the lead has engaged with the site and its mails",
    KnownAt.CONTACT: "after the sales team has contacted the lead",
}
PICTURES = {
    "roc": "ROC curve on the holdout",
    "precision_recall": "precision and recall on the holdout",
    "calibration": "calibration on the holdout",
    "gain": "gain by share of leads called, on the holdout",
}


class WrittenCard(NamedTuple):
    """Say where a card lies: its own URI, and the address of the MLflow run that has it too."""

    uri: str
    run_url: str


@tracking_errors()
def write_model_card(layout: Layout, model: str, version: str) -> WrittenCard:
    """Write the card of a registered version, and log it to the version's MLflow run as model_card.html.

    Written again after a decision about the version, it shows that decision. What is gone by then (a snapshot, an
    artefact) is left out, and the limits say so.

    Returns:
        URI of the page, `reports/models/<model>/<version>.html`, and the address of the run.

    Raises:
        mlflow.exceptions.MlflowException: there is no such version.
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(layout.settings.mlflow)
    facts = card_facts(layout.settings, client, model, version)
    text = model_card(facts, layout.contract)
    uri = f"{layout.report('models', model)}{version}.html"
    write_text(uri, text)
    client.log_text(facts.run_id, text, PAGE)
    log.info("Model card of %s version %s: %s", model, version, uri)
    return WrittenCard(uri, facts.run_url)


def model_card(facts: CardFacts, contract: Contract) -> str:
    """Return the card as HTML that needs no other file."""
    return render(
        __package__,
        PAGE,
        card=facts,
        contract=contract,
        moment=MOMENTS[KnownAt(facts.stage)],
        figures=figure_rows(facts),
        pictures=PICTURES,
        limits=known_limits(facts, contract),
    )


def figure_rows(facts: CardFacts) -> list[dict[str, Any]]:
    """Return one row per figure: its name, and its value and interval on the holdout and on the newest leads."""
    holdout = facts.holdout or {"metrics": facts.metrics, "intervals": {}}
    newest = facts.newest or {}
    return [
        {
            "name": name,
            "holdout": holdout["metrics"][name],
            "newest": newest.get("metrics", {}).get(name),
            "holdout_interval": _interval(holdout, name),
            "newest_interval": _interval(newest, name),
        }
        for name in holdout["metrics"]
    ]


def _interval(report: Mapping[str, Any], name: str) -> str:
    """Format the interval of a figure; return a dash where the report has none."""
    interval = report.get("intervals", {}).get(name)
    if not interval:
        return ABSENT
    return " to ".join(figure(edge) for edge in interval)
