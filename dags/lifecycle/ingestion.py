"""Tasks that bring raw CSV files from S3 into the warehouse."""

import logging

from airflow.exceptions import AirflowFailException
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk import task

from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL, COSTLY_COMPUTE, QUALITY_GATE, SENSOR
from lifecycle.file_sensor import PATTERN, LeadFilesSensor
from lifecycle.names import RUN, Names
from lifecycle.warehouse import statements

LONGEST_WAIT = 6 * 60 * 60
SOURCE = "{{ names.source(params.prefix, dag_run) }}"
log = logging.getLogger(__name__)


def wait_as_asked(context):
    """Take the sensor's timeout from the trigger form: an operator's `timeout` is not a template field."""
    sensor = context["task"]
    timeout = context["params"]["sensor_timeout"]
    sensor.timeout = float(timeout)
    sensor.poke_interval = min(sensor.poke_interval, sensor.timeout)
    log.info(
        "Waiting up to %s s for a file that matches %s",
        timeout,
        sensor.bucket_key,
    )


def wait_for_files():
    """Wait for at least one object below the source folder that the job reads, at any depth."""
    return LeadFilesSensor(
        task_id="wait_for_files",
        bucket_key=SOURCE + PATTERN,
        mode="reschedule",
        poke_interval=60,
        timeout=LONGEST_WAIT,
        pre_execute=wait_as_asked,
        execution_timeout=API_CALL["execution_timeout"],
        **SENSOR,
    )


def type_and_quarantine():
    """Run the Glue job: typed Parquet, quarantined rows and quality metrics, each below this run's own key."""
    return GlueJobOperator(
        task_id="type_and_quarantine",
        job_name="{{ names.settings.glue.job }}",
        script_args={
            "--SOURCE_URI": SOURCE,
            "--CONTRACT_URI": "{{ names.layout.job_contract }}",
            "--LOAD_ID": RUN,
            "--OUTPUT_URI": "{{ names.layout.load(run_key(ti)) }}",
            "--QUARANTINE_URI": "{{ names.layout.quarantine(run_key(ti)) }}",
            "--METRICS_URI": "{{ names.layout.load_metrics(run_key(ti)) }}",
            "--PUBLISHED_URI": "{{ names.layout.load_published(run_key(ti)) }}",
        },
        # Not deferrable: deferred runs are duplicated on retry (apache/airflow#59075) and clash in XCom
        # (apache/airflow#65011). A second run of the same load overwrites the first, so a retry is safe.
        deferrable=False,
        job_poll_interval=3,
        stop_job_run_on_kill=True,
        **COSTLY_COMPUTE,
    )


def any_source_problem(context):
    """Return the condition of the alert: a source is missing, late or refused."""
    report = context["ti"].xcom_pull(task_ids="quality_gate")
    return bool(report and report.get("source_problems"))


@task(
    **QUALITY_GATE,
    on_success_callback=[
        Notifier("sources_incomplete", when=any_source_problem)
    ],
)
def quality_gate(load_id):
    """Stop the run, naming the reason, when columns are missing, nothing was loaded or too much was quarantined.

    Of several sources that of the leads decides so; the others are named where they are missing, late or refused.
    Of a good load of several sources the scoring API may read the counts of rates from now on.
    """
    from include.lake.errors import LoadRejectedError
    from include.lake.objects import read_json
    from include.lake.quality import check_load
    from include.unify.published import publish

    names = Names()
    try:
        metrics = read_json(names.layout.load_metrics(load_id))
        report = check_load(metrics, names.decisions)
    except LoadRejectedError as error:
        raise AirflowFailException(
            f"{error} Rows: {names.layout.quarantine(load_id)}"
        ) from error
    if "unify" in metrics:
        publish(names.layout, load_id)
    return report


def merge_leads(leads):
    """Merge this load into the table of leads, and tell the consumers of the asset `leads` that it has changed.

    Staging is filled and merged in one transaction, because the runs of a backfill go side by side and share the table.
    Of several sources a lead that has become another one leaves the table, and an outcome that was withdrawn its lead.
    Leads that are new have arrived now, not when the run was due: what a backfill brings would else lie in windows that
    the drift analysis has left behind.
    """
    return statements(
        "merge_leads",
        "{{ sql('clear_staging') }}",
        "{{ sql('copy_load', load_id=run_key(ti)) }}",
        "{{ sql('remove_merged_leads') if names.contract.unify else '' }}",
        "{{ sql('remove_merged_rows') if names.contract.unify else '' }}",
        "{{ sql('merge_leads', ingested_at=ti.start_date) }}",
        outlets=[leads],
    )
