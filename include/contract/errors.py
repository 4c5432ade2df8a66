"""Errors of `include.contract`."""

from include.errors import LeadsError


class ContractError(LeadsError, ValueError):
    """A contract file that cannot be used; the message names file, column and key."""
