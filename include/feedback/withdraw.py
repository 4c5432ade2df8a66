"""Take back what a caller has said of scores: `python -m include.feedback.withdraw [CALLER --reason TEXT]`.

A caller is an API key by its name; `rep:NAME` is a rep of before callers were kept. Without a name the command lists
the callers. What a caller says afterwards counts again, so delete its key first.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from include.contract import load_contract
from include.feedback.errors import UnknownCallerError
from include.settings import settings
from include.warehouse.client import Warehouse
from include.warehouse.errors import WarehouseError
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)

LONGEST_REASON = 1000


def callers(
    statements: Statements, warehouse: Warehouse
) -> list[dict[str, Any]]:
    """Return caller, flags and reps of every caller whose words count, the loudest first. Raises WarehouseError."""
    return warehouse.query(statements.render("count_callers"))


def withdraw(
    statements: Statements,
    warehouse: Warehouse,
    caller: str,
    reason: str,
    withdrawn_at: datetime,
) -> int:
    """Make what a caller has said so far count nowhere: no vote, no agreement. The rows stay in the warehouse.

    Args:
        statements: renders the SQL files.
        warehouse: has the tables of feedback.
        caller: name of the API key.
        reason: kept beside the withdrawal.
        withdrawn_at: what is stored later counts.

    Returns:
        How many words counted before.

    Raises:
        UnknownCallerError: nobody of this name has said anything that counts; the message names who has.
        WarehouseError: a statement failed.
    """
    flags_by_caller = {
        row["caller"]: int(row["flags"])
        for row in callers(statements, warehouse)
    }
    if caller not in flags_by_caller:
        names = ", ".join(flags_by_caller) or "nobody"
        raise UnknownCallerError(
            f"nothing that counts was said by {caller!r}; callers are: {names}. "
            "What was said since the last collect_feedback is not in the warehouse yet: run that first"
        )
    sql = statements.render(
        "insert_feedback_withdrawal", withdrawn_at=withdrawn_at
    )
    warehouse.execute(sql, caller=caller, reason=reason[:LONGEST_REASON])
    log.info("Withdrew %d words of %s", flags_by_caller[caller], caller)
    return flags_by_caller[caller]


def withdraw_everywhere(
    outcomes: Sequence[Statements],
    warehouse: Warehouse,
    caller: str,
    reason: str,
    withdrawn_at: datetime,
) -> int:
    """Do as `withdraw` for each outcome of a contract, and return how many words counted before in all of them.

    Raises:
        UnknownCallerError: of no outcome has anybody of this name said anything that counts.
        WarehouseError: a statement failed.
    """
    words = 0
    unknown: UnknownCallerError | None = None
    for statements in outcomes:
        try:
            words += withdraw(
                statements, warehouse, caller, reason, withdrawn_at
            )
        except UnknownCallerError as error:
            unknown = unknown or error
    if not words and unknown is not None:
        raise unknown
    return words


def main(arguments: Sequence[str] | None = None) -> int:
    """Withdraw a caller's words or list the callers; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m include.feedback.withdraw",
        description="Take back what a caller has said of scores",
    )
    parser.add_argument("caller", nargs="?", help="name of an API key")
    parser.add_argument("--reason", default="none given")
    options = parser.parse_args(arguments)
    contract = load_contract(settings().contract)
    outcomes = [Statements(settings(), view) for view in contract.views]
    warehouse = Warehouse(settings())
    try:
        if options.caller is None:
            _list_callers(outcomes, warehouse)
            return 0
        words = withdraw_everywhere(
            outcomes,
            warehouse,
            options.caller,
            options.reason or "none given",
            datetime.now(UTC),
        )
    except (UnknownCallerError, WarehouseError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"{words} words of {options.caller} count no more: in agreement from the next collect_feedback on, in labels "
        "from the next training on\n"
    )
    return 0


def _list_callers(outcomes: Sequence[Statements], warehouse: Warehouse) -> None:
    for statements in outcomes:
        sys.stdout.write(f"{statements.contract.label}\nwords  reps  caller\n")
        for row in callers(statements, warehouse):
            sys.stdout.write(
                f"{row['flags']:>5}  {row['reps']:>4}  {row['caller']}\n"
            )


if __name__ == "__main__":
    sys.exit(main())
