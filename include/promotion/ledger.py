"""The append-only table of everything that was decided and done about champions: who, when and why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

Act = Literal["decided", "approved", "rejected", "expired", "promoted", "kept", "rolled_back"]
COPIED = ("model", "stage", "version", "champion_version", "verdict", "rule", "mode")
REASON_BYTES = 4096


def enter(
    statements: Statements,
    warehouse: Warehouse,
    record: Mapping[str, Any],
    act: Act,
    actor: str,
    reason: str,
    happened_at: datetime,
) -> int:
    """Adds one row to `public.model_promotions`, unless the decision already has one for the act.

    Args:
        statements: renders the SQL files.
        warehouse: where the table is.
        record: of the decision; for a rollback without rule and mode.
        act: what was done.
        actor: who did it: a person's name, "gate" or the kind of run.
        reason: why, in words; cut to 4,096 bytes.
        happened_at: when.

    Returns:
        1, or 0 where the row was there before.

    Raises:
        WarehouseError: the statement failed.
    """
    entry = {
        "decision_id": record["decision_id"],
        "act": act,
        "actor": actor,
        **{name: record.get(name) for name in COPIED},
        "reason": reason.encode()[:REASON_BYTES].decode(errors="ignore"),
        "record_uri": record["report_uri"],
    }
    known = {name: value for name, value in entry.items() if value}
    sql = statements.render("insert_promotion", entry=list(entry), empty=entry.keys() - known, happened_at=happened_at)
    return warehouse.execute(sql, **known)
