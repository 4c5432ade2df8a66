"""Tasks that score the open leads with the champions: in the task itself, or on Spark where there are many."""

import logging

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException

from lifecycle.defaults import API_CALL, CHEAP_COMPUTE, COSTLY_COMPUTE
from lifecycle.names import RUN, RUN_AFTER
from lifecycle.outcomes import outcomes_for_spark, score_further_outcomes
from lifecycle.warehouse import statements

log = logging.getLogger(__name__)


def unload_open_leads():
    """Unload the leads without an outcome, as Parquet; those of each outcome into a folder of their own."""
    return statements(
        "unload_open_leads",
        "{{ each_sql('unload_open_leads', run_id=run_key(ti)) }}",
    )


def choose_engine():
    """Choose the branch by the number of open leads: `score`, or `pack_champions` and then Spark."""
    return BranchPythonOperator(
        task_id="choose_engine", python_callable=next_scorer, **API_CALL
    )


def next_scorer():
    """Return `pack_champions` for more open leads than the setting `spark_scoring_threshold`, else `score`."""
    from lifecycle.names import Names

    names = Names()
    threshold = names.settings.scoring.spark_threshold
    rows = names.warehouse.query(names.statements.render("count_open_leads"))
    leads = rows[0]["leads"]
    log.info("%s open leads, Spark above %s", leads, threshold)
    return "pack_champions" if leads > threshold else "score"


@task(**CHEAP_COMPUTE)
def score(run, run_after):
    """Score the open leads with the champion; skipped while there is no champion."""
    from datetime import datetime

    from include.registry.errors import NoChampionError
    from include.scoring import batch
    from lifecycle.names import Names

    names = Names()
    layout = names.layout
    scored_at = datetime.fromisoformat(run_after)
    score_further_outcomes(run, scored_at)
    try:
        return batch.score_batch(
            names.settings,
            names.contract,
            layout.open_leads(run),
            layout.scores(run),
            run,
            scored_at,
        )
    except NoChampionError as error:
        raise AirflowSkipException(str(error)) from error


@task(**CHEAP_COMPUTE)
def pack_champions(run):
    """Put the champions where the Glue job fetches them, which cannot ask MLflow; skipped while there are none.

    `further` of the result says which outcomes beside the main one the job scores.
    """
    import json

    from include.endpoint.bundle import bundle
    from include.registry.errors import NoChampionError
    from lifecycle.names import Names

    names = Names()
    try:
        packed = bundle(
            names.settings, names.contract, names.layout.champions(run)
        )
    except NoChampionError as error:
        raise AirflowSkipException(str(error)) from error
    further = outcomes_for_spark(run, packed.get("outcomes", {}))
    return packed | {"further": json.dumps(further)}


def score_with_spark():
    """Write the rows that `score` would write, into the same folder, by a Spark job on Glue."""
    return GlueJobOperator(
        task_id="score_with_spark",
        job_name="{{ names.settings.glue.scoring_job }}",
        script_args={
            "--OPEN_URI": "{{ names.layout.open_leads(run_key(ti)) }}",
            "--CONTRACT_URI": "{{ names.layout.job_contract }}",
            "--CHAMPIONS_URI": "{{ names.layout.champions(run_key(ti)) }}",
            "--SCORES_URI": "{{ names.layout.scores(run_key(ti)) }}",
            "--RUN_ID": RUN,
            "--SCORED_AT": RUN_AFTER,
            "--FURTHER": "{{ ti.xcom_pull(task_ids='pack_champions')['further'] }}",
        },
        # Not deferrable: apache/airflow#59075 and apache/airflow#65011, as in lifecycle/ingestion.py. A second run
        # overwrites the first.
        deferrable=False,
        job_poll_interval=3,
        stop_job_run_on_kill=True,
        **COSTLY_COMPUTE,
    )


def load_scores():
    """Load this run's scores into the table of scores, over those of an earlier try, in one transaction."""
    return statements(
        "load_scores",
        "{{ each_sql('clear_scores', run_id=run_key(ti)) }}",
        "{{ each_sql('copy_scores', run_id=run_key(ti)) }}",
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )


def unload_desk():
    """Unload the open leads with their newest score, the one before and their filters, for the lead desk."""
    return statements(
        "unload_desk", "{{ sql('unload_desk', run_id=run_key(ti)) }}"
    )


@task(**API_CALL)
def publish_desk(run, run_after):
    """Let every lead desk show this run's list; return how many leads it has."""
    from datetime import datetime

    from include.api.desk import publish
    from lifecycle.names import Names

    return publish.publish(
        run, Names().layout, datetime.fromisoformat(run_after)
    )
