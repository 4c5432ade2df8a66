"""### Erase expired leads

Every night: leads whose outcome has been known for longer than the setting `retention.personal_days` are deleted from
the warehouse, with their scores and feedback. With 0, the default, nothing is erased and both tasks are skipped. What
stays, and why, is in the log and result of `erase_leads`.

`delete_snapshots` deletes the training snapshots that no registered version names and that are older than 30 days.

Re-run: safe. What is erased already is not there.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import DAG, chain

from lifecycle.contracts import contracts
from lifecycle.defaults import dag_defaults
from lifecycle.names import RUN_AFTER
from lifecycle.retention import delete_snapshots, erase_leads, find_limit

for contract in contracts():
    with DAG(
        schedule="53 1 * * *",
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "erase_expired_leads",
            contract,
            tags=["platform"],
            dagrun_timeout=timedelta(hours=8),
        ),
    ):
        limit = find_limit(RUN_AFTER)
        chain(limit, erase_leads(limit))
        delete_snapshots(RUN_AFTER)
