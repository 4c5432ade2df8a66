"""Tasks that turn the warehouse's labelled leads into a registered challenger, one mapped task per family and stage."""

import logging

from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from lead_ops.notifications import ALERT, Notifier
from lifecycle.analyses import ANALYSIS, outcomes_to_train
from lifecycle.defaults import CHEAP_COMPUTE, COSTLY_COMPUTE, DECISION
from lifecycle.outcomes import (
    NO_SNAPSHOT,
    further_training,
    has_snapshot,
    may_wait,
    results_of,
    start_further_trainings,
)
from lifecycle.training_alert import training_details

log = logging.getLogger(__name__)


@task(
    **CHEAP_COMPUTE,
    # The snapshot must be there; a page about it must not stop a training, whatever happens to its task.
    trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
    on_success_callback=[Notifier("retraining_started", key=ALERT)],
)
def start_training(snapshot_uri, run, params=None, ti=None):
    """Open the MLflow run that the families' runs belong to; return its id, and leave what the alert says of it."""
    from include.registry.tracking import connect
    from include.training import train
    from lifecycle.names import Names

    names = Names()
    client = connect(names.settings.mlflow)
    analysis = ti.xcom_pull(task_ids=ANALYSIS)
    parent_run_id = train.start_training(
        names.settings, names.contract, client, snapshot_uri, run
    )
    details = training_details(
        names,
        client,
        snapshot_uri,
        parent_run_id,
        params["scoring_stages"],
        analysis,
    )
    outcomes = outcomes_to_train(analysis, params)
    start_further_trainings(client, run, outcomes)
    if "" not in outcomes:  # nothing will be logged to it
        client.set_terminated(parent_run_id)
    ti.xcom_push(key=ALERT, value=details)
    return parent_run_id


@task(
    **COSTLY_COMPUTE,
    map_index_template="{% set job = task.op_kwargs.job %}{{ job.family }} {{ job.stage }} {{ job.outcome }}",
)
def train_family(job, snapshot_uri, parent_run_id, ti=None):
    """Search, fit and evaluate one family for one stage in an MLflow run of its own; return its metrics, or why not."""
    from include.registry.tracking import connect
    from include.training import train
    from lifecycle.names import Names, run_key

    names = Names(job["outcome"])
    client = connect(names.settings.mlflow)
    if names.outcome:
        if not has_snapshot(names.outcome, run_key(ti)):
            return job | {"refused": NO_SNAPSHOT}
        snapshot_uri, parent_run_id = further_training(
            names, client, run_key(ti)
        )
    training = train.FamilyTraining(
        decisions=names.decisions,
        contract=names.contract,
        client=client,
        snapshot_uri=snapshot_uri,
        family=job["family"],
        stage=job["stage"],
        parent_run_id=parent_run_id,
    )
    return train.try_family(training)


def is_registered(context):
    """Return the condition of the alert: the task has registered a model."""
    ti = context["ti"]
    return bool(ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index))


@task(
    **COSTLY_COMPUTE,
    on_success_callback=[Notifier("model_registered", when=is_registered)],
)
def register_challenger(
    model, snapshot_uri, results, parent_run_id, params=None, ti=None
):
    """Refit the best family and register it under the alias `challenger`; where its model is refused, the next.

    `model` says of which outcome and stage. None is returned for a further outcome that cannot be trained yet.

    Raises:
        AirflowFailException: the model of every family is refused; the same leads would give the same models again.
    """
    from include.registry.tracking import connect
    from include.training import challenger
    from include.training.errors import NoUsableFamilyError
    from lifecycle.names import Names, run_key
    from lifecycle.reports import with_model_card, with_refusal_page

    names = Names(model["outcome"])
    stage = model["stage"]
    client = connect(names.settings.mlflow)
    if names.outcome:
        snapshot_uri, parent_run_id = further_training(
            names, client, run_key(ti)
        )
    try:
        registered = challenger.register_challenger(
            names.settings,
            names.contract,
            client,
            snapshot_uri,
            results_of(results, names.outcome),
            stage,
            parent_run_id,
            params.get("primary_metric"),
        )
    except NoUsableFamilyError as error:
        details = model | {"refused": error.refused}
        page = with_refusal_page(details, snapshot_uri, run_key(ti))
        if may_wait(names, stage, client):
            log.warning("Outcome %s waits: %s", names.outcome, error)
            return None
        ti.xcom_push(key=ALERT, value=page)
        raise AirflowFailException(str(error)) from error
    return with_model_card(
        {**registered, **model, "snapshot_uri": snapshot_uri}
    )


@task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, **DECISION)
def registered_challengers(challengers):
    """Collect the challengers of the stages that have one: a stage that is refused does not stop the others."""
    return [challenger for challenger in challengers if challenger]
