"""The task that looks whether MLflow's aliases are as promotions left them."""

from airflow.sdk import task

from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL

TASK = "check_aliases"


def any_refused(context):
    """Return the condition of the alert: an alias was moved by hand."""
    return bool(context["ti"].xcom_pull(task_ids=TASK))


@task(
    **API_CALL,
    task_id=TASK,
    on_success_callback=[Notifier("alias_refused", when=any_refused)],
)
def check_aliases():
    """Return the stages whose alias `champion` was moved outside a promotion and does not count; mostly none."""
    from include.scoring.stages import refused_aliases
    from lifecycle.names import Names

    names = Names()
    refused = []
    for view in names.contract.views:
        refused += refused_aliases(names.settings, view)
    return refused
