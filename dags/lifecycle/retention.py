"""Tasks that erase leads when the time is over for which personal data is kept, and snapshots that nothing needs."""

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from lifecycle.defaults import CHEAP_COMPUTE, DECISION

UNUSED_DAYS = 30
"""A snapshot that is younger stays: its training, or the approval of what it trained, may not be over."""


@task(**DECISION)
def find_limit(run_after):
    """Return the moment before which an outcome must have come for its lead to be erased; skipped without a limit."""
    from datetime import datetime, timedelta

    from lifecycle.names import Names

    days = Names().settings.retention.personal_days
    if not days:
        raise AirflowSkipException("retention.personal_days is 0")
    limit = datetime.fromisoformat(run_after) - timedelta(days=days)
    return limit.isoformat()


@task(**CHEAP_COMPUTE)
def erase_leads(limit):
    """Erase the expired leads with their scores and feedback; return how many, and what stays."""
    from datetime import datetime

    from include.feedback.expiry import erase_expired
    from lifecycle.names import Names

    names = Names()
    moment = datetime.fromisoformat(limit)
    return erase_expired(names.statements, names.warehouse, moment)


@task(**CHEAP_COMPUTE)
def delete_snapshots(run_after):
    """Delete the training snapshots that no registered version names; return their folders."""
    from datetime import datetime, timedelta

    from include.promotion.unused_snapshots import delete_unused_snapshots
    from lifecycle.names import Names

    names = Names()
    before = datetime.fromisoformat(run_after) - timedelta(days=UNUSED_DAYS)
    deleted = []
    for view in names.contract.views:
        deleted += delete_unused_snapshots(names.settings, view, before)
    return deleted
