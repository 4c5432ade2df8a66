"""Tasks that a person starts: the choice of a challenger, and the way back to the previous champion."""

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from lead_ops.notifications import Notifier
from lifecycle.defaults import API_CALL


def next_action(params):
    """Return the first branch of `promote_model`: `rollback` or `nominate`.

    Raises:
        AirflowFailException: a rollback was asked for in a mode that changes nothing.
    """
    if params["rollback"] and params["promotion_mode"] in (
        "dry_run",
        "disabled",
    ):
        raise AirflowFailException(
            "A rollback changes the champion; start it with promotion_mode enabled or approval."
        )
    return "rollback" if params["rollback"] else "nominate"


@task(**API_CALL)
def nominate(params=None):
    """Make the version of the trigger form the challenger, or keep the present one; return it in a list."""
    from include.promotion import nominate as nomination
    from lifecycle.names import Names

    names = Names(params.get("outcome") or "")
    challenger = nomination.nominate(
        names.settings, names.contract, params["stage"], params["version"]
    )
    return [challenger | {"outcome": names.outcome}]


@task(
    **API_CALL,
    on_success_callback=[Notifier("model_deployed")],
)
def rollback(run, params=None, dag_run=None, ti=None):
    """Make the previous champion of the stage the champion again, and record who asked for it and why."""
    from include.promotion import decisions
    from lifecycle.names import Names
    from lifecycle.records import actor, enter
    from lifecycle.reports import with_pages

    names = Names(params.get("outcome") or "")
    reason = params["reason"] or "no reason given"
    record = decisions.roll_back(
        names.settings,
        names.contract,
        run,
        params["stage"],
        reason,
        ti.start_date,
    )
    enter(
        record, "rolled_back", actor(dag_run), record.reasons[0], ti.start_date
    )
    return with_pages(record.as_json() | {"outcome": names.outcome})
