"""Tasks that look for drift, and the branch that follows from what they find."""

import logging

from airflow.sdk import task

from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL, CHEAP_COMPUTE, DECISION
from lifecycle.warehouse import statements

SERIES = "{{ dag.dag_id }}__"

log = logging.getLogger(__name__)


@task(**API_CALL)
def window_start(series, run, run_after):
    """Moment after which a lead counts as current: since the champion and since this DAG's last settled analysis."""
    from include.monitoring import window

    return window.window_start(series, run, run_after)


def unload_window():
    """Leads that arrived after `window_start`, as Parquet."""
    return statements(
        "unload_window",
        "{{ sql('unload_window', run_id=run_key(ti), since=ti.xcom_pull(task_ids='window_start')) }}",
    )


@task(**CHEAP_COMPUTE)
def analyse_drift(run, run_after, params=None):
    """Compares the current leads with the champion's training data; records HTML, JSON, metrics and rows."""
    from datetime import datetime

    from include.monitoring import analysis
    from lifecycle.names import Names

    return analysis.analyse_drift(
        run,
        Names().layout.window(run),
        drift_share_threshold=params.get("drift_share_threshold"),
        checked_at=datetime.fromisoformat(run_after),
    )


def next_step(analysis, params):
    """The branch after an analysis: `retrain`, `data_outage` or `no_action`.

    Args:
        analysis: what `analyse_drift` returned.
        params: the trigger form; `force_retrain` asks for a new model whatever the data says.
    """
    if params["force_retrain"] or analysis["verdict"] in ("no_champion", "drift"):
        return "retrain"
    return "data_outage" if analysis["verdict"] == "outage" else "no_action"


@task(**DECISION)
def no_action():
    """Says that nothing needs to be done."""
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
