"""Say which columns models may be compared by, level by level."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.contract.model import Column

MOST_LEVELS = 50
"""A column with more known levels needs groups: few leads of the holdout would be left for each level."""


def check_segments(
    segments: Collection[str],
    columns: Collection["Column"],
    roles: Collection[str],
) -> None:
    """Refuse segments by which leads cannot be compared.

    Args:
        segments: fields.
        columns: of the contract.
        roles: fields of key, clock, outcomes and `changed_at`.

    Raises:
        ValueError: a field stands twice, is no column, or is one whose levels cannot be compared.
    """
    by_field = {column.field: column for column in columns}
    if len(segments) != len(set(segments)):
        raise ValueError("'segments' names a column twice")
    for field in segments:
        if field not in by_field:
            raise ValueError(
                f"'segments' names {field!r}, which is not a column; columns are {', '.join(by_field)}"
            )
        reason = _why_not(by_field[field], roles)
        if reason:
            raise ValueError(f"'segments' names {field!r}, {reason}")


def _why_not(column: "Column", roles: Collection[str]) -> str:
    """Return why leads cannot be compared by a column, empty where they can."""
    if column.field in roles:
        return "which is key, clock, outcome or changed_at; name a column that describes the lead"
    if column.known_at == "outcome":
        return "which is known only with the outcome, so no stage can compare by it"
    if column.type == "string":
        return "which is free text; write type: category if its levels repeat"
    if column.temporal:
        return "which is a date; the report compares by month where the clock has dates"
    if len(column.allowed) > MOST_LEVELS and not column.groups:
        return (
            f"which has {len(column.allowed)} levels, and {MOST_LEVELS} can be compared; write 'groups' for it, so "
            "that each has enough leads"
        )
    if len(column.order) > MOST_LEVELS:
        return f"which has {len(column.order)} levels, and {MOST_LEVELS} can be compared; take another column"
    return ""
