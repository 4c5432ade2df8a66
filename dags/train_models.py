"""### Train models

Trains a challenger by hand: snapshot of the labelled leads, one task per model family and scoring stage, the best
of each stage registered in MLflow under the alias `challenger`. Nothing is promoted: `promote_model` does that.
With `training_backend` sagemaker each family is trained as a SageMaker job, by the same code. Where the contract has
several outcomes, each of them has its own snapshot and challengers.

A stage whose models are all refused fails `register_challenger`; the other stages get their challenger, and `watcher`
fails the run.

Re-run: safe. The snapshot and the MLflow runs carry the run's id.
"""  # noqa: D415 - a Markdown heading

from copy import deepcopy
from datetime import timedelta

from airflow.sdk import DAG, chain

from lifecycle.contracts import contracts
from lifecycle.defaults import dag_defaults
from lifecycle.flow import watcher
from lifecycle.training_backend import BACKEND_PARAM
from lifecycle.training_form import FAMILIES_PARAM, STAGES_PARAM
from lifecycle.training_group import train_challengers

PARAMS = {
    "families": FAMILIES_PARAM,
    "scoring_stages": STAGES_PARAM,
    "training_backend": BACKEND_PARAM,
}


for contract in contracts():
    with DAG(
        schedule=None,
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "train_models",
            contract,
            tags=["training"],
            dagrun_timeout=timedelta(hours=17),
        ),
    ) as dag:
        training = train_challengers("train")
        chain([training.registration, training.challengers], watcher())
        # Last: Airflow copies the parameters that it finds into every task.
        dag.params.update(deepcopy(PARAMS))
