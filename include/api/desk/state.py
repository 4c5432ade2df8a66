"""What the desk's pages share in one process: the contract, where things lie, and what was last read from S3."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from include.api.desk.listing import COLUMNS, Kept, Listing, read_listing
from include.contract import Column, Contract, load_contract
from include.contract.shown import filter_columns
from include.lake.layout import Layout
from include.lake.objects import read_json
from include.settings import settings


@dataclass(frozen=True)
class Desk:
    """The desk of one application.

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
    listing: Kept[Listing]
    agreement: Kept[dict[str, Any] | None]


def desk_of() -> Desk:
    """The desk of the settings' contract and bucket; nothing is read before a page asks for it."""
    contract = load_contract(settings().contract)
    layout, filters, seconds = Layout(settings(), contract), filter_columns(contract), settings().desk.seconds
    empty = Listing(pd.DataFrame(columns=[contract.key, *COLUMNS, *(column.field for column in filters)]), None)
    listing = Kept(lambda: read_listing(layout), empty, seconds)
    agreement: Kept[dict[str, Any] | None] = Kept(lambda: read_json(layout.agreement), None, seconds)
    return Desk(contract, layout, filters, listing, agreement)
