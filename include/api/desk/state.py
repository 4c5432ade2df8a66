"""Hold what the desk's pages share in one process: the contract, where objects lie, and what was last read from S3."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from include.api.desk.listing import COLUMNS, UNREADABLE, Listing, read_listing
from include.contract import Column, Contract
from include.contract.derived.shown import filter_columns, outcome_columns
from include.lake.layout import Layout
from include.lake.objects import read_json
from include.refresher import Refresher
from include.settings import DeskSettings


@dataclass(frozen=True)
class Desk:
    """Hold the desk of one application.

    Attributes:
        contract: what a lead is.
        layout: where everything lies in S3.
        filters: the columns that the list can be filtered by.
        listing: the open leads.
        agreement: the newest figures of `collect_feedback`; None before the first ones.
    """

    contract: Contract
    layout: Layout
    filters: tuple[Column, ...]
    listing: Refresher[Listing]
    agreement: Refresher[dict[str, Any] | None]


def desk_of(settings: DeskSettings, contract: Contract, layout: Layout) -> Desk:
    """Return the desk over a lake; nothing is read before a page asks for it."""
    filters = filter_columns(contract)
    fields = [column.field for column in filters]
    further = outcome_columns(contract)
    empty = Listing(
        pd.DataFrame(columns=[contract.key, *COLUMNS, *further, *fields]), None
    )
    listing = Refresher(
        "List of open leads",
        lambda: read_listing(layout),
        empty,
        settings.seconds,
        UNREADABLE,
    )
    agreement: Refresher[dict[str, Any] | None] = Refresher(
        "Agreement of reps and models",
        lambda: read_json(layout.agreement),
        None,
        settings.seconds,
        UNREADABLE,
    )
    return Desk(contract, layout, filters, listing, agreement)
