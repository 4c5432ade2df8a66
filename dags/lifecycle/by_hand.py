"""Tasks that a person starts: the choice of a challenger, and the way back to the previous champion."""

from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from lead_ops.approval import RecordedApproval
from lead_ops.notifications import Notifier
from lifecycle.approval import ANSWER_WITHIN, act_of, reason_of
from lifecycle.defaults import API_CALL, DECISION
from lifecycle.four_eyes import asks_second_person, judged_answer
from lifecycle.promotion import BRANCHES_MEET

QUESTION = """
### Put the previous champion of stage {{ params.stage }} back
{%- if params.outcome %}, outcome {{ in_markdown(params.outcome) }}{% endif %}


Asked for by {{ in_markdown(dag_run.triggering_user_name or 'a run without a name') }}:
{{ in_markdown(params.reason or 'no reason given') }}.
"""


def next_action(params, dag_run=None):
    """Return the first branch of `promote_model`: `rollback`, `ask_rollback` or `nominate`.

    With `promotion.four_eyes` a rollback waits for a second person in every mode.

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
    if not params["rollback"]:
        return "nominate"
    return "ask_rollback" if asks_second_person(dag_run) else "rollback"


def rollback_question(run):
    """Return the tasks `ask_rollback` and `record_rollback_answer`, in order; the second is the branch by the answer.

    Args:
        run: name of the run in records.
    """
    ask_rollback = RecordedApproval(
        task_id="ask_rollback",
        subject="Roll the champion back? ({{ dag.dag_id }}, {{ run_id }})",
        body=QUESTION,
        defaults=RecordedApproval.REJECT,
        response_timeout=ANSWER_WITHIN,
        notifiers=[Notifier("rollback_asked")],
        **DECISION,
    )
    record_rollback_answer = BranchPythonOperator(
        task_id="record_rollback_answer",
        python_callable=next_step_after_rollback_answer,
        op_kwargs={"run": run, "answer": ask_rollback.output},
        **API_CALL,
    )
    return ask_rollback, record_rollback_answer


def next_step_after_rollback_answer(run, answer, params=None, dag_run=None):
    """Write the person's answer into the table of promotions, and return the branch after it: `rollback` or `join`."""
    from datetime import datetime

    from include.promotion import decisions
    from lifecycle.names import Names
    from lifecycle.records import enter

    names = Names(params.get("outcome") or "")
    approval = judged_answer(answer, dag_run)
    record = decisions.asked_rollback(
        names.contract,
        run,
        params["stage"],
        params["reason"] or "no reason given",
        datetime.fromisoformat(approval.asked_at),
    )
    enter(
        record,
        act_of(approval),
        approval.by or "nobody",
        reason_of(approval),
        datetime.fromisoformat(approval.answered_at),
    )
    return "rollback" if approval.approved else "join"


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
    **BRANCHES_MEET,
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
    answer = ti.xcom_pull(task_ids="ask_rollback")
    record = decisions.roll_back(
        names.settings,
        names.contract,
        run,
        params["stage"],
        reason,
        ti.start_date,
        approval=judged_answer(answer, dag_run) if answer else None,
    )
    enter(
        record, "rolled_back", actor(dag_run), record.reasons[0], ti.start_date
    )
    return with_pages(record.as_json() | {"outcome": names.outcome})
