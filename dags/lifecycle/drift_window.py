"""Tasks that say which leads a drift analysis looks at, and unload them."""

from airflow.sdk import task

from lifecycle.analyses import with_outcomes
from lifecycle.defaults import API_CALL
from lifecycle.warehouse import statements

PLANNED = "{% set planned = ti.xcom_pull(task_ids='plan_window') %}"
CURRENT = (
    "{{ planned_sql('unload_window', planned, run_key(ti), 'since', 'until') }}"
)
MATURED = "{{ planned_sql('unload_matured', planned, run_key(ti), 'champion_since', 'matured_until') }}"


@task(**API_CALL)
def plan_window(series, run, run_after):
    """Plan which leads count as current or as matured, and how many current ones are to be expected.

    Those of further outcomes are planned under `outcomes`: each has a champion of its own.
    """
    from include.monitoring import window
    from lifecycle.names import Names

    plans = {}
    for outcome in Names().outcomes:
        names = Names(outcome)
        plans[outcome] = window.plan_window(
            names.settings,
            names.contract,
            names.statements,
            names.warehouse,
            series,
            run,
            run_after,
        )
    return with_outcomes(plans)


def unload_window():
    """Unload the leads that arrived in the window, and those whose outcome has become final, as Parquet."""
    return statements("unload_window", PLANNED + CURRENT, PLANNED + MATURED)
