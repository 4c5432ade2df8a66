"""Adds pages to the results of tasks: writes the page and puts its address beside the result.

A result's keys `drift_page_url`, `gate_page_url`, `model_card_url` and `mlflow_run_url` are what operator links show on
the task's page; alerts carry them too, and `report_url`, the report behind the page (lead_ops). include/monitoring and
include/training lie below include/reporting, so the pages are asked for here.

A page only shows what a task has done. Where it cannot be made, the task's log says so, the result lists its name
under `missing_pages`, and the task goes on.
"""


def with_drift_page(analysis):
    """Add the readable page to what `analyse_drift` returned; leave it as it is where nothing was compared."""
    if not analysis["report_uri"]:
        return analysis
    return _with_page(
        analysis, "drift page", lambda: _drift_page(analysis["report_uri"])
    )


def with_gate_page(decision):
    """Add the page of its record to what the gate or a rollback decided about one model.

    Args:
        decision: a dictionary whose `report_uri` is the record's; written again once a person has answered, the page
            shows the answer.
    """
    return _with_page(
        decision, "gate page", lambda: _gate_page(decision["report_uri"])
    )


def with_model_card(version):
    """Add its model card and the address of its MLflow run to a registered version.

    Args:
        version: a dictionary with at least model and version, and `outcome` where it is not the main one; written again
            after a decision, the card shows it.
    """
    return _with_page(
        version,
        "model card",
        lambda: _model_card(version),
    )


def with_refusal_page(refusal, snapshot_uri, run):
    """Add the page that says why a training gives a stage no challenger.

    Args:
        refusal: a dictionary with stage, and refused: family to reason.
        snapshot_uri: folder of the training snapshot.
        run: names the page's folder.
    """
    return _with_page(
        refusal,
        "refusal page",
        lambda: _refusal_page(refusal, snapshot_uri, run),
    )


def with_pages(decision):
    """Write a decision's page and its model's card again once it was carried out, or was not."""
    return with_model_card(with_gate_page(decision))


def eda_page(snapshot_uri, run):
    """Write the page that explores a snapshot; return its URI, or None where it cannot be made."""
    from include.pages.optional import attempt

    return attempt("EDA page", lambda: _eda_page(snapshot_uri, run))


def _with_page(result, name, write):
    """Return the result with what `write` returns, or with the page's name among those that are missing."""
    from include.pages.optional import attempt

    # A page that an earlier task could not make may be there by now.
    missing = [page for page in result.get("missing_pages", ()) if page != name]
    addresses = attempt(name, write)
    if addresses is None:
        missing.append(name)
    complete = {
        key: value for key, value in result.items() if key != "missing_pages"
    }
    if missing:
        complete["missing_pages"] = missing
    return complete | (addresses or {})


def _drift_page(report_uri):
    from include.reporting.drift_page import write_drift_page
    from lifecycle.names import Names

    page_uri = write_drift_page(Names().settings, report_uri)
    return _page("drift_page", page_uri) | _report(report_uri)


def _gate_page(record_uri):
    from include.promotion.decision_page import write_decision_page

    page_uri = write_decision_page(record_uri)
    return _page("gate_page", page_uri) | _report(record_uri)


def _model_card(version):
    from include.reporting.model_card import write_model_card
    from lifecycle.names import Names

    layout = Names(version.get("outcome", "")).layout
    written = write_model_card(layout, version["model"], version["version"])
    addresses = _page("model_card", written.uri)
    return addresses | {"mlflow_run_url": written.run_url}


def _refusal_page(refusal, snapshot_uri, run):
    from include.reporting.refusal_page import write_refusal_page
    from lifecycle.names import Names

    layout = Names(refusal.get("outcome", "")).layout
    stage = refusal["stage"]
    refused = refusal["refused"]
    page_uri = write_refusal_page(layout, run, stage, refused, snapshot_uri)
    return _page("refusal_page", page_uri)


def _eda_page(snapshot_uri, run):
    from include.reporting.eda import write_eda
    from lifecycle.names import Names

    return write_eda(Names().layout, snapshot_uri, run)


def _page(name, uri):
    """Return the page's URI and the address at which a browser finds it, under the keys that links look for."""
    return {f"{name}_uri": uri, f"{name}_url": _address(uri)}


def _report(uri):
    """Return the address of the report from which a page was made."""
    return {"report_url": _address(uri)}


def _address(uri):
    from include.lake.web import browser_address
    from lifecycle.names import Names

    return browser_address(Names().settings, uri)
