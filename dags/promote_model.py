"""### Promote a model, or roll back

By hand. With `version`: that version becomes the challenger of its stage; without, the present challenger is taken.
With `outcome` the model of that outcome is meant, else of the main one.
The gate judges it against the champion on the untouched holdout of its own snapshot, then `promote` or
`keep_champion`; in `promotion_mode` approval a person is asked in between. With `rollback` the previous champion
serves again in this one run, without a gate; with the setting `promotion.four_eyes` once a second person has agreed
(`ask_rollback`), else without a question. Every decision and act is a row of the table of
promotions and a record in `reports/gate/`.

`watcher` fails the run if any task failed. Re-run: safe. A run decides, or rolls back, once.
"""  # noqa: D415 - a Markdown heading

from copy import deepcopy
from datetime import timedelta

from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG, Param, chain

from lifecycle.by_hand import (
    next_action,
    nominate,
    rollback,
    rollback_question,
)
from lifecycle.contracts import asset, contracts
from lifecycle.defaults import DECISION, dag_defaults
from lifecycle.flow import join, watcher
from lifecycle.names import RUN
from lifecycle.promotion import (
    champion_challenger,
)
from lifecycle.promotion_branches import decide_and_carry_out, mode_param
from lifecycle.training_form import STAGES

PARAMS = {
    "stage": Param(
        "contact",
        type="string",
        enum=STAGES,
        description="Scoring stage whose model is meant.",
    ),
    "outcome": Param(
        None,
        type=["null", "string"],
        description="Outcome whose model is meant, as the contract calls it. Empty: the main one.",
    ),
    "version": Param(
        None,
        type=["null", "string"],
        pattern="^[0-9]+$",
        description="Number of the registered version to judge. Empty: the present challenger.",
    ),
    "promotion_mode": mode_param(),
    "rollback": Param(
        False,
        type="boolean",
        description="Put the previous champion back, without a gate.",
    ),
    "reason": Param(
        None,
        type=["null", "string"],
        description="Why it is rolled back, for the record.",
    ),
}


for contract in contracts():
    with DAG(
        schedule=None,
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "promote_model",
            contract,
            tags=["registry"],
            dagrun_timeout=timedelta(hours=32),
        ),
    ) as dag:
        choose_action = BranchPythonOperator(
            task_id="choose_action", python_callable=next_action, **DECISION
        )
        champions = asset("champions", contract)
        challenger = nominate()
        comparisons = champion_challenger(challenger, RUN)
        end = join()

        back = rollback.override(outlets=[champions])(RUN)
        chain(choose_action, *rollback_question(RUN), [back, end])
        chain(choose_action, back, end)
        chain(choose_action, challenger, comparisons)
        decide_and_carry_out(comparisons, end, champions)
        chain(end, watcher())
        # Last: Airflow copies the parameters that it finds into every task.
        dag.params.update(deepcopy(PARAMS))
