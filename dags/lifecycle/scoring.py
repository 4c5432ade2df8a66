"""Tasks that score the open leads with the champion."""

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from lifecycle.defaults import API_CALL, CHEAP_COMPUTE
from lifecycle.warehouse import statements


def unload_open_leads():
    """Leads without an outcome, as Parquet."""
    return statements("unload_open_leads", "{{ sql('unload_open_leads', run_id=run_key(ti)) }}")


@task(**CHEAP_COMPUTE)
def score(run, run_after):
    """Scores the open leads with the champion; skipped while there is no champion."""
    from datetime import datetime

    from include.serving import batch
    from include.serving.scorer import NoChampion
    from lifecycle.names import Names

    layout = Names().layout
    try:
        return batch.score_batch(layout.open_leads(run), layout.scores(run), run, datetime.fromisoformat(run_after))
    except NoChampion as error:
        raise AirflowSkipException(str(error)) from error


def load_scores():
    """This run's scores into the table of scores, over those of an earlier try, in one transaction."""
    return statements(
        "load_scores",
        "{{ sql('clear_scores', run_id=run_key(ti)) }}",
        "{{ sql('copy_scores', run_id=run_key(ti)) }}",
    )


def unload_desk():
    """The open leads with their newest score, the one before and what they are filtered by, for the lead desk."""
    return statements("unload_desk", "{{ sql('unload_desk', run_id=run_key(ti)) }}")


@task(**API_CALL)
def publish_desk(run, run_after):
    """Lets every lead desk show this run's list; returns how many leads it has."""
    from datetime import datetime

    from include.serving.desk import publish
    from lifecycle.names import Names

    return publish.publish(run, Names().layout, datetime.fromisoformat(run_after))
