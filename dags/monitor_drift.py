"""### Monitor drift

Every night: compares the leads that arrived since the champion (and since the last settled analysis of this DAG) with
the champion's training data, the champion's scores on them with those on its held-out leads, and how well it predicts
outcomes that have become final with its holdout figures. HTML and JSON go to MLflow and S3, one row per column to the
table of drift metrics. An alert is sent on drift, on a data outage, and where somebody has moved the alias `champion`
outside a promotion. Nothing is retrained: `data_drift_redshift_retrain` does that.

Re-run: safe. The run's own figures are replaced.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import DAG, chain

from lifecycle.champions import check_aliases
from lifecycle.contracts import contracts
from lifecycle.defaults import dag_defaults
from lifecycle.drift import (
    ALERT_DRIFT,
    ALERT_OUTAGE,
    SERIES,
    analyse_drift,
)
from lifecycle.drift_window import plan_window, unload_window
from lifecycle.names import RUN, RUN_AFTER

for contract in contracts():
    with DAG(
        schedule="43 3 * * *",
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "monitor_drift",
            contract,
            tags=["monitoring"],
            dagrun_timeout=timedelta(hours=8),
        ),
    ):
        planned = plan_window(SERIES, RUN, RUN_AFTER)
        analysis = analyse_drift.override(
            on_success_callback=[ALERT_DRIFT, ALERT_OUTAGE]
        )(SERIES, RUN, RUN_AFTER, planned)
        chain(planned, unload_window(), analysis)
        check_aliases()
