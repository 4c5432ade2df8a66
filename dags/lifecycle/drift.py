"""Tasks that look for drift, and the branch that follows from what they find."""

import logging

from airflow.sdk import task

from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL, CHEAP_COMPUTE, DECISION
from lifecycle.warehouse import statements

SERIES = "{{ dag.dag_id }}__"
PLANNED = "{% set planned = ti.xcom_pull(task_ids='plan_window') %}"
CURRENT = "{{ sql('unload_window', run_id=run_key(ti), since=planned.since, until=planned.until) }}"
MATURED = "{{ sql('unload_matured', run_id=run_key(ti), since=planned.champion_since, until=planned.matured_until) }}"

log = logging.getLogger(__name__)


@task(**API_CALL)
def plan_window(series, run, run_after):
    """Which leads count as current or as matured, and how many current ones the weeks before lead one to expect."""
    from include.monitoring import window
    from lifecycle.names import Names

    names = Names()
    return window.plan_window(names.settings, names.contract, names.statements, names.warehouse, series, run, run_after)


def unload_window():
    """The leads that arrived in the window, and those whose outcome has become final, as Parquet."""
    return statements("unload_window", *(PLANNED + statement for statement in (CURRENT, MATURED)))


@task(**CHEAP_COMPUTE)
def analyse_drift(series, run, run_after, planned, params=None):
    """Compares current leads with the champion's training data, and the champion with itself; records the findings."""
    from datetime import datetime

    from include.monitoring import analysis
    from lifecycle.names import Names
    from lifecycle.reports import with_drift_page

    names = Names()
    layout = names.layout
    found = analysis.analyse_drift(
        names.settings,
        names.contract,
        names.statements,
        names.warehouse,
        run,
        layout.window(run),
        drift_share_threshold=params.get("drift_share_threshold"),
        checked_at=datetime.fromisoformat(run_after),
        matured_uri=layout.matured(run),
        expected_rows=planned["expected_rows"],
        series=series,
    )
    return with_drift_page(found)


def next_step(analysis, params):
    """The branch after an analysis: `retrain`, `data_outage` or `no_action`.

    Args:
        analysis: what `analyse_drift` returned; a drift that waits for confirmation changes nothing yet.
        params: the trigger form; `force_retrain` asks for a new model whatever the data says.
    """
    if params["force_retrain"] or analysis["verdict"] == "no_champion" or analysis["confirmed"]:
        return "retrain"
    return "data_outage" if analysis["verdict"] == "outage" else "no_action"


@task(**DECISION)
def no_action(analysis):
    """Says that nothing needs to be done, or that a drift waits for confirmation."""
    if analysis["verdict"] == "drift":
        log.warning("Drift (%s) not confirmed: %s. No action taken.", analysis["triggers"], analysis["confirmation"])
    else:
        log.info("No significant data drift detected. No action taken.")


@task(**DECISION, on_success_callback=[Notifier("data_outage", source="analyse_drift")])
def data_outage(analysis):
    """Names the columns whose feed looks broken and stops: a gap in the data is no reason to retrain."""
    log.warning("Data outage, no retraining. Look into the feed of: %s", ", ".join(analysis["outage_columns"]))


def found(verdict):
    """Condition of an alert: `analyse_drift` came to `verdict`."""

    def check(context):
        return context["ti"].xcom_pull(task_ids="analyse_drift")["verdict"] == verdict

    return check


ALERT_DRIFT = Notifier("drift_detected", source="analyse_drift", when=found("drift"))
ALERT_OUTAGE = Notifier("data_outage", source="analyse_drift", when=found("outage"))
