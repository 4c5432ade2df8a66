"""Trains the families in Airflow's own workers or as SageMaker training jobs, one mapped task per job."""

from itertools import product

from airflow.sdk import Param, TriggerRule, task

from lifecycle.analyses import ANALYSIS, outcomes_to_train
from lifecycle.defaults import API_CALL, COSTLY_COMPUTE, DECISION
from lifecycle.outcomes import further_training, has_snapshot
from lifecycle.training_operator import SageMakerTrainingOperator

BACKEND_PARAM = Param(
    "airflow",
    type="string",
    enum=["airflow", "sagemaker"],
    description="Where the families are trained: in this environment's workers, or as one SageMaker job each.",
)


def planned_jobs(params, families, backend, outcomes=("",)):
    """Return one job per outcome, and family and stage of the trigger form, none unless the form asks for `backend`.

    A mapped task without anything to map over is skipped, so the form's choice decides which of the two ways runs.
    """
    if params["training_backend"] != backend:
        return []
    chosen = params.get("families", families)
    return [
        {"family": family, "stage": stage, "outcome": outcome}
        for outcome, stage, family in product(
            outcomes, params["scoring_stages"], chosen
        )
    ]


@task(**DECISION)
def plan_sagemaker_jobs(
    run, snapshot_uri, parent_run_id, families, params=None, ti=None
):
    """Return the request of one SageMaker training job per job that is planned; none unless the form asks for it."""
    from include.endpoint import training_job as sagemaker
    from include.registry.tracking import connect
    from lifecycle.names import Names

    outcomes = outcomes_to_train(ti.xcom_pull(task_ids=ANALYSIS), params)
    jobs = planned_jobs(params, families, "sagemaker", outcomes)
    trainings = {"": (snapshot_uri, parent_run_id)}
    requests = []
    for job in jobs:
        names = Names(job["outcome"])
        if names.outcome and not has_snapshot(names.outcome, run):
            continue
        if names.outcome not in trainings:
            client = connect(names.settings.mlflow)
            trainings[names.outcome] = further_training(names, client, run)
        request = sagemaker.training_job(
            names.settings,
            names.layout,
            run,
            *trainings[names.outcome],
            **job,
        )
        requests.append(request)
    return requests


def train_on_sagemaker(requests):
    """Run one SageMaker training job per request, with its log in the task's own."""
    return SageMakerTrainingOperator.partial(
        task_id="train_on_sagemaker",
        # Not deferrable: apache/airflow#66374, as in lifecycle/warehouse.py. With the log, because without it a
        # stopped job counts as a success. A retry's job gets a name of its own.
        deferrable=False,
        print_log=True,
        check_interval=10,
        map_index_template="{{ task.config.HyperParameters.family }} {{ task.config.HyperParameters.stage }}",
        **COSTLY_COMPUTE,
    ).expand(config=requests)


@task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, **API_CALL)
def family_results(trained, jobs):
    """Collect each family's result, from XCom or, after a SageMaker job, from S3."""
    from include.endpoint import training_job as sagemaker

    archives = [
        job["Training"]["ModelArtifacts"]["S3ModelArtifacts"] for job in jobs
    ]
    results_of_jobs = [sagemaker.read_result(archive) for archive in archives]
    return [*trained, *results_of_jobs]
