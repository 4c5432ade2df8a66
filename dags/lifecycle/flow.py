"""The ends of a branching graph: where branches meet, and what makes a run with a failed task fail."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from lifecycle.defaults import DECISION


def join():
    """Return the task where branches meet: no failure, and at least one branch was taken."""
    return EmptyOperator(
        task_id="join",
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        **DECISION,
    )


@task(
    trigger_rule=TriggerRule.ONE_FAILED,
    on_failure_callback=[],
    **{**DECISION, "retries": 0},
)
def watcher():
    """Fail when any task has failed, so that the run is never a success by its last task alone."""
    raise AirflowFailException(
        "A task of this run has failed; its own log says why."
    )
