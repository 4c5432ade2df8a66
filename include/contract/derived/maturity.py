"""Say when the outcome of a lead is final."""

from include.contract.model import Contract

MICROSECONDS_A_SECOND = 1_000_000


def seconds_until_final(contract: Contract) -> int:
    """Return how many seconds after a lead's creation the outcome of a contract with sources is final.

    It is 0 where an outcome is final at once, and for a contract without sources: whoever writes its file decides which
    leads have an outcome.

    Args:
        contract: as the outcome sees it.
    """
    for outcome in contract.unify.get("outcomes", ()):
        if outcome["name"] == contract.label:
            return int(outcome["matures_after"] // MICROSECONDS_A_SECOND)
    return 0
