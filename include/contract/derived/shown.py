"""Derives from a contract what a person may see, choose from and fill in: the columns of the lead desk."""

from include.contract.model import Column, Contract, KnownAt


def filter_columns(contract: Contract) -> tuple[Column, ...]:
    """Return the nominal features known at capture that may be shown: what a list of leads is filtered by."""
    columns = form_columns(contract, KnownAt.CAPTURE)
    return tuple(column for column in columns if column.type == "category")


def form_columns(contract: Contract, known_at: KnownAt) -> tuple[Column, ...]:
    """Return the features that become known at that moment and may be shown, in the order of the contract."""
    return tuple(
        column
        for column in contract.features()
        if column.known_at is known_at and column.explain
    )
