"""### Score open leads

Runs when `ingest_leads` has updated the warehouse. Writes one row per open lead (no outcome yet) to the table of
scores: score 0-100, probability, prediction, tier and reasons, with the model version that gave it. The newest row of
each lead that is still open is its row in the view of current scores. Then the list of the lead desk is unloaded and,
once it is whole, published.

`choose_engine` counts the open leads: up to the setting `spark_scoring_threshold` `score` does the work itself, above
it a Glue Spark job writes the same rows with the champions that `pack_champions` hands it.

`check_aliases` sends an alert where somebody has moved the alias `champion` outside a promotion.

Where the contract has several outcomes, each of them has its own table of scores, and the desk shows all of them.
The Spark job scores the open leads of each of them.

Before the first champion exists scoring and what follows are skipped. `watcher` fails the run if any task failed.
Re-run: safe. The run's own rows are replaced in one transaction.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import DAG, chain

from lifecycle.champions import check_aliases
from lifecycle.contracts import asset, contracts
from lifecycle.defaults import dag_defaults
from lifecycle.flow import watcher
from lifecycle.names import RUN, RUN_AFTER
from lifecycle.scoring import (
    choose_engine,
    load_scores,
    pack_champions,
    publish_desk,
    score,
    score_with_spark,
    unload_desk,
    unload_open_leads,
)

for contract in contracts():
    with DAG(
        schedule=[asset("leads", contract)],
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "score_leads",
            contract,
            tags=["scoring"],
            dagrun_timeout=timedelta(hours=16),
        ),
    ):
        engine = choose_engine()
        load = load_scores()
        chain(unload_open_leads(), engine, score(RUN, RUN_AFTER), load)
        chain(engine, pack_champions(RUN), score_with_spark(), load)
        end = watcher()
        chain(load, unload_desk(), publish_desk(RUN, RUN_AFTER), end)
        chain(check_aliases(), end)
