"""Adds pages to the results of tasks: writes the page and puts its address beside the result.

A result's keys `drift_page_url`, `gate_page_url`, `model_card_url` and `mlflow_run_url` are what operator links show on
the task's page and alerts carry (lead_ops). include/monitoring and include/training lie below include/reporting, so
the pages are asked for here.
"""


def with_drift_page(analysis):
    """Add the readable page to what `analyse_drift` returned; leave it as it is where nothing was compared."""
    from include.reporting.drift_page import write_drift_page
    from lifecycle.names import Names

    if not analysis["report_uri"]:
        return analysis
    return analysis | _page(
        "drift_page", write_drift_page(Names().settings, analysis["report_uri"])
    )


def with_gate_page(decision):
    """Add the page of its record to what the gate or a rollback decided about one model.

    Args:
        decision: a dictionary whose `report_uri` is the record's; written again once a person has answered, the page
            shows the answer.
    """
    from include.promotion.decision_page import write_decision_page

    return decision | _page(
        "gate_page", write_decision_page(decision["report_uri"])
    )


def with_model_card(version):
    """Add its model card and the address of its MLflow run to a registered version.

    Args:
        version: a dictionary with at least model and version; written again after a decision, the card shows it.
    """
    from include.reporting.model_card import write_model_card
    from lifecycle.names import Names

    written = write_model_card(
        Names().layout, version["model"], version["version"]
    )
    return (
        version
        | _page("model_card", written.uri)
        | {"mlflow_run_url": written.run_url}
    )


def with_pages(decision):
    """Write a decision's page and its model's card again once it was carried out, or was not."""
    return with_model_card(with_gate_page(decision))


def _page(name, uri):
    """Return the page's URI and the address at which a browser finds it, under the keys that links look for."""
    from include.lake.web import browser_address
    from lifecycle.names import Names

    return {
        f"{name}_uri": uri,
        f"{name}_url": browser_address(Names().settings, uri),
    }
