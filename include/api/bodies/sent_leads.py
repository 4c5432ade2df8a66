"""Hold what a body brought, and refuse more than one request may bring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.api.bodies.one_lead import LeadRequest
from include.api.errors import BodyTooLargeError


@dataclass(frozen=True)
class SentLeads:
    """Hold the leads of one body.

    Attributes:
        leads: name to value, as the caller wrote them.
        ignored: names of the body beside the leads that nothing depends on.
        blank_rows: rows of a CSV in which every cell is blank; they are no leads.
        request: for one lead by its events or its id, in place of leads.
    """

    leads: Sequence[Mapping[str, Any]]
    ignored: tuple[str, ...] = ()
    blank_rows: int = 0
    request: LeadRequest | None = None


def check_size(
    leads: Sequence[Mapping[str, Any]], max_leads: int, max_columns: int
) -> None:
    """Let pass what one request may bring. Raises BodyTooLargeError."""
    check_count(len(leads), max_leads)
    widest = max(len(lead) for lead in leads)
    check_columns(widest, max_columns)


def check_count(leads: int, max_leads: int) -> None:
    """Let pass so many leads. Raises BodyTooLargeError; who reads them one by one asks before each."""
    if leads > max_leads:
        raise BodyTooLargeError(
            f"{leads:,} leads or more, and one request may bring {max_leads:,}; POST /predict/batch takes more, as CSV"
        )


def check_columns(columns: int, max_columns: int) -> None:
    """Let pass a lead that is not too wide. Raises BodyTooLargeError."""
    if columns > max_columns:
        raise BodyTooLargeError(
            f"{columns:,} columns, and a lead may have {max_columns:,}; leave out what the contract has not"
        )
