"""Tasks that plan a training: which outcomes, stages and families."""

from itertools import product

from airflow.sdk import task

from lifecycle.analyses import ANALYSIS, outcomes_to_train
from lifecycle.defaults import DECISION
from lifecycle.training_backend import planned_jobs
from lifecycle.training_form import FAMILIES


@task(**DECISION)
def plan_training(params=None, ti=None):
    """Return one job per outcome, and family and stage of the trigger form; none where SageMaker trains them."""
    analysis = ti.xcom_pull(task_ids=ANALYSIS)
    outcomes = outcomes_to_train(analysis, params)
    return planned_jobs(params, FAMILIES, "airflow", outcomes)


@task(**DECISION)
def chosen_stages(params=None, ti=None):
    """Return the models that get a challenger, one per outcome and stage of the trigger form."""
    analysis = ti.xcom_pull(task_ids=ANALYSIS)
    outcomes = outcomes_to_train(analysis, params)
    pairs = product(outcomes, params["scoring_stages"])
    return [{"outcome": outcome, "stage": stage} for outcome, stage in pairs]
