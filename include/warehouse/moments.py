"""Writes the SQL condition that tells which of two rows of one lead is the older one."""

from collections.abc import Sequence


def is_older(row: str, other: str, moments: Sequence[str]) -> str:
    """Return the condition that one row was changed before another, as SQL.

    The first moment decides; where both rows have the same, or both have none, the next one does. No moment is before
    every other. Where all moments are the same the condition does not hold.

    Args:
        row: what stands before the name of a moment of the one row, such as `arrived.`.
        other: what stands before that of the other row.
        moments: names of the columns.
    """
    condition = ""
    for moment in reversed(moments):
        mine = row + moment
        its = other + moment
        before = f"{mine} < {its} OR ({mine} IS NULL AND {its} IS NOT NULL)"
        if condition:
            same = f"{mine} = {its} OR ({mine} IS NULL AND {its} IS NULL)"
            condition = f"{before} OR (({same}) AND ({condition}))"
        else:
            condition = before
    return condition
