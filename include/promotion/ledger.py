"""The append-only table of everything that was decided and done about champions: who, when and why.

Who is champion now, and with which files, stands in one object a model in S3 (include/registry/ledger.py), which the
scoring API can read without a warehouse.
"""

from datetime import datetime
from typing import Literal

from include.promotion.record import DecisionSummary
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

Act = Literal[
    "decided",
    "approved",
    "rejected",
    "expired",
    "promoted",
    "kept",
    "rolled_back",
]
COPIED = {
    "decision_id",
    "model",
    "stage",
    "version",
    "champion_version",
    "files_sha256",
    "verdict",
    "rule",
    "mode",
}
REASON_BYTES = 4096


def enter(
    statements: Statements,
    warehouse: Warehouse,
    record: DecisionSummary,
    act: Act,
    actor: str,
    reason: str,
    happened_at: datetime,
) -> int:
    """Add one row to `public.model_promotions`, unless the decision already has one for the act.

    Args:
        statements: renders the SQL files.
        warehouse: where the table is.
        record: what was decided; a rollback has no rule and no mode.
        act: what was done.
        actor: who did it: a person's name, "gate" or the kind of run.
        reason: why, in words; cut to 4,096 bytes.
        happened_at: when.

    Returns:
        1, or 0 where the row was there before.

    Raises:
        WarehouseError: the statement failed.
    """
    row = record.model_dump(include=COPIED) | {
        "act": act,
        "actor": actor,
        "reason": reason.encode()[:REASON_BYTES].decode(errors="ignore"),
        "record_uri": record.report_uri,
    }
    filled = {name: value for name, value in row.items() if value}
    empty = row.keys() - filled.keys()
    sql = statements.render(
        "insert_promotion",
        entry=list(row),
        empty=empty,
        happened_at=happened_at,
    )
    return warehouse.execute(sql, **filled)
