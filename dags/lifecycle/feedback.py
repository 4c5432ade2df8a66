"""Tasks that bring the sales team's feedback from S3 into the warehouse and report how far reps and models agree."""

from airflow.sdk import task

from lifecycle.analyses import by_outcome, with_outcomes
from lifecycle.defaults import CHEAP_COMPUTE
from lifecycle.warehouse import statements


@task(**CHEAP_COMPUTE)
def collect_new(run):
    """Collect the feedback stored since the last run as Parquet, what is none in quarantine; return the counts.

    Those of further outcomes are under `outcomes`.
    """
    from include.feedback import collect
    from lifecycle.names import Names

    counts = {}
    for outcome in Names().outcomes:
        names = Names(outcome)
        counts[outcome] = collect.collect(
            names.layout, names.statements, names.warehouse, run
        )
    return with_outcomes(counts)


def merge_feedback():
    """Merge the run's feedback by its id, with their scores' stages and their leads' outcomes, in one transaction."""
    return statements(
        "merge_feedback",
        "{{ each_sql('clear_feedback_staging') }}",
        "{{ each_sql('copy_feedback', run_id=run_key(ti)) }}",
        "{{ each_sql('merge_feedback') }}",
        "{{ each_sql('join_stages') }}",
        "{{ each_sql('join_outcomes') }}",
    )


@task(**CHEAP_COMPUTE)
def report_agreement(run, run_after, collected):
    """Report how far reps agree with each model version and with each other; return the figures."""
    from datetime import datetime

    from include.feedback import agreement_page
    from lifecycle.names import Names

    reported_at = datetime.fromisoformat(run_after)
    counts = by_outcome(collected)
    reports = {}
    for outcome in Names().outcomes:
        names = Names(outcome)
        reports[outcome] = agreement_page.report_agreement(
            names.layout,
            names.statements,
            names.warehouse,
            run,
            counts[outcome],
            reported_at,
        )
    return with_outcomes(reports)
