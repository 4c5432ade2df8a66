"""Tasks that bring the sales team's feedback from S3 into the warehouse and report how far reps and models agree."""

from airflow.sdk import task

from lifecycle.defaults import CHEAP_COMPUTE
from lifecycle.warehouse import statements


@task(**CHEAP_COMPUTE)
def collect_new(run):
    """Collect the feedback stored since the last run as Parquet, what is none in quarantine; return the counts."""
    from include.feedback import collect
    from lifecycle.names import Names

    names = Names()
    return collect.collect(names.layout, names.statements, names.warehouse, run)


def merge_feedback():
    """Merge the run's feedback by its id, with their scores' stages and their leads' outcomes, in one transaction."""
    return statements(
        "merge_feedback",
        "{{ sql('clear_feedback_staging') }}",
        "{{ sql('copy_feedback', run_id=run_key(ti)) }}",
        "{{ sql('merge_feedback') }}",
        "{{ sql('join_stages') }}",
        "{{ sql('join_outcomes') }}",
    )


@task(**CHEAP_COMPUTE)
def report_agreement(run, run_after, collected):
    """Report how far reps agree with each model version and with each other; return the figures."""
    from datetime import datetime

    from include.feedback import agreement_page
    from lifecycle.names import Names

    names = Names()
    reported_at = datetime.fromisoformat(run_after)
    return agreement_page.report_agreement(
        names.layout,
        names.statements,
        names.warehouse,
        run,
        collected,
        reported_at,
    )
