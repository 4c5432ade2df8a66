"""### Score open leads

Runs when `ingest_leads` has updated the warehouse. Writes one row per open lead (no outcome yet) to the table of
scores: score 0-100, probability, prediction and tier, with the model version that gave it. Then the list of the lead
desk is unloaded and, once it is whole, published.

Before the first champion exists `score` and what follows are skipped.
Re-run: safe. The run's own rows are replaced in one transaction.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import Asset, chain, dag

from lifecycle.defaults import dag_defaults
from lifecycle.names import RUN, RUN_AFTER
from lifecycle.scoring import load_scores, publish_desk, score, unload_desk, unload_open_leads


@dag(
    schedule=[Asset("leads")],
    catchup=False,
    doc_md=__doc__,
    **dag_defaults(tags=["scoring"], dagrun_timeout=timedelta(hours=10)),
)
def score_leads():
    """Wires the batch scoring."""
    chain(unload_open_leads(), score(RUN, RUN_AFTER), load_scores(), unload_desk(), publish_desk(RUN, RUN_AFTER))


score_leads()
