"""### Erase expired leads

Every night: leads whose outcome has been known for longer than the setting `retention.personal_days` are deleted from
the warehouse, with their scores and feedback. With 0, the default, nothing is erased and both tasks are skipped. What
stays, and why, is in the log and result of `erase_leads`.

Re-run: safe. What is erased already is not there.
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import chain, dag

from lifecycle.defaults import dag_defaults
from lifecycle.names import RUN_AFTER
from lifecycle.retention import erase_leads, find_limit


@dag(
    schedule="53 1 * * *",
    catchup=False,
    doc_md=__doc__,
    **dag_defaults(tags=["platform"], dagrun_timeout=timedelta(hours=8)),
)
def erase_expired_leads():
    """Wire the limit and what it erases."""
    limit = find_limit(RUN_AFTER)
    chain(limit, erase_leads(limit))


erase_expired_leads()
