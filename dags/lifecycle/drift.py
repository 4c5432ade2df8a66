"""Tasks that look for drift, and the branch that follows from what they find."""

import logging

from airflow.sdk import task

from lead_ops.notifications import Notifier
from lifecycle.analyses import (
    analysis_of,
    by_outcome,
    calls_for_retrain,
    with_outcomes,
)
from lifecycle.defaults import CHEAP_COMPUTE, DECISION

SERIES = "{{ dag.dag_id }}__"
log = logging.getLogger(__name__)


@task(**CHEAP_COMPUTE)
def analyse_drift(series, run, run_after, planned, params=None):
    """Compare current leads with the champion's training data, and the champion with itself; record the findings."""
    from datetime import datetime

    from include.monitoring import analysis
    from lifecycle.names import Names
    from lifecycle.reports import with_drift_page

    analyses = {}
    for outcome in Names().outcomes:
        names = Names(outcome)
        layout = names.layout
        summary = analysis.analyse_drift(
            names.settings,
            names.contract,
            names.statements,
            names.warehouse,
            run,
            layout.window(run),
            drift_share_threshold=params.get("drift_share_threshold"),
            checked_at=datetime.fromisoformat(run_after),
            matured_uri=layout.matured(run),
            expected_rows=analysis_of(planned, outcome)["expected_rows"],
            series=series,
        )
        analyses[outcome] = with_drift_page(summary.model_dump(mode="json"))
    return with_outcomes(analyses)


def next_step(analysis, params):
    """Return the branch after an analysis: `retrain`, `data_outage` or `no_action`.

    Args:
        analysis: what `analyse_drift` returned; a drift that waits for confirmation changes nothing yet. Where one
            outcome calls for a new model, only its models are trained (lifecycle.analyses).
        params: the trigger form; `force_retrain` asks for a new model whatever the data says.
    """
    verdict = read_verdict(analysis)
    if params["force_retrain"] or verdict.calls_for_retrain:
        return "retrain"
    if verdict.verdict == "outage":
        return "data_outage"
    if any(map(calls_for_retrain, by_outcome(analysis).values())):
        return "retrain"
    return "no_action"


@task(**DECISION)
def no_action(analysis):
    """Say that nothing needs to be done, or that a drift waits for confirmation."""
    verdict = read_verdict(analysis)
    if verdict.verdict == "drift":
        triggers = ", ".join(verdict.triggers)
        log.warning(
            "Drift (%s) not confirmed: %s. No action taken.",
            triggers,
            verdict.confirmation,
        )
    else:
        log.info("No significant data drift detected. No action taken.")
    if analysis.get("spelling_rows"):
        log.warning(
            "Known levels are written differently in: %s. The drift page lists them.",
            ", ".join(analysis["spelling_rows"]),
        )


@task(
    **DECISION,
    on_success_callback=[Notifier("data_outage", source="analyse_drift")],
)
def data_outage(analysis):
    """Name the columns whose feed looks broken and stop: a gap in the data is no reason to retrain."""
    columns = ", ".join(analysis["outage_columns"])
    log.warning(
        "Data outage, no retraining. Look into the feed of: %s", columns
    )


def read_verdict(analysis):
    """Return the verdict in what `analyse_drift` returned; it was reached there, once."""
    from include.monitoring.verdict import DriftVerdict

    return DriftVerdict.model_validate(analysis)


def found(verdict):
    """Return the condition of an alert: `analyse_drift` came to `verdict` for any outcome."""

    def check(context):
        analysis = context["ti"].xcom_pull(task_ids="analyse_drift")
        analyses = by_outcome(analysis).values()
        return verdict in [each["verdict"] for each in analyses]

    return check


ALERT_DRIFT = Notifier(
    "drift_detected", source="analyse_drift", when=found("drift")
)
ALERT_OUTAGE = Notifier(
    "data_outage", source="analyse_drift", when=found("outage")
)
