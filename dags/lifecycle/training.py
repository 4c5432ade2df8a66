"""Tasks that turn the warehouse's labelled leads into a registered challenger, one mapped task per family and stage."""

from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from lead_ops.notifications import ALERT, Notifier
from lifecycle.defaults import CHEAP_COMPUTE, COSTLY_COMPUTE, DECISION
from lifecycle.training_alert import training_details
from lifecycle.training_backend import planned_jobs
from lifecycle.training_form import FAMILIES

VOTES_SQL = "{{ sql('unload_votes', run_id=run_key(ti)) }}"
SNAPSHOT_SQL = "{{ sql('unload_snapshot', run_id=run_key(ti)) }}"


@task(**CHEAP_COMPUTE)
def write_manifest(run, sql):
    """Describe the unloaded snapshot (rows, hash, SQL, contract version) in its manifest; return its URI."""
    from include.training.data import snapshot
    from lifecycle.names import Names

    names = Names()
    return snapshot.write_manifest(names.settings, names.contract, run, sql)[
        "uri"
    ]


@task(**CHEAP_COMPUTE)
def eda_report(snapshot_uri, run):
    """Explore the snapshot (guide 11) in a page with pictures; return its URI, or None where it cannot be made."""
    from lifecycle.reports import eda_page

    return eda_page(snapshot_uri, run)


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
    parent_run_id = train.start_training(
        names.settings, names.contract, client, snapshot_uri, run
    )
    details = training_details(
        names,
        client,
        snapshot_uri,
        parent_run_id,
        params["scoring_stages"],
        ti.xcom_pull(task_ids="analyse_drift"),
    )
    ti.xcom_push(key=ALERT, value=details)
    return parent_run_id


@task(**DECISION)
def plan_training(params=None):
    """Return one job per family and stage of the trigger form; none where SageMaker trains them."""
    return planned_jobs(params, FAMILIES, "airflow")


@task(
    **COSTLY_COMPUTE,
    map_index_template="{{ task.op_kwargs.job.family }} {{ task.op_kwargs.job.stage }}",
)
def train_family(job, snapshot_uri, parent_run_id):
    """Search, fit and evaluate one family for one stage in an MLflow run of its own; return its metrics, or why not."""
    from include.registry.tracking import connect
    from include.training import train
    from lifecycle.names import Names

    names = Names()
    training = train.FamilyTraining(
        decisions=names.decisions,
        contract=names.contract,
        client=connect(names.settings.mlflow),
        snapshot_uri=snapshot_uri,
        family=job["family"],
        stage=job["stage"],
        parent_run_id=parent_run_id,
    )
    return train.try_family(training)


@task(**DECISION)
def chosen_stages(params=None):
    """Return the stages of the trigger form."""
    return params["scoring_stages"]


@task(**COSTLY_COMPUTE, on_success_callback=[Notifier("model_registered")])
def register_challenger(
    stage, snapshot_uri, results, parent_run_id, params=None, ti=None
):
    """Refit the stage's best family and register it under the alias `challenger`; where its model is refused, the next.

    Raises:
        AirflowFailException: the model of every family is refused; the same leads would give the same models again.
    """
    from include.registry.tracking import connect
    from include.training import challenger
    from include.training.errors import NoUsableFamilyError
    from lifecycle.names import Names, run_key
    from lifecycle.reports import with_model_card, with_refusal_page

    names = Names()
    try:
        registered = challenger.register_challenger(
            names.settings,
            names.contract,
            connect(names.settings.mlflow),
            snapshot_uri,
            list(results),
            stage,
            parent_run_id,
            params.get("primary_metric"),
        )
    except NoUsableFamilyError as error:
        details = {"stage": stage, "refused": error.refused}
        page = with_refusal_page(details, snapshot_uri, run_key(ti))
        ti.xcom_push(key=ALERT, value=page)
        raise AirflowFailException(str(error)) from error
    return with_model_card({**registered, "snapshot_uri": snapshot_uri})


@task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, **DECISION)
def registered_challengers(challengers):
    """Collect the challengers of the stages that have one: a stage that is refused does not stop the others."""
    return list(challengers)
