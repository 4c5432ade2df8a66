"""Erase leads whose outcome has been known for longer than personal data is kept."""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)

STAYS = (
    "snapshots in S3: drift and the gate read those of living versions, and a changed one would no longer be what a "
    "version learnt from",
    "models, which learnt from the leads",
    "files that runs leave in S3, old versions of objects, backups: by their own lifecycle rules",
)
"""What this does not erase, and why."""


def erase_expired(
    statements: Statements, warehouse: Warehouse, before: datetime
) -> dict[str, Any]:
    """Delete leads, with their scores and feedback, in one transaction; safe to repeat.

    A lead that has no outcome yet stays, however old it is. Feedback on leads that the warehouse does not have goes
    when it was stored before the same moment.

    Args:
        statements: renders the SQL files.
        warehouse: has the tables.
        before: leads whose outcome came before this moment are erased.

    Returns:
        leads: how many were erased.
        stays: what is not erased, and why.

    Raises:
        WarehouseError: a statement failed; nothing was deleted.
    """
    views = statements.contract.views
    names = []
    for view in views:
        names += [view.names.scores_table, view.names.feedback_table]
    names.append(statements.contract.names.table)
    schema = statements.settings.redshift.schema_name
    (row,) = warehouse.query(statements.render("count_expired", before=before))
    deletes = []
    for name in names:
        table = f"{schema}.{name}"
        deletes.append(
            statements.render("erase_expired", table=table, before=before)
        )
    for view in views:
        own = replace(statements, contract=view)
        deletes.append(own.render("erase_orphans", before=before))
    warehouse.transaction(deletes)
    log.info(
        "%s leads erased whose outcome came before %s", row["leads"], before
    )
    for line in STAYS:
        log.info("Stays: %s", line)
    return {
        "leads": row["leads"],
        "stays": list(STAYS),
    }
