"""### Data drift → retrain

The master DAG, every week: is the champion still trained on data like today's, and if not, is there a better model?

1. `analyse_drift` compares the leads since the champion with the champion's training data (Evidently, MLflow), its
   scores on them with those on its held-out leads, and its figures on final outcomes with those on its holdout.
2. `decide` takes one branch: `retrain` on confirmed drift of any of the three (or because the contract has changed
   since, or by force, or while there is no champion at all), `data_outage` when a feed looks broken (alert and stop),
   else `no_action`.
3. `retrain` trains the families and registers the best as challenger of its stage. A stage whose models are all
   refused fails alone, and is named in alert and page; the other stages go on.
4. `champion_challenger` is the gate: both models on the same untouched holdout; then `promote` or `keep_champion`, in
   `promotion_mode` approval after a person has answered `ask_approval` in Airflow.

Where the contract has several outcomes, each has a champion and an analysis of its own; step 3 trains the outcomes
whose analysis calls for it. An outage that the analysis of the main outcome finds stops all of them.

`watcher` fails the run if any task failed. Re-run: safe. Clear the failed task, or trigger the DAG again.
"""  # noqa: D415 - a Markdown heading

from copy import deepcopy
from datetime import timedelta

from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG, Param, chain

from lifecycle.contracts import asset, contracts
from lifecycle.defaults import DECISION, dag_defaults
from lifecycle.drift import (
    ALERT_DRIFT,
    SERIES,
    analyse_drift,
    data_outage,
    next_step,
    no_action,
)
from lifecycle.drift_window import plan_window, unload_window
from lifecycle.flow import join, watcher
from lifecycle.names import RUN, RUN_AFTER
from lifecycle.promotion import (
    champion_challenger,
)
from lifecycle.promotion_branches import decide_and_carry_out, mode_param
from lifecycle.training_backend import BACKEND_PARAM
from lifecycle.training_form import STAGES_PARAM
from lifecycle.training_group import train_challengers

PARAMS = {
    "drift_share_threshold": Param(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=1,
        description="Share of drifted columns, 0 to 1, that starts a retrain. Empty: the project's setting.",
    ),
    "force_retrain": Param(
        False,
        type="boolean",
        description="Retrain whatever the drift analysis finds.",
    ),
    "primary_metric": Param(
        "roc_auc",
        type="string",
        enum=["roc_auc", "pr_auc", "f1"],
        description="Metric by which a family wins, and by which the challenger must beat the champion on the holdout.",
    ),
    "promotion_mode": mode_param(),
    "scoring_stages": STAGES_PARAM,
    "training_backend": BACKEND_PARAM,
}


for contract in contracts():
    with DAG(
        schedule="29 4 * * 1",
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "data_drift_redshift_retrain",
            contract,
            tags=["master", "training", "monitoring"],
            dagrun_timeout=timedelta(hours=61),
        ),
    ) as dag:
        planned = plan_window(SERIES, RUN, RUN_AFTER)
        analysis = analyse_drift(SERIES, RUN, RUN_AFTER, planned)
        decide = BranchPythonOperator(
            task_id="decide",
            python_callable=next_step,
            op_kwargs={"analysis": analysis},
            on_success_callback=[ALERT_DRIFT],
            **DECISION,
        )
        retrain = train_challengers("retrain")
        comparisons = champion_challenger(retrain.challengers, RUN, analysis)
        end = join()

        chain(planned, unload_window(), analysis, decide)
        chain(decide, retrain.group)
        chain(decide, [no_action(analysis), data_outage(analysis)], end)
        decide_and_carry_out(comparisons, end, asset("champions", contract))
        chain([end, retrain.registration], watcher())
        # Last: Airflow copies the parameters that it finds into every task. `update`: an assignment checks each default
        # against JSON Schema in every DAG, and its schema too; a test does so once.
        dag.params.update(deepcopy(PARAMS))
