"""### Promote a model, or roll back

By hand. With `version`: that version becomes the challenger of its stage; without, the present challenger is taken.
The gate judges it against the champion on the untouched holdout of its own snapshot, then `promote` or
`keep_champion`. With `rollback` the previous champion serves again, without a gate.

`watcher` fails the run if any task failed. Re-run: safe, except that a second rollback has nothing to go back to.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import Param, chain, dag

from lifecycle.defaults import DECISION, dag_defaults
from lifecycle.flow import join, watcher
from lifecycle.promotion import (
    champion_challenger,
    keep_champion,
    next_action,
    next_promotion_step,
    nominate,
    promote,
    rollback,
)
from lifecycle.training import STAGES

PARAMS = {
    "stage": Param("contact", type="string", enum=STAGES, description="Scoring stage whose model is meant."),
    "version": Param(
        None,
        type=["null", "string"],
        pattern="^[0-9]+$",
        description="Number of the registered version to judge. Empty: the present challenger.",
    ),
    "rollback": Param(False, type="boolean", description="Put the previous champion back, without a gate."),
}


@dag(
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    params=PARAMS,
    **dag_defaults(tags=["registry"], dagrun_timeout=timedelta(hours=8)),
)
def promote_model():
    """Wires the promotion by hand."""
    choose_action = BranchPythonOperator(task_id="choose_action", python_callable=next_action, **DECISION)
    challenger = nominate()
    comparisons = champion_challenger(challenger)
    decide_promotion = BranchPythonOperator(
        task_id="decide_promotion",
        python_callable=next_promotion_step,
        op_kwargs={"comparisons": comparisons},
        **DECISION,
    )
    end = join()

    chain(choose_action, rollback(), end)
    chain(choose_action, challenger, comparisons, decide_promotion)
    chain(decide_promotion, [promote(comparisons), keep_champion(comparisons)], end, watcher())


promote_model()
