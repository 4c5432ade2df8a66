"""What follows the gate: the branch by mode and verdict, the question to a person, promotion or not."""

from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import Param, chain

from lifecycle.approval import question
from lifecycle.defaults import DECISION
from lifecycle.four_eyes import mode_of
from lifecycle.promotion import keep_champion, promote


def mode_param():
    """Return `promotion_mode` of a trigger form; a new one for each DAG, because a run writes its own value into it."""
    return Param(
        "enabled",
        type="string",
        enum=["enabled", "approval", "dry_run", "disabled"],
        description="enabled: carry out the gate's verdict, but ask as approval does where promotion.four_eyes is on. "
        "approval: ask a person first, in Airflow; no answer within 24 hours keeps the champion. "
        "dry_run: record the verdict only. disabled: no gate, no promotion.",
    )


def next_promotion_step(comparisons, params, dag_run=None):
    """Return the branch after the gate: `promote`, `ask_approval`, or `keep_champion`.

    Args:
        comparisons: what `champion_challenger` returned; one stage that passed is enough.
        params: the trigger form.
        dag_run: with `promotion.four_eyes` a person is asked in mode enabled too, where a person started the run.
    """
    if all(comparison["verdict"] == "keep" for comparison in comparisons):
        return "keep_champion"
    return {"enabled": "promote", "approval": "ask_approval"}.get(
        mode_of(params, dag_run), "keep_champion"
    )


def decide_and_carry_out(comparisons, end, champions):
    """Wire what follows the gate: the branch by mode and verdict, the question to a person, promotion or not.

    Args:
        comparisons: of `champion_challenger`.
        champions: asset that a promotion updates.
        end: where the branches meet.
    """
    arguments = {"comparisons": comparisons}
    decide_promotion = BranchPythonOperator(
        task_id="decide_promotion",
        python_callable=next_promotion_step,
        op_kwargs=arguments,
        **DECISION,
    )
    promotion = promote.override(outlets=[champions])(comparisons)
    ends = [promotion, keep_champion(comparisons)]
    chain(decide_promotion, *question(comparisons), ends, end)
    chain(decide_promotion, ends)
