"""Pages about what a task has found, written by the task itself, and the links to them beside its result.

A result's keys `drift_page_url`, `gate_page_url`, `model_card_url` and `mlflow_run_url` are what operator links show on
the task's page and alerts carry (lead_ops). include/monitoring and include/training lie below include/reporting, so
the pages are asked for here.
"""


def with_drift_page(analysis):
    """What `analyse_drift` returned, with the readable page of the analysis; as it is where nothing was compared."""
    from include.reporting.drift_page import write_drift_page
    from lifecycle.names import Names

    if not analysis["report_uri"]:
        return analysis
    return analysis | _page("drift_page", write_drift_page(Names().settings, analysis["report_uri"]))


def with_gate_page(decision):
    """What the gate or a rollback decided about one model, with the page of its record.

    Args:
        decision: a dictionary whose `report_uri` is the record's; written again once a person has answered, the page
            shows the answer.
    """
    from include.promotion.decision_page import write_decision_page

    return decision | _page("gate_page", write_decision_page(decision["report_uri"]))


def with_model_card(version):
    """A registered version, with its model card and the address of its MLflow run.

    Args:
        version: a dictionary with at least model and version; written again after a decision, the card shows it.
    """
    from include.reporting.model_card import write_model_card
    from lifecycle.names import Names

    written = write_model_card(Names().layout, version["model"], version["version"])
    return version | _page("model_card", written.uri) | {"mlflow_run_url": written.run_url}


def with_pages(decision):
    """A decision that was carried out, or was not: its page and its model's card once more, with what became of it."""
    return with_model_card(with_gate_page(decision))


def _page(name, uri):
    from include.lake.web import browser_address
    from lifecycle.names import Names

    return {f"{name}_uri": uri, f"{name}_url": browser_address(Names().settings, uri)}
